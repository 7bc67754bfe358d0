//! How long a verdict holds.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Serialize};

/// How long a verdict holds: `24h`, `7d`, `1d 12h`; at least a minute and at most a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct Validity(SignedDuration);

const LEAST: SignedDuration = SignedDuration::from_mins(1);
const MOST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Why a text is no validity.
#[derive(Debug, thiserror::Error)]
pub enum ValidityError {
    /// Not a duration.
    #[error("{text:?} is not a duration such as `24h` or `7d`")]
    Duration {
        /// What was read.
        text: String,
        /// What is wrong with it.
        #[source]
        source: jiff::Error,
    },
    /// Shorter than a validation takes, or as good as for ever.
    #[error("{0:?} is not between one minute and one year")]
    Bounds(String),
}

impl Validity {
    /// As a duration.
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl Default for Validity {
    fn default() -> Self {
        Self(SignedDuration::from_hours(24))
    }
}

impl FromStr for Validity {
    type Err = ValidityError;

    fn from_str(text: &str) -> Result<Self, ValidityError> {
        let duration = text
            .parse::<Span>()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .map_err(|source| ValidityError::Duration { text: text.to_owned(), source })?;
        if (LEAST..=MOST).contains(&duration) {
            Ok(Self(duration))
        } else {
            Err(ValidityError::Bounds(text.to_owned()))
        }
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl TryFrom<String> for Validity {
    type Error = ValidityError;

    fn try_from(text: String) -> Result<Self, ValidityError> {
        text.parse()
    }
}

impl From<Validity> for String {
    fn from(validity: Validity) -> Self {
        validity.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        let hours = |text: &str| text.parse::<Validity>().map(|it| it.duration().as_hours()).ok();
        assert_eq!(hours("24h"), Some(24));
        assert_eq!(hours("7d"), Some(168));
        assert_eq!(hours("1d 12h"), Some(36));
        assert_eq!(hours("-1h"), None);
        assert_eq!(hours("0s"), None);
        assert_eq!(hours("99999999d"), None);
        assert_eq!(hours("soon"), None);
        let validity: Validity = "7d".parse().unwrap();
        assert_eq!(validity.to_string().parse::<Validity>().unwrap(), validity);
    }
}
