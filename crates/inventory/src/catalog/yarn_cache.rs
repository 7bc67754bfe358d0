//! The archives that Yarn's Plug'n'Play runs packages from (yarnpkg.com: pnp): each package as a ZIP
//! in the project's `.yarn/cache`, or in the one of all projects.

use std::io::Read;

use super::findings::{Findings, Trouble};
use super::unzip::{Meter, Unzip};
use super::{Cataloger, FilePath, npm};

/// Reads the `package.json` of the package in each archive.
pub(super) struct YarnCache;

/// Where the archives of one project lie, and those of all.
const FOLDERS: [&[u8]; 2] = [b".yarn/cache", b".yarn/berry/cache"];

impl Cataloger for YarnCache {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        file.ends_with(b".zip") && is_cache(folder)
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let meter = Meter::default();
        let mut fed = meter.feed(content);
        let mut unzip = Unzip::new(&mut fed, &meter);
        while let Some(entry) = unzip.next_entry()? {
            if is_of_package(&entry.name) {
                let text = unzip.whole(&entry, npm::FILE_BYTES_MAX)?;
                return npm::read_package(&text, findings);
            }
            unzip.skip(&entry)?;
        }
        Err(Trouble::Malformed("holds no package of Node.js".to_owned()))
    }
}

/// Whether Yarn keeps archives in this folder.
fn is_cache(folder: &[u8]) -> bool {
    let is_it =
        |it: &&[u8]| folder.strip_suffix(*it).is_some_and(|it| it.is_empty() || it.ends_with(b"/"));
    FOLDERS.iter().any(is_it)
}

/// Whether the file at this path is a package in a cache of Yarn's, and the folder of the project
/// that it is of; `Some(None)` where it may be of any.
pub(crate) fn project_of(path: &str) -> Option<Option<&str>> {
    YarnCache
        .wants(&FilePath::of(path.as_bytes()))
        .then(|| path.rsplit_once('/')?.0.strip_suffix(".yarn/cache"))
}

/// `node_modules/NAME/package.json`, or of a scope.
fn is_of_package(name: &[u8]) -> bool {
    let Some(inner) = name.strip_prefix(b"node_modules/") else { return false };
    let slashes = inner.iter().filter(|it| **it == b'/').count();
    inner.ends_with(b"/package.json") && slashes == if inner.starts_with(b"@") { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::super::findings::check;
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn an_archive_is_the_package_in_it() {
        let own = r#"{"name":"@s/a","version":"1.0.0","license":"MIT"}"#;
        let part = r#"{"name":"part","version":"2.0.0"}"#;
        let files = [
            ("node_modules/@s/package.json", part),
            ("node_modules/@s/a/lib/package.json", part),
            ("node_modules/@s/a/package.json", own),
        ];
        let path = "app/.yarn/cache/@s-a-npm-1.0.0-0123456789-abcdef.zip";
        check(&YarnCache, path, archive(&files), &["@s/a 1.0.0 MIT"]);
        check(&YarnCache, path, archive(&files[..2]), &["! holds no package of Node.js"]);
        check(&YarnCache, path, "", &["! holds no package of Node.js"]);
        check(&YarnCache, path, "no archive", &["! is no archive"]);
        assert!(YarnCache.wants(&FilePath::of(b".yarn/cache/a.zip")));
        assert!(YarnCache.wants(&FilePath::of(b"root/.yarn/berry/cache/a.zip")));
        for path in ["app/x.yarn/cache/a.zip", "app/cache/a.zip", "app/.yarn/cache/a.tgz"] {
            assert!(!YarnCache.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }
}
