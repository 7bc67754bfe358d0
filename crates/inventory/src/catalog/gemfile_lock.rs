//! Bundler's lock file, `Gemfile.lock` or `gems.locked` (bundler.io: Gemfile.lock).

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::Lines;
use super::{Cataloger, FilePath, lock};
use crate::ecosystem::Ecosystem;

/// Reads what Bundler wrote down to install: the gems of servers and repositories, not those of
/// folders beside the project (`PATH`).
pub(super) struct GemfileLock;

impl Cataloger for GemfileLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        // `gems/NAME-VERSION/Gemfile.lock` is the gem's own developers'.
        let is_outside = || lock::is_outside(path.split().0, &[b"gems"]);
        lock::is_own(path, &[b"Gemfile.lock", b"gems.locked"]) && is_outside()
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
        let mut lines = Lines::new(content);
        let (mut is_bundlers, mut is_listing) = (false, false);
        while let Some(line) = lines.next_line()? {
            let Ok(text) = std::str::from_utf8(line.bytes) else {
                findings.trouble(Trouble::Malformed("has a line that is not UTF-8".to_owned()));
                continue;
            };
            match text.len() - text.trim_start_matches(' ').len() {
                0 if !text.is_empty() => {
                    is_listing = matches!(text, "GEM" | "GIT" | "PLUGIN SOURCE");
                    is_bundlers |= matches!(text, "GEM" | "GIT" | "PATH" | "DEPENDENCIES");
                }
                // A gem; what it depends on is indented by two more.
                4 if is_listing => {
                    let Some((name, version)) = gem(text.trim()) else { continue };
                    let (name, version) = (name.to_owned(), version.to_owned());
                    findings.package(Found::new(Ecosystem::Gem, name, version))?;
                }
                _ => {}
            }
        }
        match is_bundlers {
            true => Ok(()),
            false => Err(Trouble::Malformed("is no Gemfile.lock".to_owned())),
        }
    }
}

/// Name and version of `name (version-platform)`. A version has no `-`.
fn gem(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(" (")?;
    let version = rest.strip_suffix(')')?.split('-').next()?;
    Some((name, version)).filter(|_| !name.is_empty() && !version.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn gems_of_servers_and_repositories_are_listed() {
        check(
            &GemfileLock,
            "app/Gemfile.lock",
            "GIT\n  remote: https://h/g.git\n  revision: 0123\n  specs:\n    g (0.1)\n\n\
             PATH\n  remote: .\n  specs:\n    own (0.1)\n\n\
             GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.2.3)\n    \
             sinatra (2.1.0)\n      rack (~> 2.2)\n    nokogiri (1.13.9-x86_64-linux)\n\n\
             PLATFORMS\n  x86_64-linux\n\nDEPENDENCIES\n  sinatra\n\nBUNDLED WITH\n   2.3.7\n",
            &["g 0.1", "rack 2.2.3", "sinatra 2.1.0", "nokogiri 1.13.9"],
        );
    }

    #[test]
    fn a_gems_own_lock_is_a_part_of_it() {
        assert!(
            !GemfileLock.wants(&FilePath::of(b"usr/local/bundle/gems/rack-2.2.3/Gemfile.lock"))
        );
        assert!(GemfileLock.wants(&FilePath::of(b"app/gems.locked")));
    }

    #[test]
    fn what_is_no_lock_is_said() {
        check(&GemfileLock, "Gemfile.lock", "", &["! is no Gemfile.lock"]);
        let text = b"GEM\n  specs:\n    \xff (1)\n    a ()\n    (1)\n     b (1)\n    c (1";
        check(&GemfileLock, "Gemfile.lock", text, &["! has a line that is not UTF-8"]);
    }
}
