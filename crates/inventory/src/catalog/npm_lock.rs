//! npm's lock files (docs.npmjs.com: package-lock.json): `package-lock.json` and
//! `npm-shrinkwrap.json`, versions 1, 2 and 3.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::findings::{Findings, Found, PACKAGES_MAX, Trouble};
use super::json::{self, Entries, Flag, Licenses, Text, Texts};
use super::{Cataloger, FilePath, lock};
use crate::ecosystem::Ecosystem;

/// Reads what npm wrote down to install: not the project itself nor its workspaces, and not what
/// only its developers need.
pub(super) struct NpmLock;

impl Cataloger for NpmLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        lock::is_own(path, &[b"package-lock.json", b"npm-shrinkwrap.json"])
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
        let lock: Lock = json::read(content, "package-lock.json")?;
        match (lock.packages, lock.dependencies) {
            // Version 2 says all twice: `dependencies` is for the npm of old.
            (Some(packages), _) => {
                let all = packages.0.into_iter();
                all.filter_map(|(place, it)| it.found(&place))
                    .try_for_each(|it| findings.package(it))
            }
            (None, Some(Dependencies(all))) => {
                all.into_iter().try_for_each(|it| findings.package(it))
            }
            // A project without dependencies; anything else is no lock file.
            (None, None) if lock.lockfile_version.is_some() => Ok(()),
            (None, None) => Err(Trouble::Malformed("is no package-lock.json".to_owned())),
        }
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "lockfileVersion")]
    lockfile_version: Option<IgnoredAny>,
    packages: Option<Entries<Entry>>,
    dependencies: Option<Dependencies>,
}

/// One of `packages`, whose key is its place.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    version: Text,
    #[serde(default)]
    license: Licenses,
    #[serde(default)]
    link: Flag,
    #[serde(default)]
    dev: Flag,
    #[serde(default)]
    os: Texts,
}

impl Entry {
    fn found(self, place: &str) -> Option<Found> {
        // A place outside of node_modules is the project or a workspace of it.
        let (_, folder) = format!("/{place}")
            .rsplit_once("/node_modules/")
            .map(|(above, it)| (above.to_owned(), it.to_owned()))?;
        if self.link.0 || self.dev.0 || !is_for_linux(&self.os.0) {
            return None;
        }
        // Where there is a name, the folder's is an alias.
        let name = self.name.given().unwrap_or(folder);
        let found = Found::new(Ecosystem::Npm, name, self.version.given()?);
        Some(Found { licenses: self.license.0, ..found })
    }
}

/// Whether it is installed on Linux (package.json(5), `os`).
pub(super) fn is_for_linux(os: &[String]) -> bool {
    let refused = os.iter().any(|it| it == "!linux");
    let named = os.iter().filter(|it| !it.starts_with('!'));
    !refused && (named.clone().count() == 0 || named.into_iter().any(|it| it == "linux"))
}

/// The packages of version 1: a tree, whose entries may hold entries.
struct Dependencies(Vec<Found>);

impl<'de> Deserialize<'de> for Dependencies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut all = Vec::new();
        Branch(&mut all).deserialize(deserializer)?;
        Ok(Self(all))
    }
}

/// A level of the tree: from names to entries.
struct Branch<'f>(&'f mut Vec<Found>);

/// An entry of this name, and what is below it.
struct Leaf<'f> {
    name: String,
    all: &'f mut Vec<Found>,
}

impl<'de> DeserializeSeed<'de> for Branch<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Branch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dependencies by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(name) = object.next_key()? {
            object.next_value_seed(Leaf { name, all: self.0 })?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Leaf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Leaf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dependency")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let (mut version, mut is_dev) = (None, false);
        while let Some(Text(key)) = object.next_key()? {
            match key.as_deref() {
                Some("version") => version = object.next_value::<Text>()?.given(),
                Some("dev") => is_dev = object.next_value::<Flag>()?.0,
                Some("dependencies") => object.next_value_seed(Branch(self.all))?,
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        // A version `file:` is a part of the project itself.
        let Some(version) = version.filter(|it| !is_dev && !it.starts_with("file:")) else {
            return Ok(());
        };
        if self.all.len() > PACKAGES_MAX {
            let limit = format_args!("past the limit file_packages_max = {PACKAGES_MAX}");
            return Err(serde::de::Error::custom(limit));
        }
        let alias = version.strip_prefix("npm:").and_then(lock::name_and_version);
        let (name, version) = alias.unwrap_or((&self.name, &version));
        self.all.push(Found::new(Ecosystem::Npm, name.to_owned(), version.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    fn read(text: &str, expected: &[&str]) {
        check(&NpmLock, "app/package-lock.json", text, expected);
    }

    #[test]
    fn npms_own_record_of_a_tree_is_not_the_projects_lock() {
        assert!(NpmLock.wants(&FilePath::of(b"app/npm-shrinkwrap.json")));
        for path in ["app/node_modules/.package-lock.json", "node_modules/a/npm-shrinkwrap.json"] {
            assert!(!NpmLock.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }

    #[test]
    fn version_3_lists_places() {
        read(
            r#"{"name":"fn","lockfileVersion":3,"requires":true,"packages":{
            "":{"name":"fn","version":"1.0.0","dependencies":{"a":"^1"}},
            "node_modules/a":{"version":"1.2.0","resolved":"https://x/a.tgz","license":"MIT"},
            "node_modules/a/node_modules/@s/b":{"version":"2.0.0"},
            "node_modules/alias":{"name":"real","version":"3.0.0"},
            "node_modules/dev":{"version":"9.0.0","dev":true},
            "node_modules/either":{"version":"9.1.0","devOptional":true},
            "node_modules/mac":{"version":"1.0.0","optional":true,"os":["darwin"]},
            "node_modules/nix":{"version":"1.0.0","optional":true,"os":["darwin","linux"]},
            "node_modules/nowin":{"version":"1.0.0","optional":true,"os":["!win32"]},
            "packages/w":{"name":"w","version":"0.1.0"},
            "node_modules/w":{"resolved":"packages/w","link":true}}}"#,
            &[
                "a 1.2.0 MIT",
                "@s/b 2.0.0",
                "real 3.0.0",
                "either 9.1.0",
                "nix 1.0.0",
                "nowin 1.0.0",
            ],
        );
    }

    #[test]
    fn version_2_is_not_listed_twice() {
        let v2 = r#"{"lockfileVersion":2,"packages":{"node_modules/a":{"version":"1.0.0"}},
            "dependencies":{"a":{"version":"1.0.0"},"b":{"version":"2.0.0"}}}"#;
        read(v2, &["a 1.0.0"]);
    }

    #[test]
    fn version_1_is_a_tree() {
        read(
            r#"{"lockfileVersion":1,"dependencies":{
            "a":{"version":"1.0.0","requires":{"b":"*"},"dependencies":{"b":{"version":"2.0.0"}}},
            "c":{"version":"3.0.0","dev":true},
            "d":{"version":"npm:@s/e@4.0.0"},"own":{"version":"file:own"},
            "g":{"version":"git+ssh://git@h/g.git#abc"}}}"#,
            &["b 2.0.0", "a 1.0.0", "@s/e 4.0.0", "g git+ssh://git@h/g.git#abc"],
        );
    }

    #[test]
    fn what_is_no_lock_file_is_said() {
        read(r#"{"lockfileVersion":3}"#, &[]);
        read("{}", &["! is no package-lock.json"]);
        let deep = format!("{}{}", r#"{"dependencies":{"a":"#.repeat(3000), "}}".repeat(3000));
        for text in ["", "7", "[]", "{\"packages\":", deep.as_str()] {
            let mut findings = Findings::default();
            let end = NpmLock.read(b"package-lock.json", &mut text.as_bytes(), &mut findings);
            assert!(end.is_err(), "{text}");
        }
    }

    #[test]
    fn a_lock_of_a_million_entries_is_past_a_limit() {
        let entries: Vec<String> = (0..100_000)
            .map(|at| format!("\"node_modules/a{at}\":{{\"version\":\"1\"}}"))
            .collect();
        let text = format!("{{\"packages\":{{{}}}}}", entries.join(","));
        let mut findings = Findings::default();
        let end = NpmLock.read(b"package-lock.json", &mut text.as_bytes(), &mut findings);
        let trouble = end.unwrap_err().to_string();
        assert!(trouble.contains("file_packages_max"), "{trouble}");
    }
}
