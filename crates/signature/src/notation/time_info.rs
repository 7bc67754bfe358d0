//! What a timestamp token says: when which hash was seen (RFC 3161 §2.4.2, TSTInfo).

use jiff::{SignedDuration, Timestamp};
use x509_cert::der::asn1::{ContextSpecific, Int, ObjectIdentifier, OctetString};
use x509_cert::der::{Any, ErrorKind, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::AlgorithmIdentifierOwned;

type DerError = x509_cert::der::Error;

/// ETSI's best-practices policy for timestamps (EN 319 421 §5.2): a second where nothing is said.
const BASELINE_POLICY: &str = "0.4.0.2023.1.1";

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
    pub(super) fn read(der: &[u8]) -> Result<Self, DerError> {
        let mut reader = SliceReader::new(der)?;
        let info = reader.sequence(|reader| {
            if reader.decode::<u8>()? != 1 {
                return Err(Tag::Integer.value_error());
            }
            let policy: ObjectIdentifier = reader.decode()?;
            let imprint = reader.sequence(|reader| {
                let algorithm: AlgorithmIdentifierOwned = reader.decode()?;
                let hash: OctetString = reader.decode()?;
                Ok((algorithm.oid, hash.into_bytes()))
            })?;
            reader.decode::<Int>()?;
            let time = time(&reader.decode()?)?;
            let accuracy = match reader.is_finished() || reader.peek_tag()? != Tag::Sequence {
                false => reader.sequence(accuracy)?,
                true if policy.to_string() == BASELINE_POLICY => SignedDuration::from_secs(1),
                true => SignedDuration::ZERO,
            };
            // Whether others are ordered by it, a nonce, and the authority's name.
            let _: Option<bool> = reader.decode()?;
            let _: Option<Int> = reader.decode()?;
            ContextSpecific::<GeneralName>::decode_explicit(reader, TagNumber::N0)?;
            let extensions: Option<Extensions> =
                reader.context_specific(TagNumber::N1, TagMode::Implicit)?;
            // None is understood, so none may ask to be.
            if extensions.iter().flatten().any(|it| it.critical) {
                return Err(ErrorKind::Failed.into());
            }
            Ok(Self { imprint, time, accuracy })
        })?;
        reader.finish(info)
    }

    /// The first and the last moment that it may have been.
    pub(super) fn range(&self) -> (Timestamp, Timestamp) {
        let first = self.time.checked_sub(self.accuracy).unwrap_or(Timestamp::MIN);
        let last = self.time.checked_add(self.accuracy).unwrap_or(Timestamp::MAX);
        (first, last)
    }
}

/// `20240601000000Z`, with a fraction of a second or without (RFC 3161 §2.4.2).
fn time(value: &Any) -> Result<Timestamp, DerError> {
    let wrong = || Tag::GeneralizedTime.value_error();
    if value.tag() != Tag::GeneralizedTime {
        return Err(value.tag().unexpected_error(Some(Tag::GeneralizedTime)));
    }
    let text = std::str::from_utf8(value.value()).map_err(|_| wrong())?;
    let text = text.strip_suffix('Z').ok_or_else(wrong)?;
    let (second, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if second.len() != 14 || !digits(second) || fraction.len() > 9 || !digits(fraction) {
        return Err(wrong());
    }
    let (day, hour) = second.split_at(8);
    format!("{day}T{hour}.{fraction}Z").parse().map_err(|_| wrong())
}

fn accuracy<'r>(reader: &mut impl Reader<'r>) -> Result<SignedDuration, DerError> {
    let seconds: Option<u32> = reader.decode()?;
    let millis: Option<u16> = reader.context_specific(TagNumber::N0, TagMode::Implicit)?;
    let micros: Option<u16> = reader.context_specific(TagNumber::N1, TagMode::Implicit)?;
    let (millis, micros) = (millis.unwrap_or_default(), micros.unwrap_or_default());
    if millis > 999 || micros > 999 {
        return Err(Tag::Integer.value_error());
    }
    Ok(SignedDuration::from_secs(seconds.unwrap_or_default().into())
        + SignedDuration::from_millis(millis.into())
        + SignedDuration::from_micros(micros.into()))
}
