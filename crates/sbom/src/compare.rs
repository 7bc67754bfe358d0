//! A bill of materials beside an inventory: what each has that the other lacks.
//!
//! Packages are compared by type, name and version. A distribution's name, an architecture and
//! other qualifiers are left out: tools fill them differently for the same package.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use inventory::{Comparison, Inventory, OtherVersions, python_name};
use packageurl::PackageUrl;

use crate::read::Bill;

/// What a package is: its purl's type, and its name.
type Key = (String, String);

/// A package URL as it is written, by version.
type Versions<'p> = BTreeMap<String, &'p str>;

/// Compares. What is found of a kind that the bill does not speak of at all (a list of npm's
/// packages beside a Debian system) is none of its gaps, nor is what lies outside of `folder`: a
/// bill that is a file of the image may describe its own folder only. The empty one is the root.
pub fn compare(bill: &Bill, inventory: &Inventory, folder: &str) -> Comparison {
    let mut comparison = Comparison { unnamed: bill.unnamed, ..Comparison::default() };
    let mut listed: BTreeMap<Key, Versions<'_>> = BTreeMap::new();
    for purl in &bill.purls {
        match package(purl) {
            Named::Package(key, version) => {
                listed.entry(key).or_default().insert(version, purl);
            }
            Named::Elsewhere => {}
            Named::Unreadable => comparison.unnamed += 1,
        }
    }
    let kinds: BTreeSet<String> = listed.keys().map(|(kind, _)| kind.clone()).collect();
    let mut found: BTreeMap<Key, Versions<'_>> = BTreeMap::new();
    for it in &inventory.packages {
        let Named::Package(key, version) = package(&it.purl) else { continue };
        let is_spoken_of = kinds.contains(&key.0) && is_below(&it.path, folder);
        if is_spoken_of || listed.contains_key(&key) {
            found.entry(key).or_default().insert(version, &it.purl);
        }
    }
    let keys: BTreeSet<&Key> = listed.keys().chain(found.keys()).collect();
    let none = Versions::new();
    for key in keys {
        let (listed, found) = (listed.get(key).unwrap_or(&none), found.get(key).unwrap_or(&none));
        comparison_of(key, listed, found, &mut comparison);
    }
    comparison
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|it| it.starts_with('/'))
}

fn comparison_of(key: &Key, listed: &Versions<'_>, found: &Versions<'_>, into: &mut Comparison) {
    into.agreed += listed.keys().filter(|it| found.contains_key(*it)).count() as u64;
    let (only_listed, only_found) = (without(listed, found), without(found, listed));
    if !only_listed.is_empty() && !only_found.is_empty() {
        into.other_versions.push(OtherVersions {
            name: format!("{}/{}", key.0, key.1),
            listed: only_listed.into_keys().collect(),
            found: only_found.into_keys().collect(),
        });
        return;
    }
    into.only_listed.extend(only_listed.into_values().map(str::to_owned));
    into.only_found.extend(only_found.into_values().map(str::to_owned));
}

fn without<'p>(these: &Versions<'p>, those: &Versions<'_>) -> Versions<'p> {
    let left = these.iter().filter(|(version, _)| !those.contains_key(*version));
    left.map(|(version, purl)| (version.clone(), *purl)).collect()
}

/// What a package URL names.
enum Named {
    /// A package that may be in an image, and its version.
    Package(Key, String),
    /// Something that is in none: the image itself, or a place where sources came from.
    Elsewhere,
    /// Nothing.
    Unreadable,
}

fn package(purl: &str) -> Named {
    let Ok(purl) = PackageUrl::from_str(purl) else { return Named::Unreadable };
    let kind = purl.ty().to_lowercase();
    let qualifier = |key: &str| purl.qualifiers().get(key).map(AsRef::as_ref);
    let is_source = qualifier("download_url").is_some() || qualifier("vcs_url").is_some();
    let is_elsewhere =
        matches!(kind.as_str(), "oci" | "docker" | "github" | "gitlab" | "bitbucket" | "git")
            || (kind == "generic" && is_source);
    if is_elsewhere {
        return Named::Elsewhere;
    }
    let whole = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    let version = purl.version().unwrap_or_default().to_owned();
    let (name, version) = match kind.as_str() {
        // The namespace is the distribution, which derivatives and tools write differently.
        "apk" | "deb" | "rpm" => {
            let epoch = qualifier("epoch").filter(|it| *it != "0" && !version.contains(':'));
            let version = match epoch {
                Some(epoch) => format!("{epoch}:{version}"),
                None => version.strip_prefix("0:").unwrap_or(&version).to_owned(),
            };
            (purl.name().to_owned(), version)
        }
        "pypi" => (python_name(&whole), version),
        "npm" | "composer" | "nuget" => (whole.to_lowercase(), version),
        "golang" => {
            let plain = version.strip_prefix('v').or_else(|| version.strip_prefix("go"));
            (whole, plain.unwrap_or(&version).to_owned())
        }
        _ => (whole, version),
    };
    Named::Package((kind, name), version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(purl: &str) -> String {
        match package(purl) {
            Named::Package((kind, name), version) => format!("{kind} {name} {version}"),
            Named::Elsewhere => "elsewhere".to_owned(),
            Named::Unreadable => "unreadable".to_owned(),
        }
    }

    #[test]
    fn the_same_package_has_the_same_name_whoever_writes_it() {
        for (purl, expect) in [
            ("pkg:deb/debian/libssl3@1:2?arch=amd64&distro=debian-12", "deb libssl3 1:2"),
            ("pkg:deb/ubuntu/libssl3@2?epoch=1", "deb libssl3 1:2"),
            ("pkg:rpm/libssl3@1%3A2?epoch=1", "rpm libssl3 1:2"),
            ("pkg:rpm/fedora/a@0:2-1", "rpm a 2-1"),
            ("pkg:pypi/Zope_.Interface@1", "pypi zope-interface 1"),
            ("pkg:npm/%40s/a@1", "npm @s/a 1"),
            ("pkg:golang/github.com/a/b@v1.2.3", "golang github.com/a/b 1.2.3"),
            ("pkg:golang/stdlib@1.22", "golang stdlib 1.22"),
            ("pkg:oci/image@sha256%3Aabc", "elsewhere"),
            ("pkg:generic/a@1?download_url=https%3A%2F%2Fx", "elsewhere"),
            ("pkg:generic/node@1", "generic node 1"),
            ("cpe:2.3:a", "unreadable"),
            ("", "unreadable"),
        ] {
            assert_eq!(key(purl), expect, "{purl}");
        }
    }
}
