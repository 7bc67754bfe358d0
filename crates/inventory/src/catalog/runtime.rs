//! Runtimes that say their version in a file beside them: a Go toolchain (`VERSION`), a Java
//! runtime (`release`), a .NET runtime (the folder that its parts lie in).

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::{Cataloger, FilePath, split_last};
use crate::ecosystem::Ecosystem;

/// Reads what runtimes lay beside themselves.
pub(super) struct Runtime;

/// What is read of such a file; Java's names its modules in some kilobytes.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// The parts of .NET, each in `shared/NAME/VERSION/NAME.deps.json`.
const DOTNET: [(&[u8], &str); 2] = [
    (b"Microsoft.NETCore.App", "dotnet-runtime"),
    (b"Microsoft.AspNetCore.App", "aspnetcore-runtime"),
];

impl Cataloger for Runtime {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        let is_go = file == b"VERSION" && split_last(folder).1 == b"go";
        is_go || (file == b"release" && !folder.is_empty()) || dotnet(path.whole).is_some()
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut bytes = Vec::new();
        content.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let found = match split_last(path).1 {
            b"VERSION" => go(&text).map(|it| ("go", it)),
            b"release" => java(&text).map(|it| ("java", it)),
            _ => dotnet(path),
        };
        let Some((name, version)) = found else { return Ok(()) };
        findings.package(Found::new(Ecosystem::Binary, name.to_owned(), version.to_owned()))
    }
}

fn go(text: &str) -> Option<&str> {
    let version = text.lines().next()?.trim().strip_prefix("go")?;
    is_version(version).then_some(version)
}

fn java(text: &str) -> Option<&str> {
    let value = text.lines().find_map(|it| it.strip_prefix("JAVA_VERSION="))?;
    let version = value.trim().trim_matches('"');
    is_version(version).then_some(version)
}

/// The part of .NET that a path is of, and its version.
fn dotnet(path: &[u8]) -> Option<(&'static str, &str)> {
    let (folder, file) = split_last(path);
    let named = file.strip_suffix(b".deps.json")?;
    let (above, version) = split_last(folder);
    let (shared, part) = split_last(above);
    let (name, known) = DOTNET.iter().find(|it| it.0 == part)?;
    let version = str::from_utf8(version).ok().filter(|it| is_version(it))?;
    (named == *name && split_last(shared).1 == b"shared").then_some((*known, version))
}

fn is_version(text: &str) -> bool {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "._-+".contains(it);
    text.starts_with(|it: char| it.is_ascii_digit()) && text.len() < 64 && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn each_runtime_says_its_version_its_own_way() {
        let go = "go1.26.8\ntime 2026-08-28T16:20:06Z\n";
        check(&Runtime, "usr/local/go/VERSION", go, &["go 1.26.8"]);
        let java = "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"17.0.9+9\"\n\
            JAVA_VERSION=\"17.0.9\"\n";
        check(&Runtime, "opt/java/openjdk/release", java, &["java 17.0.9"]);
        check(&Runtime, "jre8/release", "JAVA_VERSION=\"1.8.0_392\"\n", &["java 1.8.0_392"]);
        for (part, name) in [("NETCore", "dotnet"), ("AspNetCore", "aspnetcore")] {
            let part = format!("Microsoft.{part}.App");
            let path = format!("usr/share/dotnet/shared/{part}/8.0.1/{part}.deps.json");
            check(&Runtime, &path, "{}", &[&format!("{name}-runtime 8.0.1")]);
        }
    }

    #[test]
    fn other_files_of_these_names_say_nothing() {
        check(&Runtime, "go/VERSION", "devel +abc", &[]);
        check(&Runtime, "etc/release", "DISTRIB_ID=x\n", &[]);
        check(&Runtime, "etc/release", b"JAVA_VERSION=\"\xff\"\n", &[]);
        for path in ["VERSION", "app/VERSION", "release", "Microsoft.NETCore.App.deps.json"] {
            assert!(!Runtime.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }
}
