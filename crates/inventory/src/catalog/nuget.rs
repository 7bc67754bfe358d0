//! .NET's packages: what a built program brings, `NAME.deps.json` (github.com/dotnet/sdk:
//! runtime-configuration-file), and what NuGet wrote down to restore, `packages.lock.json`
//! (learn.microsoft.com: PackageReference, locking dependencies).

use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::findings::{Findings, Found, Trouble};
use super::json::{self, Entries, Text};
use super::{Cataloger, FilePath, lock};
use crate::ecosystem::Ecosystem;

/// Reads the libraries of each built program: its packages and the runtime it brings, not the
/// projects it was built from.
pub(super) struct NugetDeps;

/// Reads what NuGet wrote down to restore, for each framework, without the project's own.
pub(super) struct NugetLock;

impl Cataloger for NugetDeps {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (_, file) = path.split();
        file.strip_suffix(b".deps.json").is_some_and(|stem| !stem.is_empty())
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let deps: Deps = json::read(content, "deps.json")?;
        deps.packages().into_iter().try_for_each(|found| findings.package(found))
    }
}

/// The packages of the `deps.json` that bytes begin with.
pub(super) fn packages_of(bytes: &[u8]) -> Result<Vec<Found>, Trouble> {
    let deps = Deps::deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    let deps = deps.map_err(|error| Trouble::Malformed(format!("holds no deps.json: {error}")))?;
    Ok(deps.packages())
}

impl Deps {
    fn packages(self) -> Vec<Found> {
        let package = |(key, library): (String, Library)| {
            let (name, version) = key.split_once('/')?;
            let name = match library.kind.0.as_deref() {
                Some("package") => name,
                // `runtimepack.NAME`: the runtime that a self-contained program brings.
                Some("runtimepack") => name.strip_prefix("runtimepack.").unwrap_or(name),
                _ => return None,
            };
            Some(Found::new(Ecosystem::Nuget, name.to_owned(), version.to_owned()))
        };
        self.libraries.0.into_iter().filter_map(package).collect()
    }
}

impl Cataloger for NugetLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        lock::is_own(path, &[b"packages.lock.json"])
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
        let lock: Lock = json::read(content, "packages.lock.json")?;
        let all = lock.dependencies.0.into_iter().flat_map(|(_, framework)| framework.0);
        for (name, Locked { kind, resolved }) in all {
            let is_own = kind.0.is_some_and(|it| it.eq_ignore_ascii_case("project"));
            let Some(version) = resolved.given().filter(|_| !is_own) else { continue };
            findings.package(Found::new(Ecosystem::Nuget, name, version))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Deps {
    #[serde(rename = "runtimeTarget")]
    _runtime_target: IgnoredAny,
    #[serde(default)]
    libraries: Entries<Library>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(default, rename = "type")]
    kind: Text,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "version")]
    _version: IgnoredAny,
    #[serde(default)]
    dependencies: Entries<Entries<Locked>>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    resolved: Text,
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn a_built_program_brings_packages_and_its_runtime() {
        let text = r#"{"runtimeTarget":{"name":".NETCoreApp,Version=v6.0"},
            "targets":{".NETCoreApp,Version=v6.0":{"fn/1.0.0":{"dependencies":{"A":"1"}}}},
            "libraries":{"fn/1.0.0":{"type":"project","serviceable":false},
            "Newtonsoft.Json/13.0.1":{"type":"package","sha512":"sha512-x"},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1":{"type":"runtimepack"},
            "broken":{"type":"package"}}}"#;
        check(
            &NugetDeps,
            "app/fn.deps.json",
            text,
            &["Newtonsoft.Json 13.0.1", "Microsoft.NETCore.App.Runtime.linux-x64 6.0.1"],
        );
        assert!(
            !NugetDeps.wants(&FilePath::of(b"app/.deps.json"))
                && !NugetDeps.wants(&FilePath::of(b"app/deps.json"))
        );
    }

    #[test]
    fn a_lock_lists_each_framework() {
        let text = r#"{"version":1,"dependencies":{"net6.0":{
            "Newtonsoft.Json":{"type":"Direct","requested":"[13.0.1, )","resolved":"13.0.1"},
            "own":{"type":"Project","dependencies":{"A":"1.0.0"}}},
            "net8.0":{"B":{"type":"Transitive","resolved":"2.0.0"}}}}"#;
        check(&NugetLock, "app/packages.lock.json", text, &["Newtonsoft.Json 13.0.1", "B 2.0.0"]);
    }

    #[test]
    fn what_is_none_is_said() {
        for text in ["", "{}", "[]", "{\"version\":1,\"dependencies\":{\"a\":{\"b\":7}}}"] {
            let mut findings = Findings::default();
            let mut read = |it: &dyn Cataloger| it.read(b"x", &mut text.as_bytes(), &mut findings);
            assert!(read(&NugetDeps).is_err() && read(&NugetLock).is_err(), "{text}");
        }
    }
}
