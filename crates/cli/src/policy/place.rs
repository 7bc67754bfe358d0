//! Where in policy.yml something stands. A parsed policy does not know any more, so the text is
//! searched for what was written there; that is exact unless an authority repeats another's words.

use std::fmt;

use verdict::PolicyDocument;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place<'d> {
    /// The line of policy.yml, from 1, if it was found.
    pub(crate) line: Option<usize>,
    /// The file beside policy.yml that the line names, if it names one.
    pub(crate) file: Option<&'d str>,
}

impl<'d> Place<'d> {
    /// Where an authority says this: a PEM text or a trusted root, its own or that of a file.
    pub(crate) fn of(document: &'d PolicyDocument, authority: &str, written: Option<&str>) -> Self {
        let is_it = |(_, text): &(&String, &String)| Some(text.as_str()) == written;
        let file = document.files.iter().find(is_it).map(|(name, _)| name.as_str());
        let lines: Vec<&str> = document.body.lines().collect();
        let Some(named) = lines.iter().position(|line| names(line, authority)) else {
            return Self { line: None, file };
        };
        // Of a PEM text the first line is any PEM's, and the second its own.
        let needle = file.or_else(|| {
            let own = written?.lines().map(str::trim).filter(|line| !line.is_empty());
            own.clone().nth(1).or_else(|| own.clone().next())
        });
        let after = lines
            .iter()
            .skip(named)
            .position(|line| needle.is_some_and(|needle| line.contains(needle)));
        Self { line: Some(named + after.unwrap_or_default() + 1), file }
    }
}

/// Whether the line says that something is named so.
fn names(line: &str, authority: &str) -> bool {
    let is_name = |after: &str| {
        let after = after.trim_start().trim_start_matches(['"', '\'']);
        after.strip_prefix(authority).is_some_and(|rest| {
            let ends =
                |char: char| matches!(char, ',' | '}' | '"' | '\'' | '#') || char.is_whitespace();
            rest.chars().next().is_none_or(ends)
        })
    };
    line.match_indices("name:").any(|(at, key)| line.get(at + key.len()..).is_some_and(is_name))
}

/// ` line 7 (keys/acme.pub):`, or as much of it as is known.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.file) {
            (Some(line), Some(file)) => write!(f, "line {line} ({file}): "),
            (Some(line), None) => write!(f, "line {line}: "),
            (None, Some(file)) => write!(f, "{file}: "),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "signatures:\n  authorities:\n    - name: acme\n      keys: [a.pub]\n    \
        - {name: 'acme-2', keys: [b.pub]}\n    - name: \"c\"\n      keys:\n        - |\n          \
        -----BEGIN PUBLIC KEY-----\n          AAAA\n          -----END PUBLIC KEY-----\n";

    fn place(authority: &str, written: Option<&str>) -> (Option<usize>, Option<String>) {
        let files = [("a.pub", "A"), ("b.pub", "B")];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let document = PolicyDocument { body: BODY.to_owned(), files };
        let place = Place::of(&document, authority, written);
        (place.line, place.file.map(str::to_owned))
    }

    #[test]
    fn a_file_stands_where_the_authority_names_it() {
        assert_eq!(place("acme", Some("A")), (Some(4), Some("a.pub".to_owned())));
        assert_eq!(place("acme-2", Some("B")), (Some(5), Some("b.pub".to_owned())));
    }

    #[test]
    fn a_text_stands_where_its_own_words_do() {
        let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        assert_eq!(place("c", Some(pem)), (Some(10), None));
    }

    #[test]
    fn what_was_not_written_stands_at_its_authority_and_an_unknown_one_nowhere() {
        assert_eq!(place("acme-2", None), (Some(5), None));
        assert_eq!(place("acm", None), (None, None));
    }
}
