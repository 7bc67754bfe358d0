//! Python's lock files in TOML: `poetry.lock`, `pdm.lock`, and `pylock.toml` (packaging.python.org:
//! pylock.toml, PEP 751).

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::findings::{Findings, Found, Trouble};
use super::{Cataloger, FilePath, lock, marker, whole};
use crate::ecosystem::Ecosystem;

/// Reads what Poetry, PDM or pip wrote down to install: not the project itself nor folders beside it, not
/// what is for other systems, and not what is said to be for developers only.
pub(super) struct PythonLock;

/// What groups of developers are called.
const DEVELOPERS: [&str; 12] = [
    "dev",
    "develop",
    "development",
    "doc",
    "docs",
    "lint",
    "linting",
    "test",
    "testing",
    "tests",
    "types",
    "typing",
];

/// A lock of a thousand distributions with all their files has 2 MB.
const FILE_BYTES_MAX: u64 = 4 << 20;

impl Cataloger for PythonLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (_, file) = path.split();
        // `pylock.NAME.toml` is one of several.
        let is_named = file.starts_with(b"pylock.") && file.ends_with(b".toml");
        lock::is_own(path, &[b"poetry.lock", b"pdm.lock"])
            || (is_named && lock::is_own(path, &[file]))
    }

    fn is_lock(&self) -> bool {
        true
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let lock: Lock = document(content)?;
        let is_pylock = path.ends_with(b".toml");
        let packages = if is_pylock { lock.packages } else { lock.package };
        let is_left_out =
            |it: &Package| it.is_own() || it.is_for_developers() || it.excludes_linux();
        let outside = packages.into_iter().filter(|it| !is_left_out(it));
        // A pylock's version may be missing where it is taken from a folder or a repository.
        let named = outside.filter_map(|it| Some((it.name, it.version?)));
        named.into_iter().try_for_each(|(name, version)| {
            findings.package(Found::new(Ecosystem::Pypi, name, version))
        })
    }
}

/// A lock file as a document.
pub(super) fn document<T: DeserializeOwned>(content: &mut dyn Read) -> Result<T, Trouble> {
    let bytes = whole::bytes(content, "python_lock_bytes_max", FILE_BYTES_MAX)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Trouble::Malformed("is no lock file: it is no UTF-8".to_owned()))?;
    toml::from_str(&text).map_err(|error| {
        let message = error.message();
        Trouble::Malformed(format!("is no lock file: {message}"))
    })
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    /// Poetry: where it is from.
    source: Option<Source>,
    /// pylock: a folder beside the lock.
    directory: Option<IgnoredAny>,
    /// PDM: a folder or an archive beside the lock.
    path: Option<String>,
    /// Poetry 2 and PDM: whose dependency it is.
    groups: Option<Vec<String>>,
    /// Poetry 1: the same, of two.
    category: Option<String>,
    /// Poetry 2: where it is installed.
    markers: Option<Markers>,
    /// PDM and pylock: the same.
    marker: Option<String>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Markers of a package: one, or one for each group.
#[derive(Deserialize)]
#[serde(untagged)]
enum Markers {
    One(String),
    Each(BTreeMap<String, String>),
}

impl Package {
    /// Whether it is the project itself or a folder beside it.
    fn is_own(&self) -> bool {
        let is_beside = |it: &Source| it.kind.as_deref() == Some("directory");
        let is_archive = |it: &str| [".whl", ".gz", ".zip"].iter().any(|end| it.ends_with(end));
        let is_folder = self.path.as_deref().is_some_and(|it| !is_archive(it));
        is_folder || self.directory.is_some() || self.source.as_ref().is_some_and(is_beside)
    }

    /// Whether each of its markers does.
    fn excludes_linux(&self) -> bool {
        let markers: Vec<&str> = match &self.markers {
            Some(Markers::One(marker)) => vec![marker],
            Some(Markers::Each(markers)) => markers.values().map(String::as_str).collect(),
            None => self.marker.as_deref().into_iter().collect(),
        };
        let is_of_all = || match &self.markers {
            Some(Markers::Each(of)) => self.groups.iter().flatten().all(|it| of.contains_key(it)),
            _ => true,
        };
        !markers.is_empty() && markers.iter().all(|it| marker::excludes_linux(it)) && is_of_all()
    }

    fn is_for_developers(&self) -> bool {
        let is_dev = |it: &str| DEVELOPERS.contains(&it);
        self.category.as_deref() == Some("dev")
            || self
                .groups
                .as_ref()
                .is_some_and(|it| !it.is_empty() && it.iter().all(|it| is_dev(it)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn poetry() {
        check(
            &PythonLock,
            "app/poetry.lock",
            "[[package]]\nname = \"six\"\nversion = \"1.16.0\"\ngroups = [\"main\", \"dev\"]\n\
             files = [\n    {file = \"six.whl\", hash = \"sha256:00\"},\n]\n\n\
             [package.dependencies]\nname = \">=1\"\n\n\
             [[package]]\nname = \"pytest\"\nversion = \"8.0.0\"\ngroups = [\"dev\"]\n\n\
             [[package]]\nname = \"pathspec\"\nversion = \"1.1\"\ngroups = [\"lint\"]\n\n\
             [[package]]\nname = \"pywin32\"\nversion = \"306\"\ngroups = [\"main\"]\n\
             markers = \"sys_platform == \\\"win32\\\"\"\n\n\
             [[package]]\nname = \"colorama\"\nversion = \"0.4\"\ngroups = [\"main\", \"dev\"]\n\
             markers = {main = \"os_name == 'nt'\", dev = \"sys_platform == 'win32'\"}\n\n\
             [[package]]\nname = \"click\"\nversion = \"8\"\ngroups = [\"main\", \"ui\"]\n\
             markers = {main = \"os_name == 'nt'\"}\n\n\
             [[package]]\nname = \"old\"\nversion = \"1.0\"\ncategory = \"dev\"\n\n\
             [[package]]\nname = \"own\"\nversion = \"0.1\"\n\
             [package.source]\ntype = \"directory\"\nurl = \"../own\"\n\n\
             [[package]]\nname = \"git\"\nversion = \"0.2\"\n\
             [package.source]\ntype = \"git\"\nurl = \"https://h/git.git\"\n\n\
             [metadata]\nlock-version = \"2.1\"\n",
            &["six 1.16.0", "click 8", "git 0.2"],
        );
    }

    #[test]
    fn pdm() {
        check(
            &PythonLock,
            "app/pdm.lock",
            "[metadata]\ngroups = [\"default\", \"dev\"]\nlock_version = \"4.5.1\"\n\n\
             [[package]]\nname = \"colorama\"\nversion = \"0.4.6\"\ngroups = [\"default\", \"dev\"]\n\
             marker = \"platform_system == \\\"Windows\\\" or sys_platform == \\\"win32\\\"\"\n\n\
             [[package]]\nname = \"pytest\"\nversion = \"9.2.0\"\ngroups = [\"dev\"]\n\n\
             [[package]]\nname = \"own\"\nversion = \"0.1\"\neditable = true\npath = \"./own\"\n\
             groups = [\"default\"]\n\n\
             [[package]]\nname = \"six\"\nversion = \"1.16.0\"\npath = \"./six-1.16.0-py3-none-any.whl\"\n\n\
             [[package]]\nname = \"requests\"\nversion = \"2.34.2\"\ngroups = [\"default\"]\n\
             dependencies = [\n    \"six>=1\",\n]\n",
            &["six 1.16.0", "requests 2.34.2"],
        );
    }

    #[test]
    fn pylock() {
        let text = "lock-version = \"1.0\"\ncreated-by = \"pip\"\n\n\
             [[packages]]\nname = \"six\"\nversion = \"1.16.0\"\n\
             [[packages.wheels]]\nname = \"six.whl\"\n\n\
             [[packages]]\nname = \"pywin32\"\nversion = \"306\"\nmarker = \"os_name == 'nt'\"\n\n\
             [[packages]]\nname = \"own\"\n[packages.directory]\npath = \".\"\n\n\
             [[packages]]\nname = \"vcs\"\n[packages.vcs]\ntype = \"git\"\n";
        check(&PythonLock, "app/pylock.toml", text, &["six 1.16.0"]);
        check(&PythonLock, "app/pylock.prod.toml", text, &["six 1.16.0"]);
        assert!(
            !PythonLock.wants(&FilePath::of(b"app/pylock.x.json"))
                && !PythonLock.wants(&FilePath::of(b"app/pyproject.toml"))
        );
    }

    #[test]
    fn what_is_no_lock_is_said() {
        let deep = format!("a = {}", "[".repeat(100_000));
        for text in [b"[".as_slice(), b"\xff", b"[[package]]\nversion = \"1\"", deep.as_bytes()] {
            let mut findings = Findings::default();
            assert!(PythonLock.read(b"poetry.lock", &mut &*text, &mut findings).is_err());
        }
    }
}
