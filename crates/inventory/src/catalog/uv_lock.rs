//! uv's lock file, `uv.lock` (docs.astral.sh/uv: project structure). It is for every system and every
//! group of the project; what is followed from the project is what can be installed on Linux without
//! its developers' groups.

use std::collections::HashMap;
use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::findings::{Findings, Found, Trouble};
use super::python_lock::document;
use super::{Cataloger, FilePath, lock, marker};
use crate::ecosystem::Ecosystem;

/// Reads what uv wrote down to install: not the project itself nor folders beside it.
pub(super) struct UvLock;

impl Cataloger for UvLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        lock::is_own(path, &[b"uv.lock"])
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
        let lock: Lock = document(content)?;
        let is_reached = reached(&lock.package);
        for (it, is_reached) in lock.package.into_iter().zip(is_reached) {
            let Some(version) = it.version.filter(|_| is_reached && !it.source.is_own()) else {
                continue;
            };
            findings.package(Found::new(Ecosystem::Pypi, it.name, version))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    version: Option<String>,
    #[serde(default)]
    source: Source,
    /// Of one of several versions: where it is the one.
    #[serde(default)]
    resolution_markers: Vec<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    optional_dependencies: HashMap<String, Vec<Dependency>>,
}

/// Where a package is from.
#[derive(Default, Deserialize)]
struct Source {
    editable: Option<IgnoredAny>,
    #[serde(rename = "virtual")]
    is_virtual: Option<IgnoredAny>,
    directory: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: Option<String>,
    #[serde(default)]
    marker: String,
}

impl Source {
    /// Whether it is the project itself or a folder beside it.
    fn is_own(&self) -> bool {
        self.editable.is_some() || self.is_virtual.is_some() || self.directory.is_some()
    }
}

/// Which packages the project leads to, whatever extras are asked for. Of a lock without a project
/// (a script's) all.
fn reached(packages: &[Package]) -> Vec<bool> {
    let mut is_reached: Vec<bool> = packages.iter().map(|it| it.source.is_own()).collect();
    if !is_reached.contains(&true) {
        return vec![true; packages.len()];
    }
    // Each is followed once by its name and once by its version, however many lead to it.
    let (mut by_name, mut by_version) = (HashMap::new(), HashMap::new());
    for (at, package) in packages.iter().enumerate().filter(|(_, it)| it.is_for_linux()) {
        let name = package.name.as_str();
        by_name.entry(name).or_insert_with(Vec::new).push(at);
        if let Some(version) = package.version.as_deref() {
            by_version.entry((name, version)).or_insert_with(Vec::new).push(at);
        }
    }
    let mut left: Vec<usize> = (0..packages.len()).filter(|at| is_reached[*at]).collect();
    while let Some(package) = left.pop().and_then(|at| packages.get(at)) {
        let optional = package.optional_dependencies.values().flatten();
        for edge in package.dependencies.iter().chain(optional) {
            if marker::excludes_linux(&edge.marker) {
                continue;
            }
            let meant = match edge.version.as_deref() {
                Some(version) => by_version.remove(&(edge.name.as_str(), version)),
                None => by_name.remove(edge.name.as_str()),
            };
            for at in meant.unwrap_or_default() {
                if !is_reached[at] {
                    is_reached[at] = true;
                    left.push(at);
                }
            }
        }
    }
    is_reached
}

impl Package {
    fn is_for_linux(&self) -> bool {
        let markers = &self.resolution_markers;
        markers.is_empty() || markers.iter().any(|it| !marker::excludes_linux(it))
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn what_the_project_leads_to_on_linux_is_locked() {
        let package = |name: &str, more: &str| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"1.0\"\nsource = {{ registry = \"x\" }}\n{more}\n"
            )
        };
        let text = [
            "version = 1\nrequires-python = \">=3.11\"\n\n\
             [[package]]\nname = \"fn\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n\
             dependencies = [\n    { name = \"colorama\", marker = \"sys_platform == 'win32'\" },\n    \
             { name = \"lib\" },\n    { name = \"two\", version = \"1.0\" },\n]\n\n\
             [package.optional-dependencies]\ndb = [\n    { name = \"sqlalchemy\" },\n]\n\n\
             [package.dev-dependencies]\ndev = [\n    { name = \"pytest\" },\n]\n\n\
             [[package]]\nname = \"lib\"\nversion = \"0.1.0\"\nsource = { editable = \"lib\" }\n\
             dependencies = [{ name = \"six\" }]\n\n",
            &package("six", "wheels = [\n    { url = \"https://x\", size = 1 },\n]"),
            &package("colorama", ""),
            &package("sqlalchemy", ""),
            &package("pytest", "dependencies = [{ name = \"iniconfig\" }, { name = \"six\" }]"),
            &package("iniconfig", ""),
            &package("two", "resolution-markers = [\"python_version < '3.12'\"]"),
            &package("two", "").replace("1.0", "2.0"),
        ]
        .concat();
        check(&UvLock, "app/uv.lock", text, &["six 1.0", "sqlalchemy 1.0", "two 1.0"]);
    }

    #[test]
    fn very_many_that_lead_to_very_many_are_followed_once() {
        let (edge, count) = ("{ name = \"a\", version = \"0\" }, { name = \"a\" },\n", 20_000);
        let packages =
            (1..=count).map(|it| format!("[[package]]\nname = \"a\"\nversion = \"{it}\"\n"));
        let project = format!(
            "[[package]]\nname = \"fn\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\ndependencies = [{}]\n",
            edge.repeat(count)
        );
        let text: String = std::iter::once(project).chain(packages).collect();
        let mut findings = Findings::default();
        UvLock.read(b"uv.lock", &mut text.as_bytes(), &mut findings).unwrap();
        assert_eq!(findings.packages.len(), count);
    }

    #[test]
    fn a_scripts_lock_has_no_project() {
        let text = "version = 1\n\n[manifest]\nrequirements = [{ name = \"six\" }]\n\n\
            [[package]]\nname = \"six\"\nversion = \"1.16.0\"\n";
        check(&UvLock, "script.py/uv.lock", text, &["six 1.16.0"]);
    }
}
