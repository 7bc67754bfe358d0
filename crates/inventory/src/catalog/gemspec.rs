//! RubyGems as they are installed: `specifications/NAME-VERSION.gemspec` (guides.rubygems.org:
//! specification reference), also the default gems that come with Ruby.
//!
//! A gemspec is a Ruby program, which nobody runs here: its assignments of plain texts are read,
//! in the form in which RubyGems writes them at installation.

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::Lines;
use super::{Cataloger, FilePath, split_last};
use crate::ecosystem::Ecosystem;

/// Reads the specification of each installed gem.
pub(super) struct Gemspec;

/// How many licences are held of one gem.
const LICENSES_MAX: usize = 16;

/// What a specification says, as its lines pass.
#[derive(Default)]
struct Specification {
    name: Option<String>,
    version: Option<String>,
    licenses: Vec<String>,
    /// Name and version of the comment that RubyGems writes in front, for its own quick reading.
    stub: Option<(String, String)>,
}

impl Cataloger for Gemspec {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        let (above, last) = split_last(folder);
        let specifications = if last == b"default" { split_last(above).1 } else { last };
        specifications == b"specifications" && file.ends_with(b".gemspec")
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut lines = Lines::new(content);
        let mut gem = Specification::default();
        while let Some(line) = lines.next_line()? {
            gem.learn(String::from_utf8_lossy(line.bytes).trim());
        }
        let stub = gem.stub.unzip();
        let (Some(name), Some(version)) = (gem.name.or(stub.0), gem.version.or(stub.1)) else {
            return Err(Trouble::Malformed("names no name and version as plain texts".to_owned()));
        };
        let licenses = gem.licenses;
        findings.package(Found { licenses, ..Found::new(Ecosystem::Gem, name, version) })
    }
}

impl Specification {
    fn learn(&mut self, line: &str) {
        if let Some(words) = line.strip_prefix("# stub: ").filter(|_| self.stub.is_none()) {
            let mut words = words.split(' ').map(str::to_owned);
            self.stub = words.next().zip(words.next());
        }
        let Some((field, value)) = assignment(line) else { return };
        match field {
            "name" if self.name.is_none() => self.name = texts(value).next(),
            "version" if self.version.is_none() => self.version = texts(value).next(),
            "license" | "licenses" if self.licenses.is_empty() => {
                self.licenses = texts(value).take(LICENSES_MAX).collect();
            }
            _ => {}
        }
    }
}

/// Field and value of `s.field = value`, whatever the variable's name.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (left, value) = line.split_once('=')?;
    let (variable, field) = left.trim().split_once('.')?;
    let is_word = variable.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    (is_word && !value.starts_with(['=', '~'])).then_some((field, value.trim()))
}

/// The quoted texts in a value: `"a".freeze`, `Gem::Version.new("1")`, `["A".freeze, 'B']`. One
/// that Ruby would compute (`"#{x}"`) is none.
fn texts(value: &str) -> impl Iterator<Item = String> {
    let mut rest = value;
    let quoted = std::iter::from_fn(move || {
        let start = rest.find(['"', '\''])?;
        let quote = rest.get(start..=start)?;
        let (text, after) = rest.get(start + 1..)?.split_once(quote)?;
        rest = after;
        Some(text.to_owned())
    });
    quoted.filter(|it| !it.is_empty() && !it.contains("#{"))
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    fn read(text: &str, expected: &[&str]) {
        let path = "usr/local/bundle/specifications/rack-2.2.3.gemspec";
        check(&Gemspec, path, text, expected);
    }

    #[test]
    fn specifications_lie_in_their_folder() {
        assert!(Gemspec.wants(&FilePath::of(
            b"usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.gemspec"
        )));
        for path in ["gems/rack-2.2.3/rack.gemspec", "rack.gemspec", "specifications/x.rb"] {
            assert!(!Gemspec.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }

    #[test]
    fn assignments_are_read() {
        read(
            "# -*- encoding: utf-8 -*-\n# stub: rack 2.2.3 ruby lib\n\n\
             Gem::Specification.new do |s|\n  s.name = \"rack\".freeze\n  s.version = \"2.2.3\"\n\n  \
             s.required_ruby_version = Gem::Requirement.new(\">= 2.3\".freeze)\n  \
             s.metadata = { \"a\" => \"b\" } if s.respond_to? :metadata=\n  \
             s.licenses = [\"MIT\".freeze, \"Ruby\".freeze]\n  s.installed_by_version = \"3.1\"\n  \
             if s.respond_to? :specification_version then\n    s.specification_version = 4\n  end\nend\n",
            &["rack 2.2.3 MIT Ruby"],
        );
        read("spec.name='a'\nspec.version = Gem::Version.new '1.0'\n", &["a 1.0"]);
    }

    #[test]
    fn what_ruby_would_compute_is_not_guessed() {
        let trouble = "! names no name and version as plain texts";
        read("s.name = NAME\ns.version = \"#{MAJOR}.1\"\n", &[trouble]);
        read("# stub: a 1.0 ruby lib\ns.version = VERSION\ns.name = \"a\"", &["a 1.0"]);
        read("", &[trouble]);
        read("s.name = \"\né=\n=\n.=\"", &[trouble]);
    }
}
