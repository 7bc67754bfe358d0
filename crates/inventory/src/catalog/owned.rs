//! Which of a package's own files its list tells of: programs that no other package manager knows,
//! and what shows packages of a language where distributions install these (docs/decisions/049).

use super::{program, split_last};

/// Where distributions install packages of languages, and nobody else does: who else installs
/// there replaces theirs. Not `node_modules`, `/opt` and `/usr/local`, where vendors' packages bring
/// trees of their own that no distribution's advisory names.
const PLACES: &[&[u8]] = &[
    b"usr/lib/ruby/",
    b"usr/lib64/ruby/",
    b"usr/share/gems/",
    b"usr/share/ruby/",
    b"usr/share/rubygems/",
    b"usr/share/rubygems-integration/",
    b"usr/share/nodejs/",
    b"usr/lib/nodejs/",
    b"usr/share/java/",
    b"usr/share/maven-repo/",
    b"usr/lib/java/",
    b"usr/share/php/",
];

/// Names of files that show packages of a language.
const NAMES: &[&[u8]] = &[b"METADATA", b"PKG-INFO", b"package.json", b"installed.json"];
const ENDINGS: &[&[u8]] = &[b".egg-info", b".gemspec", b".jar", b".war"];

/// Whether a package's claim to a file of this path is kept. It is the path that the package was
/// built with: what it names `lib/python3/…` lies in `usr` where `/lib` is a link (usrmerge).
pub(super) fn is_told(path: &[u8]) -> bool {
    let is_in_place = || is_in_place(path) || is_in_place(&[b"usr/", path].concat());
    program::is_named_as_one(path) || (is_of_language(path) && is_in_place())
}

/// Whether it may be, by the name alone.
pub(super) fn may_be_told(file: &[u8]) -> bool {
    program::is_named_as_one(file) || is_of_language(file)
}

fn is_of_language(path: &[u8]) -> bool {
    let file = split_last(path).1;
    NAMES.contains(&file) || ENDINGS.iter().any(|it| file.ends_with(it))
}

/// Whether it lies where distributions install packages of languages.
pub(super) fn is_in_place(path: &[u8]) -> bool {
    PLACES.iter().any(|it| path.starts_with(it)) || is_in_python(path) || is_of_architecture(path)
}

/// Debian's for one architecture: `usr/lib/x86_64-linux-gnu/rubygems-integration`, and `nodejs`.
fn is_of_architecture(path: &[u8]) -> bool {
    let mut parts = path.split(|&byte| byte == b'/');
    [parts.next(), parts.next()] == [Some(b"usr".as_slice()), Some(b"lib".as_slice())]
        && matches!(parts.nth(1), Some(b"rubygems-integration" | b"nodejs"))
}

/// `usr/lib/python3/dist-packages`, `usr/lib64/python3.9/site-packages`.
fn is_in_python(path: &[u8]) -> bool {
    let mut parts = path.split(|&byte| byte == b'/');
    parts.next() == Some(b"usr")
        && matches!(parts.next(), Some(b"lib" | b"lib64"))
        && parts.next().is_some_and(|it| it.starts_with(b"python"))
        && matches!(parts.next(), Some(b"dist-packages" | b"site-packages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_shows_packages_where_distributions_put_them_is_told() {
        for path in [
            "usr/bin/python3.11",
            "usr/local/bin/node",
            "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO",
            "usr/lib/python3/dist-packages/six-1.16.0.egg-info",
            "usr/lib64/python3.9/site-packages/six-1.15.0.dist-info/METADATA",
            "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec",
            "usr/lib/x86_64-linux-gnu/rubygems-integration/3.1.0/specifications/sdbm-1.0.0.gemspec",
            "usr/share/nodejs/a/node_modules/b/package.json",
            "usr/lib/x86_64-linux-gnu/nodejs/a/package.json",
            "usr/share/java/commons-io-2.11.0.jar",
            "lib/python3/dist-packages/six-1.16.0.egg-info",
            "lib64/python3.9/site-packages/six-1.15.0.dist-info/METADATA",
        ] {
            assert!(is_told(path.as_bytes()), "{path}");
        }
        for path in [
            "usr/lib/python3/dist-packages/six.py",
            "usr/local/lib/python3.11/site-packages/six-1.dist-info/METADATA",
            "local/lib/python3.11/site-packages/six-1.dist-info/METADATA",
            "opt/vendor/usr/lib/python3/dist-packages/six-1.dist-info/METADATA",
            "usr/lib/node_modules/npm/node_modules/a/package.json",
            "usr/lib/python3/METADATA",
            "usr/lib/google-cloud-sdk/lib/a.egg-info",
            "",
        ] {
            assert!(!is_told(path.as_bytes()), "{path}");
        }
    }
}
