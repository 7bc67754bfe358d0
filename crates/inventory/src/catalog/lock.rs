//! What lock files have in common: which of them are the image's own.

use super::{FilePath, owned};

/// Folders into which package managers install: a lock file below is a package's part (its own
/// developers' lock), and says nothing of the image.
const INSTALLED: &[&[u8]] = &[b"node_modules", b"site-packages", b"dist-packages"];

/// Whether the file at this path has one of these names and is no part of an installed package.
pub(super) fn is_own(path: &FilePath<'_>, names: &[&[u8]]) -> bool {
    let (folder, file) = path.split();
    // The name first: every path of an image is asked about, by each cataloger of locks.
    names.contains(&file)
        && is_outside(folder, INSTALLED)
        && !is_in_gem(folder)
        && !owned::is_in_place(path.whole)
}

/// Whether the folder is one of a gem, `gems/NAME-VERSION`: some bring tools of other languages.
fn is_in_gem(folder: &[u8]) -> bool {
    let is_named_so = |gem: &[u8]| gem.windows(2).any(|it| it[0] == b'-' && it[1].is_ascii_digit());
    let parts: Vec<&[u8]> = folder.split(|&byte| byte == b'/').collect();
    parts.windows(2).any(|it| it[0] == b"gems" && is_named_so(it[1]))
}

/// Whether no component of the folder's path is one of these.
pub(super) fn is_outside(folder: &[u8], names: &[&[u8]]) -> bool {
    !folder.split(|&byte| byte == b'/').any(|it| names.contains(&it))
}

/// Name and version of `name@version`, where the name may begin with an `@`.
pub(super) fn name_and_version(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|(_, it)| *it == '@')?.0;
    let (name, version) = text.split_at(at);
    Some((name, version.get(1..)?)).filter(|(_, version)| !version.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_in_an_installed_package_is_a_part_of_it() {
        let is_own = |path: &str| is_own(&FilePath::of(path.as_bytes()), &[b"yarn.lock"]);
        assert!(
            is_own("yarn.lock") && is_own("app/yarn.lock") && is_own("node_modules2/yarn.lock")
        );
        assert!(!is_own("app/node_modules/a/yarn.lock") && !is_own("node_modules/yarn.lock"));
        assert!(!is_own("lib/python3/site-packages/jupyter/yarn.lock"));
        assert!(!is_own("usr/local/lib/ruby/gems/3.1.0/gems/typeprof-0.21.2/vscode/yarn.lock"));
        assert!(is_own("gems/yarn.lock") && is_own("app/gems/own/yarn.lock"));
        assert!(!is_own("usr/share/nodejs/postcss/yarn.lock") && is_own("usr/share/app/yarn.lock"));
        assert!(!is_own("app/yarn.lock/x") && !is_own("app/xyarn.lock"));
    }

    #[test]
    fn the_first_at_after_the_first_character_ends_the_name() {
        assert_eq!(name_and_version("a@1"), Some(("a", "1")));
        assert_eq!(name_and_version("@s/a@npm:b@1"), Some(("@s/a", "npm:b@1")));
        assert_eq!(name_and_version("é@1"), Some(("é", "1")));
        for none in ["", "@", "@s/a", "a", "a@"] {
            assert_eq!(name_and_version(none), None, "{none}");
        }
    }
}
