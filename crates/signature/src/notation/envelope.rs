//! What an envelope of either format holds, and the rules that both share
//! (signature-specification.md, "Signature Envelope").

use jiff::Timestamp;

use super::algorithm::NotationAlgorithm;
use crate::fault::Cause;

/// The only payload that a Notation signature of an image is over.
pub(super) const PAYLOAD: &str = "application/vnd.cncf.notary.payload.v1+json";
/// An envelope larger than this is not read: one with a chain of ten certificates and a timestamp
/// measures less than 40 KiB.
pub(super) const ENVELOPE_BYTES_MAX: usize = 1 << 20;
/// How many certificates a chain may have.
pub(super) const CHAIN_MAX: usize = 10;

/// Names of what is signed beside the payload.
pub(super) const SCHEME: &str = "io.cncf.notary.signingScheme";
pub(super) const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
pub(super) const AUTHENTIC_TIME: &str = "io.cncf.notary.authenticSigningTime";
pub(super) const EXPIRY: &str = "io.cncf.notary.expiry";
/// The timestamp token, which is not signed.
pub(super) const TIMESTAMP: &str = "io.cncf.notary.timestampSignature";
/// How the names start by which a signer asks for a plug-in of the verifier's.
const PLUGIN: &str = "io.cncf.notary.verificationPlugin";

/// In which format an envelope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvelopeFormat {
    /// JSON Web Signature, flattened (RFC 7515 §7.2.2).
    Jws,
    /// COSE_Sign1 (RFC 9052 §4.2).
    Cose,
}

/// Who says when it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningScheme {
    /// The signer, who is not believed (`notary.x509`).
    Signer(Option<Timestamp>),
    /// The signing authority, which is (`notary.x509.signingAuthority`).
    SigningAuthority(Timestamp),
}

/// An envelope, read and not believed.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The bytes that the signature is over.
    pub(super) signed: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) algorithm: NotationAlgorithm,
    pub(super) payload: Vec<u8>,
    pub(super) attributes: Attributes,
    /// The certificates, the signer's first, in DER.
    pub(super) chain: Vec<Vec<u8>>,
    /// The timestamp token over the signature (RFC 3161), if there is one.
    pub(super) timestamp: Option<Vec<u8>>,
}

/// What is signed beside the payload.
#[derive(Debug)]
pub(super) struct Attributes {
    pub(super) scheme: SigningScheme,
    pub(super) expiry: Option<Timestamp>,
    /// The verification plug-in that the signer asks for.
    pub(super) plugin: Option<String>,
}

/// Why bytes are no envelope of Notation's.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than any.
    #[error("envelope has {0} bytes, and {ENVELOPE_BYTES_MAX} are read")]
    TooLarge(usize),
    /// Not of its format.
    #[error("envelope is not a {0}")]
    Shape(&'static str, #[source] Cause),
    /// A part that must be there is not.
    #[error("envelope has no {0}")]
    Missing(&'static str),
    /// A part that must not be there is.
    #[error("envelope has {0:?}, which does not belong there")]
    Superfluous(String),
    /// A part is not what it must be.
    #[error("{name:?} of the envelope is {value:?}")]
    Value {
        /// Which part.
        name: &'static str,
        /// What it is.
        value: String,
    },
    /// A part of the wrong form.
    #[error("{0:?} of the envelope is malformed")]
    Malformed(&'static str),
    /// It must be understood, and is not known.
    #[error("its signer asks that {0:?} be understood, which nobody does here")]
    Critical(String),
    /// What must be understood is not marked so.
    #[error("{0:?} is not marked critical, as it must be")]
    NotCritical(&'static str),
    /// More certificates than any chain has.
    #[error("envelope has a chain of {0} certificates, and 1 to {CHAIN_MAX} are read")]
    Chain(usize),
}

/// The attributes as a format reads them.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) scheme: Option<String>,
    pub(super) signing_time: Option<Timestamp>,
    pub(super) authentic_time: Option<Timestamp>,
    pub(super) expiry: Option<Timestamp>,
    pub(super) critical: Vec<String>,
    /// The names and texts of all others.
    pub(super) others: Vec<(String, Option<String>)>,
}

impl Read {
    /// The attributes, if they keep the rules.
    pub(super) fn attributes(self) -> Result<Attributes, EnvelopeError> {
        let scheme = match (self.scheme.as_deref(), self.signing_time, self.authentic_time) {
            (Some("notary.x509"), time, None) => SigningScheme::Signer(time),
            (Some("notary.x509"), _, Some(_)) => {
                return Err(EnvelopeError::Superfluous(AUTHENTIC_TIME.to_owned()));
            }
            (Some("notary.x509.signingAuthority"), None, Some(time)) => {
                SigningScheme::SigningAuthority(time)
            }
            (Some("notary.x509.signingAuthority"), Some(_), _) => {
                return Err(EnvelopeError::Superfluous(SIGNING_TIME.to_owned()));
            }
            (Some("notary.x509.signingAuthority"), None, None) => {
                return Err(EnvelopeError::Missing(AUTHENTIC_TIME));
            }
            (Some(other), ..) => {
                return Err(EnvelopeError::Value { name: SCHEME, value: shown(other) });
            }
            (None, ..) => return Err(EnvelopeError::Missing(SCHEME)),
        };
        self.all_critical(scheme)?;
        let signed_at = match scheme {
            SigningScheme::Signer(time) => time,
            SigningScheme::SigningAuthority(time) => Some(time),
        };
        if let (Some(expiry), Some(time)) = (self.expiry, signed_at)
            && expiry <= time
        {
            return Err(EnvelopeError::Value { name: EXPIRY, value: expiry.to_string() });
        }
        let asks = |(name, _): &&(String, _)| name.starts_with(PLUGIN);
        let plugin = self.others.iter().find(asks);
        let plugin = plugin.map(|(name, text)| shown(text.as_deref().unwrap_or(name)));
        Ok(Attributes { scheme, expiry: self.expiry, plugin })
    }

    /// What must be understood is marked so, is there, and is understood.
    fn all_critical(&self, scheme: SigningScheme) -> Result<(), EnvelopeError> {
        let mut must = vec![SCHEME];
        must.extend(self.expiry.map(|_| EXPIRY));
        must.extend(matches!(scheme, SigningScheme::SigningAuthority(_)).then_some(AUTHENTIC_TIME));
        // What a plug-in must understand is told of once its signer is known.
        let is_plugin =
            |name: &str| name.starts_with(PLUGIN) && self.others.iter().any(|(own, _)| own == name);
        let unknown = |name: &&String| !must.contains(&name.as_str()) && !is_plugin(name);
        if let Some(name) = self.critical.iter().find(unknown) {
            return Err(EnvelopeError::Critical(shown(name)));
        }
        let has = |name: &str| self.critical.iter().any(|it| it == name);
        match must.into_iter().find(|name| !has(name)) {
            Some(name) => Err(EnvelopeError::NotCritical(name)),
            None => Ok(()),
        }
    }
}

/// A text of the signer's, as it may be shown.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(128).collect()
}
