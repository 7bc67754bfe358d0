//! One list of revoked certificates, read (RFC 5280 §5.1, §5.2, §5.3).

use jiff::Timestamp;
use x509_cert::certificate::Certificate;
use x509_cert::der::Error;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::BasicConstraints;

use super::{DISTRIBUTION, extension};
use crate::elements::{
    ENUMERATED, Element, Elements, Extension, INTEGER, OID, SEQUENCE, malformed, without_zeros,
};
use crate::key::PublicKey;
use crate::signed;

/// A list is not longer: one of a hundred thousand certificates measures 4 MiB.
const LIST_BYTES_MAX: usize = 4 << 20;
const NUMBER: &str = "2.5.29.20";
const REASON: &str = "2.5.29.21";
const INVALIDITY: &str = "2.5.29.24";
const CHANGES: &str = "2.5.29.27";
const SCOPE: &str = "2.5.29.28";
const BITS: u8 = 0x03;
/// `[0]`: the extensions of a list, the place of a scope, the full name of a place.
const FIRST: u8 = 0xa0;
const HOLD: u8 = 6;
const REMOVED: u8 = 8;

/// A list, of which only its issuer is not yet known to have signed it.
#[derive(Debug)]
pub(super) struct List {
    signed: Vec<u8>,
    algorithm: ObjectIdentifier,
    signature: Vec<u8>,
    /// Its issuer's name (DER).
    pub(super) issuer: Vec<u8>,
    /// When it was made, and when the next one comes.
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// What it revokes, one after another.
    entries: Vec<u8>,
    number: Option<Number>,
    /// The number of the list that it says the changes since, if it is such a one.
    pub(super) base: Option<Number>,
    scope: Option<Scope>,
    /// What must be understood of it and is not.
    pub(super) critical: Option<String>,
}

/// A number of a list's: the longer is the greater, and of two as long the later in order.
type Number = (usize, Vec<u8>);

/// Which certificates a list is about (RFC 5280 §5.2.5).
#[derive(Debug, Default)]
struct Scope {
    /// Names of the places that it is at, if it is at some alone (DER).
    places: Option<Vec<Vec<u8>>>,
    only_users: bool,
    only_authorities: bool,
    /// Some reasons alone, other issuers' too, or no certificates of keys.
    is_partial: bool,
}

/// Why bytes are no list of revoked certificates.
#[derive(Debug, thiserror::Error)]
pub enum RevocationListError {
    /// Longer than any.
    #[error("list of revoked certificates has {0} bytes, and {LIST_BYTES_MAX} are read")]
    TooLarge(usize),
    /// More of them than are looked into.
    #[error("more than {0} lists of revoked certificates are named")]
    TooMany(usize),
    /// Not a list, or not one of version 2.
    #[error("it is no list of revoked certificates of version 2")]
    Malformed(#[source] x509_cert::der::Error),
    /// It could be old for ever.
    #[error("list of revoked certificates does not say when the next one comes")]
    Endless,
}

/// What a list says of a certificate.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) since: Timestamp,
    reason: u8,
    /// From when on what it signed is not to be believed, if its issuer says so.
    invalid: Option<Timestamp>,
    pub(super) critical: Option<String>,
}

impl List {
    /// Reads one (DER).
    pub(super) fn read(der: &[u8]) -> Result<Self, RevocationListError> {
        if der.len() > LIST_BYTES_MAX {
            return Err(RevocationListError::TooLarge(der.len()));
        }
        let read = Self::elements(der).map_err(RevocationListError::Malformed)?;
        read.ok_or(RevocationListError::Endless)
    }

    fn elements(der: &[u8]) -> Result<Option<Self>, Error> {
        let mut parts = Element::only(der, SEQUENCE)?.inner()?;
        let (signed, algorithm) = (parts.take(SEQUENCE)?, parts.take(SEQUENCE)?);
        let signature = parts.take(BITS)?;
        parts.end()?;
        let mut tbs = signed.inner()?;
        if tbs.take(INTEGER)?.content != [1] || tbs.take(SEQUENCE)?.whole != algorithm.whole {
            return Err(malformed());
        }
        let issuer = tbs.take(SEQUENCE)?;
        let from = tbs.next()?.ok_or_else(malformed)?.time()?;
        let mut rest = tbs.rest()?.into_iter().peekable();
        let Some(until) = rest.next_if(Element::is_time) else { return Ok(None) };
        let entries = rest.next_if(|it| it.tag == SEQUENCE);
        let extensions = rest.next_if(|it| it.tag == FIRST);
        if rest.next().is_some() {
            return Err(malformed());
        }
        let mut list = Self {
            signed: signed.whole.to_vec(),
            algorithm: algorithm.inner()?.take(OID)?.oid()?,
            // A whole number of bytes.
            signature: signature.content.strip_prefix(&[0]).ok_or_else(malformed)?.to_vec(),
            issuer: issuer.whole.to_vec(),
            from,
            until: until.time()?,
            entries: entries.map(|it| it.content.to_vec()).unwrap_or_default(),
            number: None,
            base: None,
            scope: None,
            critical: None,
        };
        // That each can be told from the next.
        let mut entries = Elements::of(&list.entries)?;
        while let Some(entry) = entries.next()? {
            entry.inner()?.take(INTEGER)?;
        }
        if let Some(extensions) = extensions {
            for extension in Element::only(extensions.content, SEQUENCE)?.extensions()? {
                list.take(extension)?;
            }
        }
        Ok(Some(list))
    }

    fn take(&mut self, extension: Extension<'_>) -> Result<(), Error> {
        let number = |it: Extension<'_>| {
            let number = Element::only(it.value, INTEGER)?.number().to_vec();
            Ok::<_, Error>(Some((number.len(), number)))
        };
        match extension.id.to_string().as_str() {
            NUMBER => self.number = number(extension)?,
            CHANGES => self.base = number(extension)?,
            SCOPE => self.scope = Some(Scope::read(extension.value)?),
            other if extension.is_critical => self.critical = Some(other.to_owned()),
            _ => {}
        }
        Ok(())
    }

    /// Whether this key made its signature.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        signed::verifies(self.algorithm, key, &self.signed, &self.signature)
    }

    /// Whether it is made, and the next one not yet to come.
    pub(super) fn is_of(&self, now: Timestamp) -> bool {
        (self.from..=self.until).contains(&now)
    }

    /// Whether it would name this certificate of its issuer's, for whatever reason it is revoked.
    pub(super) fn covers(&self, certificate: &Certificate) -> bool {
        self.scope.as_ref().is_none_or(|it| it.covers(certificate))
    }

    /// Whether it says what has changed since that complete list (RFC 5280 §5.2.4).
    pub(super) fn changes(&self, complete: &Self) -> bool {
        match (&self.base, &self.number, &complete.number) {
            (Some(base), Some(own), Some(complete)) => base <= complete && complete < own,
            _ => false,
        }
    }

    /// What it says of this certificate.
    pub(super) fn entries(&self, certificate: &Certificate) -> Result<Vec<Entry>, Error> {
        let serial = without_zeros(certificate.tbs_certificate.serial_number.as_bytes());
        let (mut all, mut found) = (Elements::of(&self.entries)?, Vec::new());
        while let Some(entry) = all.next()? {
            let mut parts = entry.inner()?;
            if parts.take(INTEGER)?.number() == serial {
                found.push(Entry::read(parts)?);
            }
        }
        Ok(found)
    }
}

impl Scope {
    fn read(der: &[u8]) -> Result<Self, Error> {
        let mut scope = Self::default();
        for part in Element::only(der, SEQUENCE)?.inner()?.rest()? {
            match part.tag {
                FIRST => scope.places = Some(names(part)?),
                0x81 => scope.only_users = part.content != [0],
                0x82 => scope.only_authorities = part.content != [0],
                0x83 => scope.is_partial = true,
                0x84 | 0x85 => scope.is_partial |= part.content != [0],
                _ => return Err(malformed()),
            }
        }
        Ok(scope)
    }

    fn covers(&self, certificate: &Certificate) -> bool {
        let Ok(constraints) = certificate.tbs_certificate.get::<BasicConstraints>() else {
            return false;
        };
        let is_authority = constraints.is_some_and(|(_, it)| it.ca);
        let is_other = if is_authority { self.only_users } else { self.only_authorities };
        let is_there = |own: &Vec<Vec<u8>>| {
            places(certificate).is_ok_and(|it| it.iter().any(|name| own.contains(name)))
        };
        !self.is_partial && !is_other && self.places.as_ref().is_none_or(is_there)
    }
}

/// The places at which a certificate says that a list for all reasons of its issuer's is (RFC 5280
/// §4.2.1.13).
fn places(certificate: &Certificate) -> Result<Vec<Vec<u8>>, Error> {
    let Some(points) = extension(certificate, DISTRIBUTION) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for point in Element::only(points, SEQUENCE)?.inner()?.rest()? {
        if let [place] = point.inner()?.rest()?[..]
            && place.tag == FIRST
        {
            all.extend(names(place)?);
        }
    }
    Ok(all)
}

/// The names of a place; none where it is named by its issuer's name and a part besides.
fn names(place: Element<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let Some(full) = place.inner()?.take_if(FIRST)? else { return Ok(Vec::new()) };
    Ok(full.inner()?.rest()?.iter().map(|it| it.whole.to_vec()).collect())
}

impl Entry {
    fn read(mut parts: Elements<'_>) -> Result<Self, Error> {
        let since = parts.next()?.ok_or_else(malformed)?.time()?;
        let mut read = Self { since, reason: 0, invalid: None, critical: None };
        let extensions = match parts.take_if(SEQUENCE)? {
            Some(extensions) => extensions.extensions()?,
            None => Vec::new(),
        };
        parts.end()?;
        for extension in extensions {
            match extension.id.to_string().as_str() {
                REASON => match Element::only(extension.value, ENUMERATED)?.content {
                    [reason] => read.reason = *reason,
                    _ => return Err(malformed()),
                },
                INVALIDITY => {
                    let mut time = Elements::of(extension.value)?;
                    read.invalid = Some(time.next()?.ok_or_else(malformed)?.time()?);
                }
                other if extension.is_critical => read.critical = Some(other.to_owned()),
                _ => {}
            }
        }
        Ok(read)
    }

    /// Whether a later list may take it back.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self.reason, HOLD | REMOVED)
    }

    /// Whether it is revoked for the time being.
    pub(super) fn is_held(&self) -> bool {
        self.reason == HOLD
    }

    /// Whether what was made then is still to be believed (RFC 5280 §5.3.2).
    pub(super) fn is_later_than(&self, made: Option<Timestamp>) -> bool {
        matches!((made, self.invalid), (Some(made), Some(invalid)) if made < invalid)
    }

    /// The reason, in a word of RFC 5280's (§5.3.1).
    pub(super) fn reason_word(&self) -> &'static str {
        match self.reason {
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            HOLD => "certificateHold",
            REMOVED => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            _ => "unspecified",
        }
    }
}
