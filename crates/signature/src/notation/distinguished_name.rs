//! Whom a trust policy trusts, by the subject of a certificate: `C=US, ST=WA, O=acme` (RFC 4514,
//! as trust-store-trust-policy.md narrows it: no two values of a type, no sets, no hex).

use std::collections::BTreeMap;
use std::fmt;

/// A name is not longer.
const NAME_BYTES_MAX: usize = 1024;
/// What a trust policy must say of everybody, and may not say of nobody.
const MUST: [&str; 3] = ["C", "ST", "O"];

/// Attributes that a subject must have, by their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistinguishedName(BTreeMap<String, String>);

/// Why a text is no such name.
#[derive(Debug, thiserror::Error)]
pub enum DistinguishedNameError {
    /// Longer than any.
    #[error("name has {0} bytes, and may have {NAME_BYTES_MAX}")]
    TooLong(usize),
    /// Not of that form.
    #[error("name is not of the form TYPE=VALUE, TYPE=VALUE at {0:?}")]
    Shape(String),
    /// A type comes twice.
    #[error("name says {0} twice")]
    Twice(String),
    /// A type that must come does not.
    #[error("name says no {0}")]
    Missing(&'static str),
}

impl DistinguishedName {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none, or says not who: country, state and organisation must be there.
    pub fn parse(text: &str) -> Result<Self, DistinguishedNameError> {
        use DistinguishedNameError as Error;
        if text.len() > NAME_BYTES_MAX {
            return Err(Error::TooLong(text.len()));
        }
        let (mut all, mut rest) = (BTreeMap::new(), text);
        loop {
            let shape = || Error::Shape(rest.chars().take(40).collect());
            let (name, after) = rest.split_once('=').ok_or_else(shape)?;
            let name = attribute_type(name.trim_matches(' ')).ok_or_else(shape)?;
            let (value, next) = value(after).ok_or_else(shape)?;
            if all.insert(name.clone(), value).is_some() {
                return Err(Error::Twice(name));
            }
            match next {
                Some(next) => rest = next,
                None => break,
            }
        }
        match MUST.into_iter().find(|name| !all.contains_key(*name)) {
            Some(name) => Err(Error::Missing(name)),
            None => Ok(Self(all)),
        }
    }

    /// Whether a subject with these attributes has all of them. One that a subject has twice is
    /// not had: nobody could say which is meant.
    pub(super) fn is_had_by(&self, attributes: &[(String, Option<String>)]) -> bool {
        self.0.iter().all(|(name, value)| {
            let mut said = attributes.iter().filter(|(said, _)| said == name);
            match (said.next(), said.next()) {
                (Some((_, Some(said))), None) => said == value,
                _ => false,
            }
        })
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(&all.join(","))
    }
}

/// A short name in upper case, or a number with dots; `S` is `ST`.
fn attribute_type(text: &str) -> Option<String> {
    let sound = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-');
    if text.is_empty() || !text.chars().all(sound) {
        return None;
    }
    Some(match text.to_ascii_uppercase() {
        state if state == "S" => "ST".to_owned(),
        name => name,
    })
}

/// A value without its escapes, and what comes after the comma behind it, if one does.
fn value(text: &str) -> Option<(String, Option<&str>)> {
    // Spaces around a value are none of it, unless they are escaped.
    let text = text.trim_start_matches(' ');
    if text.starts_with('#') {
        return None;
    }
    let (mut value, mut kept) = (Vec::new(), 0);
    let mut chars = text.char_indices();
    while let Some((index, it)) = chars.next() {
        match it {
            ',' => return ended(value, kept).map(|it| (it, text.get(index + 1..))),
            '+' | ';' | '"' | '<' | '>' | '\0' => return None,
            '\\' => {
                let (_, escaped) = chars.next()?;
                match escaped.to_digit(16) {
                    Some(high) => {
                        let low = chars.next()?.1.to_digit(16)?;
                        value.push(u8::try_from(high * 16 + low).ok()?);
                    }
                    None if " \"#+,;<=>\\".contains(escaped) => value.push(escaped as u8),
                    None => return None,
                }
                kept = value.len();
            }
            other => {
                value.extend(other.encode_utf8(&mut [0; 4]).as_bytes());
                kept = if other == ' ' { kept } else { value.len() };
            }
        }
    }
    ended(value, kept).map(|it| (it, None))
}

fn ended(mut value: Vec<u8>, kept: usize) -> Option<String> {
    value.truncate(kept);
    String::from_utf8(value).ok().filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&[(&str, &str)]>) {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let expect = expect.map(|all| DistinguishedName(all.iter().map(own).collect()));
        assert_eq!(DistinguishedName::parse(text).ok(), expect, "{text}");
    }

    #[test]
    fn a_name_is_read_with_its_escapes() {
        let acme = [("C", "US"), ("O", "acme"), ("ST", "WA")];
        check("C=US,ST=WA,O=acme", Some(&acme));
        check(" c = US , S=WA ,  O=acme  ", Some(&acme));
        let odd = [("C", "US"), ("O", "Acme, Inc.=1"), ("ST", " ä ")];
        check(r"C=US,ST=\ ä\ ,O=Acme\, Inc.\=1", Some(&odd));
        check(r"C=US,ST=\20\C3\A4\20,O=Acme\2c Inc.=1", Some(&odd));
        let more = [("2.5.4.97", "x"), ("C", "US"), ("O", "a"), ("ST", "b")];
        check("2.5.4.97=x,C=US,O=a,ST=b", Some(&more));
    }

    #[test]
    fn what_is_no_name_or_says_not_who_is_refused() {
        for text in [
            "",
            "C",
            "C=US",
            "C=US,ST=WA",
            "C=,ST=WA,O=a",
            "C=US,ST=WA,O=a,",
            "C=US,C=US,ST=WA,O=a",
            "C=US,ST=WA,S=WA,O=a",
            "C=US+ST=WA,O=a",
            "C=#0c,ST=WA,O=a",
            "C=\"US\",ST=WA,O=a",
            "C=US;ST=WA;O=a",
            r"C=US,ST=WA,O=a\",
            r"C=US,ST=WA,O=\zz",
            r"C=US,ST=WA,O=\ff",
            "=x,C=US,ST=WA,O=a",
            "*",
        ] {
            check(text, None);
        }
        check(&format!("C=US,ST=WA,O={}", "a".repeat(NAME_BYTES_MAX)), None);
    }

    #[test]
    fn a_subject_may_say_more_and_not_less_and_nothing_twice() {
        let name = DistinguishedName::parse("C=US,ST=WA,O=acme").unwrap();
        let subject = |text: &str| -> Vec<(String, Option<String>)> {
            let pair = |it: &str| {
                let (name, value) = it.split_once('=').unwrap();
                (name.to_owned(), (!value.is_empty()).then(|| value.to_owned()))
            };
            text.split(',').map(pair).collect()
        };
        assert!(name.is_had_by(&subject("C=US,ST=WA,O=acme")));
        assert!(name.is_had_by(&subject("CN=x,O=acme,ST=WA,C=US")));
        for other in
            ["C=US,ST=WA,O=Acme", "C=US,ST=WA", "C=US,ST=WA,O=acme,O=acme", "C=US,ST=WA,O="]
        {
            assert!(!name.is_had_by(&subject(other)), "{other}");
        }
    }
}
