//! Who a keyless signer must be. A certificate is anybody's for the asking, so both are asked: who
//! it is, and who vouches for that.

use std::collections::BTreeMap;
use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::keyless::Signer;

/// The longest regular expression that is taken.
const PATTERN_BYTES_MAX: usize = 1024;
/// How much memory a compiled expression may take.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// Whom a keyless signature must be by.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who vouches for the subject.
    pub issuer: TextMatch,
    /// Who it is.
    pub subject: TextMatch,
    /// What else the certificate must say, by [`Signer::EXTENSIONS`]' names.
    pub extensions: BTreeMap<String, TextMatch>,
}

/// A text as it must be.
#[derive(Debug, Clone)]
pub struct TextMatch(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Exact(String),
    Pattern { text: String, anchored: Regex },
    AnythingUnsafe,
}

/// Why a pattern cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextMatchError {
    /// It can only match nothing.
    #[error("pattern is empty")]
    Empty,
    /// Longer than any that a person reads.
    #[error("pattern has {0} bytes, and may have {PATTERN_BYTES_MAX}")]
    TooLong(usize),
    /// Not a regular expression, or one that takes too much to match.
    #[error("pattern is no regular expression that can be used")]
    Regex(#[source] Box<regex::Error>),
}

impl Identity {
    /// Whether this is who signed. What the certificate does not say, it does not say as asked.
    pub fn is(&self, signer: &Signer) -> bool {
        self.name_of(signer).is_some()
    }

    /// The name by which this is who signed: the subject, or one of its other names.
    pub(crate) fn name_of<'s>(&self, signer: &'s Signer) -> Option<&'s str> {
        let mut names = std::iter::once(&signer.subject).chain(&signer.also);
        let name = names.find(|name| self.subject.covers(name))?;
        self.is_said_of(signer).then_some(name)
    }

    fn is_said_of(&self, signer: &Signer) -> bool {
        let says = |(name, asked): (&String, &TextMatch)| {
            signer.extensions.get(name.as_str()).is_some_and(|said| asked.covers(said))
        };
        self.issuer.covers(&signer.issuer) && self.extensions.iter().all(says)
    }
}

impl TextMatch {
    /// This text and no other.
    ///
    /// # Errors
    /// When it is empty.
    pub fn exact(text: &str) -> Result<Self, TextMatchError> {
        match text {
            "" => Err(TextMatchError::Empty),
            text => Ok(Self(Kind::Exact(text.to_owned()))),
        }
    }

    /// The texts that this expression covers from their beginning to their end: `me@acme` is not
    /// `not-me@acme.attacker.example`.
    ///
    /// # Errors
    /// When it is empty, too long or no expression of bounded size.
    pub fn regex(text: &str) -> Result<Self, TextMatchError> {
        bounded(text)?;
        // By itself first: `a)|(?:b` would come out of the anchors that are put around it.
        compiled(text)?;
        let anchored = compiled(&format!(r"\A(?:{text})\z"))?;
        Ok(Self(Kind::Pattern { text: format!("/{text}/"), anchored }))
    }

    /// The texts that this glob covers from their beginning to their end: `*` and `?` stay between
    /// two `/`, `**` does not, and nothing else in it means anything but itself.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn glob(text: &str) -> Result<Self, TextMatchError> {
        bounded(text)?;
        let mut expression = String::from(r"(?s)\A");
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let (taken, meant) = match char {
                '*' if rest.starts_with("**") => (2, ".*".to_owned()),
                '*' => (1, "[^/]*".to_owned()),
                '?' => (1, "[^/]".to_owned()),
                other => (other.len_utf8(), regex::escape(other.encode_utf8(&mut [0; 4]))),
            };
            expression.push_str(&meant);
            rest = rest.get(taken..).unwrap_or_default();
        }
        let anchored = compiled(&(expression + r"\z"))?;
        Ok(Self(Kind::Pattern { text: text.to_owned(), anchored }))
    }

    /// Any text at all. Whoever uses it says so in a word that says `unsafe`.
    pub fn anything_unsafe() -> Self {
        Self(Kind::AnythingUnsafe)
    }

    /// Whether it covers this text.
    pub fn covers(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Exact(exact) => exact == text,
            Kind::Pattern { anchored, .. } => anchored.is_match(text),
            Kind::AnythingUnsafe => true,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (for whom {} vouches)", self.subject, self.issuer)
    }
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Exact(text) => f.write_str(text),
            Kind::Pattern { text, .. } => f.write_str(text),
            Kind::AnythingUnsafe => f.write_str("anybody"),
        }
    }
}

fn bounded(text: &str) -> Result<(), TextMatchError> {
    match text.len() {
        0 => Err(TextMatchError::Empty),
        1..=PATTERN_BYTES_MAX => Ok(()),
        bytes => Err(TextMatchError::TooLong(bytes)),
    }
}

fn compiled(text: &str) -> Result<Regex, TextMatchError> {
    RegexBuilder::new(text)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(COMPILED_BYTES_MAX)
        .nest_limit(32)
        .build()
        .map_err(|source| TextMatchError::Regex(Box::new(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_expressions_cover_the_whole_text() {
        let covers = |pattern: &str, text: &str| TextMatch::regex(pattern).unwrap().covers(text);
        assert!(covers(r"me@acme\.example", "me@acme.example"));
        assert!(covers("a|b", "b"));
        for (pattern, text) in [
            (r"me@acme\.example", "not-me@acme.example"),
            (r"me@acme\.example", "me@acme.example.attacker.example"),
            ("a|b", "ab"),
            ("(?m)^a$", "a\nb"),
            ("a", "a\n"),
            ("", ""),
        ] {
            assert!(!TextMatch::regex(pattern).is_ok_and(|it| it.covers(text)), "{pattern}");
        }
    }

    #[test]
    fn a_glob_stays_between_two_slashes_and_means_nothing_else() {
        let covers = |glob: &str, text: &str| TextMatch::glob(glob).unwrap().covers(text);
        assert!(covers(
            "https://g/acme/*/ci.yml@refs/tags/**",
            "https://g/acme/a/ci.yml@refs/tags/x/1"
        ));
        assert!(covers("?*@acme.example", "me@acme.example"));
        for (glob, text) in [
            ("https://g/acme/*", "https://g/acme/a/b"),
            ("https://g/acme/*", "https://g/acme-attacker/a"),
            ("*@acme.example", "me@acmeXexample"),
            ("*@acme.example", "me@acme.example.attacker.example"),
            ("*@acme.example", "me@acme.example\n"),
            ("{a,b}", "a"),
            ("[ab]", "a"),
        ] {
            assert!(!covers(glob, text), "{glob}");
        }
    }

    #[test]
    fn p12_an_extension_that_is_asked_must_be_there_and_as_it_is_asked() {
        let exact = |text| TextMatch::exact(text).unwrap();
        let asked = |name: &str, text| Identity {
            issuer: exact("i"),
            subject: exact("s"),
            extensions: BTreeMap::from([(name.to_owned(), exact(text))]),
        };
        let signer = Signer {
            issuer: "i".to_owned(),
            subject: "s".to_owned(),
            also: Vec::new(),
            extensions: BTreeMap::from([("build-trigger", "push".to_owned())]),
            times: Vec::new(),
        };
        assert!(asked("build-trigger", "push").is(&signer));
        assert!(!asked("build-trigger", "pull_request").is(&signer));
        assert!(!asked("source-repository-ref", "push").is(&signer));
        let other = |issuer: &str, subject: &str| Signer {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            ..signer.clone()
        };
        assert!(!asked("build-trigger", "push").is(&other("i", "x")));
        assert!(!asked("build-trigger", "push").is(&other("x", "s")));
    }

    #[test]
    fn p11_expressions_are_bounded() {
        for pattern in ["a)|(?:b", "(", r"(\w{1000}){1000}", "(?x)a #", &"(".repeat(200)] {
            assert!(
                matches!(TextMatch::regex(pattern), Err(TextMatchError::Regex(_))),
                "{pattern}"
            );
        }
        let long = "a".repeat(PATTERN_BYTES_MAX + 1);
        assert!(matches!(TextMatch::regex(&long), Err(TextMatchError::TooLong(_))));
    }
}
