//! What is wrong with a document of YAML, and where.

use std::fmt;

use serde::de::{self, Expected, Unexpected};
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

/// What is wrong, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) what: What,
    place: Option<(u64, u64)>,
}

/// What can be wrong.
#[derive(Debug)]
pub(crate) enum What {
    /// A key, or the name of one of several, that nobody knows.
    UnknownKey { key: String, known: &'static [&'static str] },
    /// Anything else.
    Other(String),
}

impl Fault {
    /// The fault, which lies there unless it lies deeper.
    pub(super) fn or_at(self, line: u64, column: u64) -> Self {
        Self { place: self.place.or(Some((line, column))), ..self }
    }

    /// The line and the column, from 1.
    pub(crate) fn place(&self) -> (u64, u64) {
        self.place.unwrap_or((1, 1))
    }
}

// In its message without its place, which is told once.
impl From<serde_saphyr::Error> for Fault {
    fn from(error: serde_saphyr::Error) -> Self {
        let place = error.location().map(|place| (place.line(), place.column()));
        let error = error.without_snippet();
        let text = DefaultMessageFormatter.format_message(error);
        Self { what: What::Other(text.replace(char::is_control, " ")), place }
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self { what: What::Other(what.to_string()), place: None }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match found {
            Unexpected::Unit => {
                Self::custom(format_args!("nothing stands there, expected {expected}"))
            }
            _ => Self::custom(format_args!("invalid type: {found}, expected {expected}")),
        }
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self { what: What::UnknownKey { key: field.to_owned(), known }, place: None }
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Self::unknown_field(variant, known)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::UnknownKey { key, .. } => write!(f, "unknown key {key:?}")?,
            What::Other(what) => f.write_str(what)?,
        }
        let (line, column) = self.place();
        write!(f, " at line {line}, column {column}")
    }
}

impl std::error::Error for Fault {}
