//! PHP's packages (getcomposer.org: composer.lock, runtime): what Composer installed,
//! `vendor/composer/installed.json`, and what it wrote down to install, `composer.lock`.

use std::fmt;
use std::io::Read;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::findings::{Findings, Found, PACKAGES_MAX, Trouble};
use super::json::{self, Licenses, Text};
use super::{Cataloger, FilePath, lock, split_last};
use crate::ecosystem::Ecosystem;

/// Reads what Composer installed, developers' packages too: they are there.
pub(super) struct Composer;

/// Reads what Composer wrote down to install, without `packages-dev`.
pub(super) struct ComposerLock;

impl Cataloger for Composer {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        file == b"installed.json" && split_last(folder).1 == b"composer"
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        list(json::read(content, "installed.json")?, findings)
    }
}

impl Cataloger for ComposerLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let is_outside = || lock::is_outside(path.split().0, &[b"vendor"]);
        lock::is_own(path, &[b"composer.lock"]) && is_outside()
    }

    fn is_lock(&self) -> bool {
        true
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        list(json::read(content, "composer.lock")?, findings)
    }
}

fn list(packages: Packages, findings: &mut Findings) -> Result<(), Trouble> {
    for package in packages.0 {
        let (Some(name), Some(version)) = (package.name.given(), package.version.given()) else {
            continue;
        };
        // A folder beside the project is the function itself.
        if package.dist.kind.0.as_deref() == Some("path") {
            continue;
        }
        let licenses = any_of(package.license.0);
        findings.package(Found { licenses, ..Found::new(Ecosystem::Composer, name, version) })?;
    }
    Ok(())
}

/// Several licences are a choice between them (getcomposer.org: the composer.json schema).
fn any_of(licenses: Vec<String>) -> Vec<String> {
    let is_word = |it: &String| !it.is_empty() && !it.contains(char::is_whitespace);
    match licenses.len() > 1 && licenses.iter().all(is_word) {
        true => vec![licenses.join(" OR ")],
        false => licenses,
    }
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    version: Text,
    #[serde(default)]
    license: Licenses,
    #[serde(default)]
    dist: Dist,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dist {
    #[serde(rename = "type")]
    kind: Text,
}

/// A list of packages, or an object that has it as `packages` (Composer 2).
struct Packages(Vec<Package>);

impl<'de> Deserialize<'de> for Packages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PackagesVisitor)
    }
}

struct PackagesVisitor;

impl<'de> Visitor<'de> for PackagesVisitor {
    type Value = Packages;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of packages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Packages, A::Error> {
        let mut packages = Vec::new();
        while let Some(package) = list.next_element()? {
            if packages.len() > PACKAGES_MAX {
                let limit = format_args!("past the limit file_packages_max = {PACKAGES_MAX}");
                return Err(serde::de::Error::custom(limit));
            }
            packages.push(package);
        }
        Ok(Packages(packages))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Packages, A::Error> {
        let mut packages = None;
        while let Some(Text(key)) = object.next_key()? {
            match key.as_deref() {
                Some("packages") => packages = Some(object.next_value()?),
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        packages.ok_or_else(|| serde::de::Error::missing_field("packages"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    const LOG: &str =
        r#"{"name":"psr/log","version":"1.1.4","license":["MIT"],"dist":{"type":"zip","x":[1]}}"#;

    #[test]
    fn both_forms_of_what_is_installed() {
        let path = "app/vendor/composer/installed.json";
        check(&Composer, path, format!("[{LOG}]"), &["psr/log 1.1.4 MIT"]);
        let text = format!(r#"{{"packages":[{LOG}],"dev":true,"dev-package-names":["psr/log"]}}"#);
        check(&Composer, path, text, &["psr/log 1.1.4 MIT"]);
        assert!(!Composer.wants(&FilePath::of(b"app/installed.json")));
    }

    #[test]
    fn a_lock_without_what_is_for_developers() {
        let own = r#"{"name":"acme/own","version":"dev-main","dist":{"type":"path","url":"own"}}"#;
        let text = format!(
            r#"{{"_readme":["x"],"packages":[{LOG},{own}],
            "packages-dev":[{{"name":"phpunit/phpunit","version":"9.5.0"}}]}}"#
        );
        check(&ComposerLock, "app/composer.lock", text, &["psr/log 1.1.4 MIT"]);
        assert!(!ComposerLock.wants(&FilePath::of(b"app/vendor/a/b/composer.lock")));
    }

    #[test]
    fn what_is_none_is_said() {
        for text in ["", "{}", "7", "[[]", "{\"packages\":[7]}", "{\"packages\":\"a\"}"] {
            let mut findings = Findings::default();
            let end = ComposerLock.read(b"composer.lock", &mut text.as_bytes(), &mut findings);
            assert!(end.is_err(), "{text}");
        }
    }
}
