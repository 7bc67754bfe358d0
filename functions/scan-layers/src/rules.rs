//! The faults that this check finds.

use verdict::{Rule, Severity};

/// A package with a known flaw.
pub(crate) const VULNERABLE_PACKAGE: Rule = Rule {
    id: "vulnerable-package",
    title: "a package has a known flaw",
    severity: Severity::Unknown,
    remedy: "upgrade the package, or waive the advisory in policy.yml with a reason, an owner and an end",
};

/// A package that cannot be judged.
pub(crate) const PACKAGE_NOT_JUDGED: Rule = Rule {
    id: "package-not-judged",
    title: "a package could not be judged",
    severity: Severity::Medium,
    remedy: "see why in the detail; a package whose version nobody can compare is to be looked at by a person",
};

/// A distribution without advisories.
pub(crate) const UNKNOWN_DISTRIBUTION: Rule = Rule {
    id: "unknown-distribution",
    title: "the packages of the image's distribution could not be judged",
    severity: Severity::Medium,
    remedy: "build on a distribution that the advisory index covers, or add its records: `faas-validator advisories build --osv …`",
};

/// An index without records of an ecosystem.
pub(crate) const ADVISORIES_INCOMPLETE: Rule = Rule {
    id: "advisories-incomplete",
    title: "the advisory index has no records of an ecosystem that the image uses",
    severity: Severity::Medium,
    remedy: "build the index with that ecosystem's OSV records (`faas-validator advisories build --osv …`); of programs without a package manager, Conda, Maven, RubyGems, Packagist and NuGet none are read yet: have a person look, and say with `vulnerabilities.not-judged` what they do",
};

/// No index at all.
pub(crate) const ADVISORIES_MISSING: Rule = Rule {
    id: "advisories-missing",
    title: "there is no advisory index to judge by",
    severity: Severity::High,
    remedy: "build one with `faas-validator advisories build --osv PATH… --out FILE`, and name it (--advisories FILE, or the function's variable advisories_file)",
};

/// A file that would have shown packages.
pub(crate) const UNREADABLE_FILE: Rule = Rule {
    id: "unreadable-file",
    title: "a file that shows packages could not be read",
    severity: Severity::Medium,
    remedy: "mend or remove the file in the image; what it holds is not judged",
};

/// A base image that is not one.
pub(crate) const FALSE_BASE: Rule = Rule {
    id: "false-base",
    title: "the image is not built on the base image that is named",
    severity: Severity::Low,
    remedy: "build the image anew on that base image, or see who wrote its annotation org.opencontainers.image.base.digest; until then nothing is taken to come from a base image",
};

/// A base image that could not be looked at.
pub(crate) const BASE_NOT_READ: Rule = Rule {
    id: "base-not-read",
    title: "the base image that is named could not be looked at",
    severity: Severity::Low,
    remedy: "name the base image yourself: `--base NAME`, or `base` in a question; until then nothing is taken to come from a base image",
};

/// All of them.
pub const RULES: &[Rule] = &[
    VULNERABLE_PACKAGE,
    PACKAGE_NOT_JUDGED,
    UNKNOWN_DISTRIBUTION,
    ADVISORIES_INCOMPLETE,
    ADVISORIES_MISSING,
    UNREADABLE_FILE,
    FALSE_BASE,
    BASE_NOT_READ,
];
