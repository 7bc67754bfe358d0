//! Words that mean a licence of the SPDX list though they are not its identifier: other case,
//! Debian's and Fedora's short names, Python's classifiers. Only words that mean one licence are
//! here: `BSD` and `GPL` may be any of several, and stay as they are.

use ::spdx::identifiers::{EXCEPTIONS, LICENSES};

/// Names in full, in lower case.
const NAMES: &[(&str, &str)] = &[
    ("mit license", "MIT"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("mit license (mit)", "MIT"),
    ("apache 2.0", "Apache-2.0"),
    ("apache 2", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache-2.0 license", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("3-clause bsd license", "BSD-3-Clause"),
    ("2-clause bsd license", "BSD-2-Clause"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mozilla public license 2.0", "MPL-2.0"),
    ("mpl 2.0", "MPL-2.0"),
    ("isc license", "ISC"),
    ("isc license (iscl)", "ISC"),
    ("python software foundation license", "PSF-2.0"),
    ("the unlicense (unlicense)", "Unlicense"),
    ("zope public license", "ZPL-2.1"),
    ("gnu general public license v2 (gplv2)", "GPL-2.0-only"),
    ("gnu general public license v2 or later (gplv2+)", "GPL-2.0-or-later"),
    ("gnu general public license v3 (gplv3)", "GPL-3.0-only"),
    ("gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"),
    ("gnu lesser general public license v2 (lgplv2)", "LGPL-2.0-only"),
    ("gnu lesser general public license v2 or later (lgplv2+)", "LGPL-2.0-or-later"),
    ("gnu lesser general public license v3 (lgplv3)", "LGPL-3.0-only"),
    ("gnu lesser general public license v3 or later (lgplv3+)", "LGPL-3.0-or-later"),
    ("gnu affero general public license v3", "AGPL-3.0-only"),
    ("gnu affero general public license v3 or later (agplv3+)", "AGPL-3.0-or-later"),
];

/// Single words, in lower case.
const WORDS: &[(&str, &str)] = &[
    ("expat", "MIT"),
    ("apache-2", "Apache-2.0"),
    ("cc0", "CC0-1.0"),
    ("mplv1.1", "MPL-1.1"),
    ("mplv2.0", "MPL-2.0"),
];

/// What a name in full means.
pub(super) fn named(words: &str) -> Option<&'static str> {
    among(NAMES, words)
}

/// What a single word means: an identifier as the list writes it.
pub(super) fn word(word: &str) -> Option<String> {
    let (bare, plus) = match word.strip_suffix('+') {
        Some(bare) => (bare, "+"),
        None => (word, ""),
    };
    if let Some(gnu) = gnu(bare, !plus.is_empty()) {
        return Some(gnu);
    }
    if ::spdx::license_id(word).is_some() || ::spdx::exception_id(word).is_some() {
        return Some(word.to_owned());
    }
    let listed = || listed(bare).map(|it| format!("{it}{plus}"));
    let alias = || among(WORDS, word).map(str::to_owned);
    alias().or_else(listed)
}

fn among(pairs: &[(&str, &'static str)], words: &str) -> Option<&'static str> {
    pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(words)).map(|(_, it)| *it)
}

/// An identifier in another case.
fn listed(word: &str) -> Option<&'static str> {
    let licenses = LICENSES.iter().map(|it| it.name);
    let mut all = licenses.chain(EXCEPTIONS.iter().map(|it| it.name));
    all.find(|it| it.eq_ignore_ascii_case(word))
}

/// The GNU licences as Debian and Fedora shorten them: `GPL-2+`, `LGPLv2.1`. Identifiers of the
/// list that say neither `only` nor `or-later` are left as they are.
fn gnu(bare: &str, or_later: bool) -> Option<String> {
    let (family, rest) = ["LGPL", "AGPL", "GPL", "GFDL"]
        .iter()
        .find_map(|it| Some((*it, bare.strip_prefix(it)?)))?;
    let version = rest.strip_prefix('-').or_else(|| rest.strip_prefix('v'))?;
    let is_listed = !rest.starts_with('v') && version.contains('.');
    if is_listed && !or_later {
        return None;
    }
    let version = match version.len() {
        1 => format!("{version}.0"),
        _ => version.to_owned(),
    };
    let ending = if or_later { "or-later" } else { "only" };
    let id = format!("{family}-{version}-{ending}");
    ::spdx::license_id(&id).map(|_| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_meaning_is_of_the_list() {
        for (words, id) in NAMES.iter().chain(WORDS) {
            assert!(::spdx::license_id(id).is_some(), "{words}: {id}");
            assert_eq!(words.to_lowercase(), **words);
        }
    }

    #[test]
    fn words_of_debian_and_fedora_mean_one_licence() {
        for (text, id) in [
            ("mit", "MIT"),
            ("Expat", "MIT"),
            ("BSD-3-clause", "BSD-3-Clause"),
            ("GPL-2", "GPL-2.0-only"),
            ("GPL-2+", "GPL-2.0-or-later"),
            ("GPL-2.0", "GPL-2.0"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("LGPLv2.1", "LGPL-2.1-only"),
            ("LGPL-2.1+", "LGPL-2.1-or-later"),
            ("GFDL-1.3+", "GFDL-1.3-or-later"),
            ("AGPLv3+", "AGPL-3.0-or-later"),
            ("Classpath-exception-2.0", "Classpath-exception-2.0"),
        ] {
            assert_eq!(word(text).as_deref(), Some(id), "{text}");
        }
        for text in ["BSD", "GPL", "GPL+", "GPL-7+", "Artistic", "public-domain", "", "+"] {
            assert_eq!(word(text), None, "{text}");
        }
    }
}
