//! DER read an element at a time (X.690). What is made for each type anew costs a function kilobytes
//! that it has not (docs/decisions/011): this is made once.

use jiff::Timestamp;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Error, ErrorKind, Reader, SliceReader, Tag};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'d> {
    pub(crate) tag: u8,
    pub(crate) content: &'d [u8],
    /// With its tag and length.
    pub(crate) whole: &'d [u8],
}

/// An extension of a certificate's or a list's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension<'d> {
    pub(crate) id: ObjectIdentifier,
    pub(crate) is_critical: bool,
    pub(crate) value: &'d [u8],
}

/// Elements that stand one after another, in turn.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'d>(SliceReader<'d>);

impl<'d> Elements<'d> {
    /// Those of these bytes.
    pub(crate) fn of(der: &'d [u8]) -> Result<Self, Error> {
        SliceReader::new(der).map(Self)
    }

    /// The next, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<Element<'d>>, Error> {
        if self.0.is_finished() {
            return Ok(None);
        }
        let length = usize::try_from(self.0.peek_header()?.length)?;
        let whole = self.0.tlv_bytes()?;
        let tag = whole.first().copied().unwrap_or_default();
        let content = whole.get(whole.len().saturating_sub(length)..).unwrap_or_default();
        Ok(Some(Element { tag, content, whole }))
    }

    /// The next, which must be there and of this kind.
    pub(crate) fn take(&mut self, tag: u8) -> Result<Element<'d>, Error> {
        match self.next()? {
            Some(element) if element.tag == tag => Ok(element),
            _ => Err(malformed()),
        }
    }

    /// The next, if it is of this kind.
    pub(crate) fn take_if(&mut self, tag: u8) -> Result<Option<Element<'d>>, Error> {
        let mut ahead = self.clone();
        match ahead.next()? {
            Some(element) if element.tag == tag => {
                *self = ahead;
                Ok(Some(element))
            }
            _ => Ok(None),
        }
    }

    /// That there are no more.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.0.is_finished() { Ok(()) } else { Err(malformed()) }
    }

    /// All that are left.
    pub(crate) fn rest(mut self) -> Result<Vec<Element<'d>>, Error> {
        let mut all = Vec::new();
        while let Some(element) = self.next()? {
            all.push(element);
        }
        Ok(all)
    }
}

impl<'d> Element<'d> {
    /// The only element of these bytes, of this kind.
    pub(crate) fn only(der: &'d [u8], tag: u8) -> Result<Self, Error> {
        let mut all = Elements::of(der)?;
        let only = all.take(tag)?;
        all.end()?;
        Ok(only)
    }

    /// The elements in it.
    pub(crate) fn inner(&self) -> Result<Elements<'d>, Error> {
        Elements::of(self.content)
    }

    /// The identifier that it is.
    pub(crate) fn oid(&self) -> Result<ObjectIdentifier, Error> {
        ObjectIdentifier::from_der(self.whole)
    }

    /// The number that it is, without zeros before it.
    pub(crate) fn number(&self) -> &'d [u8] {
        without_zeros(self.content)
    }

    pub(crate) fn is_time(&self) -> bool {
        matches!(self.tag, UTC_TIME | GENERALIZED_TIME)
    }

    /// The time that it is: `240601000000Z` of the years from 1950 to 2049, or `20240601000000Z`, with
    /// a fraction of a second or without (RFC 5280 §4.1.2.5, RFC 3161 §2.4.2).
    pub(crate) fn time(&self) -> Result<Timestamp, Error> {
        let text = std::str::from_utf8(self.content).map_err(|_| malformed())?;
        let text = text.strip_suffix('Z').ok_or_else(malformed)?;
        let (second, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let (century, length) = match self.tag {
            UTC_TIME if text.starts_with(['0', '1', '2', '3', '4']) => ("20", 12),
            UTC_TIME => ("19", 12),
            GENERALIZED_TIME => ("", 14),
            _ => return Err(malformed()),
        };
        if second.len() != length || !digits(second) || fraction.len() > 9 || !digits(fraction) {
            return Err(malformed());
        }
        let (day, hour) = second.split_at(length - 6);
        format!("{century}{day}T{hour}.{fraction}Z").parse().map_err(|_| malformed())
    }

    /// The extensions that it is a sequence of.
    pub(crate) fn extensions(&self) -> Result<Vec<Extension<'d>>, Error> {
        let mut all = Vec::new();
        for element in self.inner()?.rest()? {
            let mut parts = element.inner()?;
            let id = parts.take(OID)?.oid()?;
            let is_critical = parts.take_if(BOOLEAN)?.is_some_and(|it| it.content != [0]);
            let value = parts.take(OCTETS)?.content;
            parts.end()?;
            all.push(Extension { id, is_critical, value });
        }
        Ok(all)
    }
}

/// A number's bytes without the zeros that say nothing.
pub(crate) fn without_zeros(bytes: &[u8]) -> &[u8] {
    let first = bytes.iter().position(|it| *it != 0).unwrap_or(bytes.len());
    bytes.get(first..).unwrap_or_default()
}

pub(crate) fn malformed() -> Error {
    ErrorKind::Value { tag: Tag::Sequence }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(tag: u8, text: &str) -> Option<String> {
        let der = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        Element::only(&der, tag).unwrap().time().ok().map(|it| it.to_string())
    }

    #[test]
    fn a_time_is_read_with_its_century_and_its_fraction() {
        let is = |tag, text, expect: &str| assert_eq!(time(tag, text).as_deref(), Some(expect));
        is(UTC_TIME, "491231235959Z", "2049-12-31T23:59:59Z");
        is(UTC_TIME, "500101000000Z", "1950-01-01T00:00:00Z");
        is(GENERALIZED_TIME, "20500101000000Z", "2050-01-01T00:00:00Z");
        is(GENERALIZED_TIME, "20500101000000.25Z", "2050-01-01T00:00:00.25Z");
        for wrong in ["", "Z", "500101000000", "5001010000Z", "501301000000Z", "+00101000000Z"] {
            assert_eq!(time(UTC_TIME, wrong), None, "{wrong}");
        }
        assert_eq!(time(GENERALIZED_TIME, "500101000000Z"), None);
        assert_eq!(time(OCTETS, "500101000000Z"), None);
    }

    #[test]
    fn elements_end_where_they_say_or_are_refused() {
        let der = [0x30, 6, 2, 1, 5, 4, 1, 9];
        let mut parts = Element::only(&der, SEQUENCE).unwrap().inner().unwrap();
        assert!(parts.take_if(OCTETS).unwrap().is_none());
        assert_eq!(parts.take(INTEGER).unwrap().content, [5]);
        assert!(parts.end().is_err());
        assert_eq!(parts.take_if(OCTETS).unwrap().unwrap().whole, [4, 1, 9]);
        parts.end().unwrap();
        for wrong in [&der[..7], &[&der[..], &[0]].concat(), &[0x30, 0x81, 0], &[0x30, 0x80, 0, 0]]
        {
            assert!(Element::only(wrong, SEQUENCE).is_err(), "{wrong:?}");
        }
    }
}
