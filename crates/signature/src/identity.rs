//! Who a keyless signer must be. A certificate is anybody's for the asking, so both are asked: who
//! it is, and who vouches for that.

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
}

/// A text as it must be.
#[derive(Debug, Clone)]
pub struct TextMatch(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Exact(String),
    Regex { text: String, anchored: Regex },
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
    /// Whether this is who signed.
    pub fn is(&self, signer: &Signer) -> bool {
        self.issuer.covers(&signer.issuer) && self.subject.covers(&signer.subject)
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
        match text.len() {
            0 => return Err(TextMatchError::Empty),
            1..=PATTERN_BYTES_MAX => {}
            bytes => return Err(TextMatchError::TooLong(bytes)),
        }
        // By itself first: `a)|(?:b` would come out of the anchors that are put around it.
        compiled(text)?;
        let anchored = compiled(&format!(r"\A(?:{text})\z"))?;
        Ok(Self(Kind::Regex { text: text.to_owned(), anchored }))
    }

    /// Whether it covers this text.
    pub fn covers(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Exact(exact) => exact == text,
            Kind::Regex { anchored, .. } => anchored.is_match(text),
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
            Kind::Regex { text, .. } => write!(f, "/{text}/"),
        }
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
