//! Lists of revoked certificates (RFC 5280 §5) by the tests' own authorities, with every part to be
//! changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::signer::Signer;
use crate::sigstore::authority::extension;
use crate::sigstore::der::{
    bits, boolean, explicit, generalized_time, integer, oid, sequence, tlv, utc_time,
};

const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
/// Why a certificate is revoked: its key is somebody else's too.
pub const KEY_COMPROMISE: u8 = 1;
/// It is revoked for the time being.
pub const HOLD: u8 = 6;
/// It is not revoked any more.
pub const REMOVED: u8 = 8;

/// A list as a test wants it.
#[derive(Debug, Clone)]
pub struct RevocationList {
    /// When it is made and when the next one comes, in seconds.
    pub times: (i64, Option<i64>),
    /// Its number, and that of the list that it says the changes since.
    pub numbers: (u64, Option<u64>),
    /// What it revokes.
    pub entries: Vec<Revoked>,
    /// More extensions: their number, whether critical, and value.
    pub extensions: Vec<(&'static str, bool, Vec<u8>)>,
    /// Whether it says that it is of version 2.
    pub is_second_version: bool,
}

/// What a list says of a certificate.
#[derive(Debug, Clone)]
pub struct Revoked {
    /// The certificate's number.
    pub serial: u64,
    /// Since when, in seconds.
    pub since: i64,
    /// Why.
    pub reason: Option<u8>,
    /// From when on it is not to be believed, in seconds.
    pub invalid: Option<i64>,
    /// Whether it says something that nobody understands.
    pub is_odd: bool,
}

impl Revoked {
    /// That certificate, since that second, for that reason.
    pub fn new(serial: u64, since: i64, reason: u8) -> Self {
        Self { serial, since, reason: Some(reason), invalid: None, is_odd: false }
    }

    fn der(&self) -> Vec<u8> {
        let reason = self.reason.map(|it| extension("2.5.29.21", false, &tlv(10, &[it])));
        let invalid = self.invalid.map(|it| extension("2.5.29.24", false, &generalized_time(it)));
        let odd = self.is_odd.then(|| extension("1.2.3.4", true, &[5, 0]));
        let all: Vec<Vec<u8>> = reason.into_iter().chain(invalid).chain(odd).collect();
        let extensions = if all.is_empty() { Vec::new() } else { sequence(&all) };
        sequence(&[integer(self.serial), utc_time(self.since), extensions])
    }
}

impl RevocationList {
    /// One that was made at that second and is good for so many, and revokes these.
    pub fn new(from: i64, seconds: i64, entries: Vec<Revoked>) -> Self {
        Self {
            times: (from, Some(from + seconds)),
            numbers: (1, None),
            entries,
            extensions: Vec::new(),
            is_second_version: true,
        }
    }

    /// It, in DER, by the holder of this key with this name (DER).
    pub fn signed(&self, issuer: &[u8], by: &Signer) -> Vec<u8> {
        let algorithm = sequence(&[oid(ECDSA_SHA256)]);
        let entries: Vec<Vec<u8>> = self.entries.iter().map(Revoked::der).collect();
        let mut extensions = vec![extension("2.5.29.20", false, &integer(self.numbers.0))];
        extensions.extend(self.numbers.1.map(|it| extension("2.5.29.27", true, &integer(it))));
        let more = self.extensions.iter().map(|(id, critical, it)| extension(id, *critical, it));
        extensions.extend(more);
        let signed = sequence(&[
            if self.is_second_version { integer(1) } else { Vec::new() },
            algorithm.clone(),
            issuer.to_vec(),
            utc_time(self.times.0),
            self.times.1.map(utc_time).unwrap_or_default(),
            if entries.is_empty() { Vec::new() } else { sequence(&entries) },
            explicit(0, &sequence(&extensions)),
        ]);
        let signature = by.signature(&signed);
        sequence(&[signed, algorithm, bits(&signature)])
    }
}

/// The scope of a list (RFC 5280 §5.2.5): of signers alone, of authorities alone, or at this URI.
pub fn scope(users: bool, authorities: bool, uri: Option<&str>) -> (&'static str, bool, Vec<u8>) {
    let only = |number: u8, it: bool| match it {
        true => tlv(0x80 | number, &boolean(true)[2..]),
        false => Vec::new(),
    };
    let point = uri.map(|it| explicit(0, &explicit(0, &tlv(0x86, it.as_bytes()))));
    let parts = [point.unwrap_or_default(), only(1, users), only(2, authorities)];
    ("2.5.29.28", true, sequence(&parts))
}

/// Where a certificate says that its issuer would revoke it (RFC 5280 §4.2.1.13).
pub fn distribution_point(uri: &str) -> (&'static str, bool, Vec<u8>) {
    let name = explicit(0, &explicit(0, &tlv(0x86, uri.as_bytes())));
    ("2.5.29.31", false, sequence(&[sequence(&[name])]))
}

/// A list in DER, from PEM.
pub fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|it| !it.starts_with("-----")).collect();
    STANDARD.decode(text).unwrap()
}

/// A list in PEM.
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|it| std::str::from_utf8(it).unwrap()).collect();
    format!("-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n", lines.join("\n"))
}
