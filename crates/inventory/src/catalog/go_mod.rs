//! `go.mod` (go.dev/ref/mod): the modules that a Go module requires. The module itself has no
//! version there.

use std::collections::HashMap;
use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::{Cataloger, FilePath, lock, whole};
use crate::ecosystem::Ecosystem;

/// Reads the `go.mod` of modules that lie there to be built.
pub(super) struct GoMod;

/// The largest of the world have some 100 KB.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// How Go writes the version of what is built from a folder.
const UNKNOWN: &str = "(devel)";

impl Cataloger for GoMod {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let folder = path.split().0;
        // A module in Go's cache (`x@v1.2.3`) or in test data says what it would be content with,
        // not what is there.
        let is_foreign = |part: &[u8]| part == b"testdata" || part.contains(&b'@');
        lock::is_own(path, &[b"go.mod"]) && !folder.split(|it| *it == b'/').any(is_foreign)
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let bytes = whole::bytes(content, "go_mod_bytes_max", FILE_BYTES_MAX)?;
        let text = str::from_utf8(&bytes)
            .map_err(|_| Trouble::Malformed("is no go.mod: it is no UTF-8".to_owned()))?;
        let modules = Modules::read(text);
        for (path, version) in &modules.required {
            let (path, version) = modules.replaced(path, version);
            let (path, version) = (path.to_owned(), version.to_owned());
            findings.package(Found::new(Ecosystem::Golang, path, version))?;
        }
        Ok(())
    }
}

/// What is required, and what replaces it.
#[derive(Debug, Default)]
struct Modules<'t> {
    required: Vec<(&'t str, &'t str)>,
    /// By path and version; the version is empty where all are replaced.
    replacements: HashMap<(&'t str, &'t str), Vec<&'t str>>,
}

impl<'t> Modules<'t> {
    fn read(text: &'t str) -> Self {
        let (mut modules, mut block) = (Self::default(), None);
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default().trim();
            if let Some(verb) = line.strip_suffix('(') {
                block = Some(verb.trim());
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().map(unquoted).take(8).collect();
            match (block, words.as_slice()) {
                (_, [")"]) => block = None,
                (Some(verb), words) => modules.take(verb, words),
                (None, [verb, words @ ..]) => modules.take(verb, words),
                (None, []) => {}
            }
        }
        modules
    }

    fn take(&mut self, verb: &str, words: &[&'t str]) {
        match (verb, words) {
            ("require", [path, version]) => self.required.push((path, version)),
            ("replace", [path, "=>", by @ ..]) => {
                self.replacements.insert((path, ""), by.to_vec());
            }
            ("replace", [path, version, "=>", by @ ..]) => {
                self.replacements.insert((path, version), by.to_vec());
            }
            _ => {}
        }
    }

    /// What is built in a module's place: another, or, from a folder, itself in an unknown version.
    fn replaced(&self, path: &'t str, version: &'t str) -> (&'t str, &'t str) {
        let exact = self.replacements.get(&(path, version));
        match exact.or_else(|| self.replacements.get(&(path, ""))).map(Vec::as_slice) {
            None => (path, version),
            Some([path, version]) => (path, version),
            Some(_) => (path, UNKNOWN),
        }
    }
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '`'])
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn a_module_that_was_fetched_is_not_asked() {
        for path in ["go.mod", "src/app/go.mod"] {
            assert!(GoMod.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
        for path in [
            "go/pkg/mod/x@v1.0.0/go.mod",
            "app/testdata/a/go.mod",
            "app/node_modules/flatted/golang/go.mod",
            "a/xgo.mod",
            "go.mod/a",
        ] {
            assert!(!GoMod.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }

    #[test]
    fn what_is_required_is_listed_as_it_is_replaced() {
        let text = "module example.com/app // the app\n\ngo 1.22\n\ntoolchain go1.22.3\n\
            require example.com/a v1.0.0\nrequire (\n\texample.com/b v0.1.0 // indirect\n\
            \t\"example.com/c\" v2.0.0+incompatible\n\texample.com/d v1.0.0\n\n)\n\
            exclude example.com/x v1.0.0\nreplace example.com/b => example.com/fork v0.2.0\n\
            replace(\n\texample.com/c v2.0.0+incompatible => ../c\n\
            \texample.com/d v9.9.9 => example.com/never v1.0.0\n)\nretract v0.0.1\n";
        let expected = [
            "example.com/a v1.0.0",
            "example.com/fork v0.2.0",
            "example.com/c (devel)",
            "example.com/d v1.0.0",
        ];
        check(&GoMod, "app/go.mod", text, &expected);
        check(&GoMod, "go.mod", "", &[]);
        check(&GoMod, "go.mod", b"\xff", &["! is no go.mod: it is no UTF-8"]);
    }
}
