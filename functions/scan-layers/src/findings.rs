//! From what is known of the packages to findings under the policy.

use std::collections::BTreeMap;

use advisories::{Distribution, Flaw, Index, Unjudged};
use inventory::{Base, BaseFault, Inventory, LayerRef, Note, Package};
use policy::Policy;
use verdict::{Advisory, Effect, Finding, Location, Rule};

use crate::rules;

/// How many packages one finding names.
const NAMED_MAX: usize = 10;

/// What the index knows of an image's packages.
pub(crate) fn of(
    inventory: &Inventory,
    base: Option<&Base>,
    index: &Index,
    policy: &Policy,
) -> Vec<Finding> {
    let distribution = Distribution::of(inventory.os_release.as_ref());
    let mut findings: Vec<Finding> =
        inventory.notes.iter().map(|note| unreadable(note, base, policy)).collect();
    let mut together: BTreeMap<(&str, String), Together<'_>> = BTreeMap::new();
    // What a distribution's package brought is judged with that package.
    for package in inventory.packages.iter().filter(|it| it.owned_by.is_none()) {
        let judged = index.judge(package, distribution.as_ref());
        let flaws = judged.flaws.into_iter();
        findings.extend(flaws.map(|flaw| vulnerable(package, base, flaw, policy)));
        for unjudged in judged.unjudged {
            match shared(&unjudged) {
                // One finding for a distribution, not one for each of its hundred packages.
                Some((rule, title)) => {
                    let entry = together.entry((rule.id, title));
                    entry.or_insert_with(|| Together::new(*rule)).packages.push(package);
                }
                None => findings.push(alone(package, base, &unjudged, policy)),
            }
        }
    }
    findings.extend(together.into_iter().map(|((_, title), it)| it.finding(title, policy)));
    findings.extend(bare_distribution(inventory, policy));
    findings
}

/// A distribution of which no package is listed: its database was taken away, or is one that nobody
/// reads here. What it installed is there all the same.
fn bare_distribution(inventory: &Inventory, policy: &Policy) -> Option<Finding> {
    let os_release = inventory.os_release.as_ref()?;
    let is_listed = inventory.packages.iter().any(|it| it.ecosystem.is_distribution());
    let name = format!("{} {}", os_release.id, os_release.version_id);
    let title = format!("the image is {}, and shows no package of it", name.trim_end());
    let detail =
        "no package database of it was read: what the distribution installed was not judged";
    let finding = Finding::new(&rules::UNKNOWN_DISTRIBUTION, title).detail(detail);
    (!is_listed).then(|| finding.effect(policy.vulnerabilities.not_judged))
}

/// A base image that is named and not believed. It changes nothing of what is judged.
pub(crate) fn doubtful_base(fault: &BaseFault) -> Finding {
    let rule = match fault {
        BaseFault::NotBelow(_) => &rules::FALSE_BASE,
        BaseFault::Elsewhere(_) | BaseFault::Digest(..) | BaseFault::Unread(..) => {
            &rules::BASE_NOT_READ
        }
    };
    Finding::could_not(rule, fault).effect(Effect::Note)
}

fn vulnerable(package: &Package, base: Option<&Base>, flaw: Flaw, policy: &Policy) -> Finding {
    let effect = policy.vulnerabilities.effect(flaw.severity, flaw.fixed.is_some());
    let name = &package.name;
    let title = format!("{name} {} has {}", package.version, flaw.id);
    let base = base.filter(|it| it.has(&package.layer));
    let remedy = match (&flaw.fixed, base) {
        (Some(fixed), None) => format!("upgrade {} to {fixed} or later", upgraded(package)),
        (Some(fixed), Some(base)) => format!(
            "it comes from the base image: build on a newer {} that has {} {fixed} or later, or upgrade it in a layer of your own",
            base.image.repository,
            upgraded(package)
        ),
        (None, _) => format!(
            "there is no fixed version yet: do without {name}, or waive {} in policy.yml until there is one",
            flaw.id
        ),
    };
    let mut finding = Finding::new(&rules::VULNERABLE_PACKAGE, title)
        .severity(flaw.severity)
        .effect(effect)
        .detail(flaw.summary)
        .remedy(remedy)
        .location(place(package, base));
    finding.package = Some(said(package, flaw.fixed));
    finding.advisory = Some(Advisory { id: flaw.id, aliases: flaw.aliases });
    finding
}

/// The fixed version is the source's; its binary packages are upgraded with it.
fn upgraded(package: &Package) -> String {
    match &package.source {
        Some(source) if source.name != package.name => {
            format!("{} (built from {})", package.name, source.name)
        }
        _ => package.name.clone(),
    }
}

fn alone(package: &Package, base: Option<&Base>, unjudged: &Unjudged, policy: &Policy) -> Finding {
    let title = format!("{} {} could not be judged", package.name, package.version);
    // The policy may let a version be that nobody can compare; a damaged index is no such version.
    let effect = match unjudged {
        Unjudged::Index(_) => policy.vulnerabilities.not_judged.max(Effect::Undecided),
        _ => policy.vulnerabilities.not_judged,
    };
    let mut finding = Finding::new(&rules::PACKAGE_NOT_JUDGED, title)
        .effect(effect)
        .detail(unjudged.to_string())
        .location(place(package, base));
    finding.package = Some(said(package, None));
    if let Unjudged::Advisory { advisory, .. } = unjudged {
        finding.advisory = Some(Advisory { id: advisory.clone(), aliases: Vec::new() });
    }
    finding
}

/// What many packages of an image share.
fn shared(unjudged: &Unjudged) -> Option<(&'static Rule, String)> {
    match unjudged {
        Unjudged::Distribution(unknown) => {
            Some((&rules::UNKNOWN_DISTRIBUTION, unknown.to_string()))
        }
        Unjudged::NoRecords(ecosystem) => {
            let title = format!("the advisory index has no records of {ecosystem}");
            Some((&rules::ADVISORIES_INCOMPLETE, title))
        }
        Unjudged::Version { .. } | Unjudged::Advisory { .. } | Unjudged::Index(_) => None,
    }
}

struct Together<'p> {
    rule: Rule,
    packages: Vec<&'p Package>,
}

impl Together<'_> {
    fn new(rule: Rule) -> Self {
        Self { rule, packages: Vec::new() }
    }

    fn finding(self, title: String, policy: &Policy) -> Finding {
        let named = self.packages.iter().take(NAMED_MAX).map(|it| it.name.as_str());
        let mut detail = named.collect::<Vec<_>>().join(", ");
        if self.packages.len() > NAMED_MAX {
            detail.push_str(&format!(" and {} more", self.packages.len() - NAMED_MAX));
        }
        let count = self.packages.len();
        Finding::new(&self.rule, title)
            .effect(policy.vulnerabilities.not_judged)
            .detail(format!("{count} packages not judged: {detail}"))
    }
}

fn unreadable(note: &Note, base: Option<&Base>, policy: &Policy) -> Finding {
    Finding::new(&rules::UNREADABLE_FILE, format!("/{} could not be read", note.path))
        .effect(policy.vulnerabilities.not_judged.max(Effect::Warn))
        .detail(note.reason.clone())
        .location(at(&note.path, &note.layer, base))
}

fn place(package: &Package, base: Option<&Base>) -> Location {
    at(&package.path, &package.layer, base)
}

fn at(path: &str, layer: &LayerRef, base: Option<&Base>) -> Location {
    Location {
        layer: Some(layer.index),
        layer_digest: Some(layer.digest),
        base: base.filter(|it| it.has(layer)).map(|it| it.image.clone()),
        path: Some(path.to_owned()),
        ..Location::default()
    }
}

fn said(package: &Package, fixed_version: Option<String>) -> verdict::Package {
    verdict::Package {
        purl: package.purl.clone(),
        name: package.name.clone(),
        version: package.version.clone(),
        fixed_version,
    }
}
