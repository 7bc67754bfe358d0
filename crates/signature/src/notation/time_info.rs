//! What a timestamp token says: when which hash was seen (RFC 3161 §2.4.2, TSTInfo).

use jiff::{SignedDuration, Timestamp};
use x509_cert::der::Error;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::elements::{
    BOOLEAN, Element, Elements, GENERALIZED_TIME, INTEGER, OCTETS, OID, SEQUENCE, malformed,
};

/// ETSI's best-practices policy for timestamps (EN 319 421 §5.2): a second where nothing is said.
const BASELINE_POLICY: &str = "0.4.0.2023.1.1";
/// The authority's name, and extensions.
const WHO: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa1;
/// Thousandths and millionths of a second.
const MILLIS: u8 = 0x80;
const MICROS: u8 = 0x81;

/// What a token says, read and not believed.
#[derive(Debug)]
pub(super) struct TimeInfo {
    /// The hash's algorithm, and the hash.
    pub(super) imprint: (ObjectIdentifier, Vec<u8>),
    pub(super) time: Timestamp,
    /// How far from it the clock may have been, to either side.
    accuracy: SignedDuration,
}

impl TimeInfo {
    /// Reads it in DER.
    pub(super) fn read(der: &[u8]) -> Result<Self, Error> {
        let mut parts = Element::only(der, SEQUENCE)?.inner()?;
        if parts.take(INTEGER)?.content != [1] {
            return Err(malformed());
        }
        let policy = parts.take(OID)?.oid()?;
        let imprint = imprint(parts.take(SEQUENCE)?.inner()?)?;
        parts.take(INTEGER)?;
        let time = parts.next()?.ok_or_else(malformed)?;
        if time.tag != GENERALIZED_TIME {
            return Err(malformed());
        }
        let time = time.time()?;
        let accuracy = match parts.take_if(SEQUENCE)? {
            Some(accuracy) => self::accuracy(accuracy.inner()?)?,
            None if policy.to_string() == BASELINE_POLICY => SignedDuration::from_secs(1),
            None => SignedDuration::ZERO,
        };
        // Whether others are ordered by it, a nonce, and the authority's name.
        for tag in [BOOLEAN, INTEGER, WHO] {
            parts.take_if(tag)?;
        }
        if let Some(extensions) = parts.take_if(EXTENSIONS)?
            // None is understood, so none may ask to be.
            && extensions.extensions()?.iter().any(|it| it.is_critical)
        {
            return Err(malformed());
        }
        parts.end()?;
        Ok(Self { imprint, time, accuracy })
    }

    /// The first and the last moment that it may have been.
    pub(super) fn range(&self) -> (Timestamp, Timestamp) {
        let first = self.time.checked_sub(self.accuracy).unwrap_or(Timestamp::MIN);
        let last = self.time.checked_add(self.accuracy).unwrap_or(Timestamp::MAX);
        (first, last)
    }
}

fn imprint(mut parts: Elements<'_>) -> Result<(ObjectIdentifier, Vec<u8>), Error> {
    let algorithm = parts.take(SEQUENCE)?.inner()?.take(OID)?.oid()?;
    let hash = parts.take(OCTETS)?.content.to_vec();
    parts.end()?;
    Ok((algorithm, hash))
}

fn accuracy(mut parts: Elements<'_>) -> Result<SignedDuration, Error> {
    let seconds = number(parts.take_if(INTEGER)?, u32::MAX.into())?;
    let millis = number(parts.take_if(MILLIS)?, 999)?;
    let micros = number(parts.take_if(MICROS)?, 999)?;
    parts.end()?;
    Ok(SignedDuration::from_secs(seconds)
        + SignedDuration::from_millis(millis)
        + SignedDuration::from_micros(micros))
}

/// A number that is not negative, nor greater than that.
fn number(element: Option<Element<'_>>, max: i64) -> Result<i64, Error> {
    let Some(element) = element else { return Ok(0) };
    let (number, sign) = (element.number(), element.content.first());
    if number.len() > 4 || sign.is_none_or(|it| *it >= 0x80) {
        return Err(malformed());
    }
    let number = number.iter().fold(0, |sum, it| sum << 8 | i64::from(*it));
    if number <= max { Ok(number) } else { Err(malformed()) }
}
