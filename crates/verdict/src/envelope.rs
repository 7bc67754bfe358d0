//! The one envelope on every transport: a CloudEvents 1.0 structured JSON document, sealed with
//! HMAC-SHA256 under the secret `validation-key`.
//!
//! Two extension attributes carry the seal: `nonce`, chosen afresh by who asks, and `seal`, the
//! MAC over type, nonce, time and the exact bytes of `data`. An answer is opened with the nonce of
//! the question: a recorded answer to another question does not open.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fold::Verdict;
use crate::report::Report;
use crate::request::Request;

/// How far the clocks of two functions may differ when a seal's age is judged.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_secs(60);

/// The versioned type of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EventType {
    /// A [`Request`].
    #[serde(rename = "dev.faas-validator.check.requested.v1")]
    CheckRequested,
    /// A [`Report`].
    #[serde(rename = "dev.faas-validator.check.reported.v1")]
    CheckReported,
    /// A [`Verdict`].
    #[serde(rename = "dev.faas-validator.verdict.v1")]
    Verdict,
}

impl EventType {
    /// The type as CloudEvents' `type` carries it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckRequested => "dev.faas-validator.check.requested.v1",
            Self::CheckReported => "dev.faas-validator.check.reported.v1",
            Self::Verdict => "dev.faas-validator.verdict.v1",
        }
    }
}

/// What may stand in an envelope.
pub trait Message: Serialize + DeserializeOwned {
    /// Its type.
    const TYPE: EventType;
    /// CloudEvents' `id`: the same for the same message.
    fn id(&self) -> String;
    /// CloudEvents' `subject`: the image that it is about, if the message names it.
    fn about(&self) -> Option<String>;
}

impl Message for Request {
    const TYPE: EventType = EventType::CheckRequested;
    fn id(&self) -> String {
        format!("{}.req", self.validation)
    }
    fn about(&self) -> Option<String> {
        Some(self.subject.image.to_string())
    }
}

impl Message for Report {
    const TYPE: EventType = EventType::CheckReported;
    fn id(&self) -> String {
        format!("{}.res.{}", self.validation, self.check)
    }
    fn about(&self) -> Option<String> {
        None
    }
}

impl Message for Verdict {
    const TYPE: EventType = EventType::Verdict;
    fn id(&self) -> String {
        format!("{}.verdict", self.validation)
    }
    fn about(&self) -> Option<String> {
        Some(self.subject.image.to_string())
    }
}

/// The secret that the functions of one installation share. Never printed.
#[derive(Clone)]
pub struct SealingKey(Vec<u8>);

impl SealingKey {
    /// Fewer bytes than this are no key.
    pub const BYTES_MIN: usize = 16;

    /// The key, from the trimmed content of the secret `validation-key`.
    ///
    /// # Errors
    /// When it is shorter than [`SealingKey::BYTES_MIN`].
    pub fn new(secret: &[u8]) -> Result<Self, EnvelopeError> {
        let secret = secret.trim_ascii();
        if secret.len() < Self::BYTES_MIN {
            return Err(EnvelopeError::KeyTooShort(secret.len()));
        }
        Ok(Self(secret.to_vec()))
    }

    fn mac(
        &self,
        event: EventType,
        nonce: &str,
        time: &Timestamp,
        data: &str,
    ) -> Hmac<sha2::Sha256> {
        // HMAC takes keys of any length (RFC 2104 §3), so the constructor has no failing input.
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::new_from_slice(&self.0).expect("any key length");
        for part in [event.as_str(), nonce, &time.to_string(), data] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// A sealed message (CloudEvents 1.0, JSON format, structured mode).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Envelope {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    event: EventType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    time: Timestamp,
    datacontenttype: String,
    nonce: String,
    seal: String,
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))]
    data: Box<RawValue>,
}

/// Why an envelope does not count.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The secret is too short to be one.
    #[error("secret validation-key has {0} bytes, and needs {min}", min = SealingKey::BYTES_MIN)]
    KeyTooShort(usize),
    /// Not a CloudEvents document, or its data is not the message.
    #[error("message is not a {expected} event")]
    Malformed {
        /// The type that was expected.
        expected: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A sealed message of another type.
    #[error("message is a {found} event, not a {expected} one")]
    Type {
        /// The type that was expected.
        expected: &'static str,
        /// The type that came.
        found: &'static str,
    },
    /// The seal is not of this key over this message.
    #[error("seal does not verify")]
    Seal,
    /// An answer to another question.
    #[error("nonce is not the one that was asked with")]
    Nonce,
    /// Sealed too long ago, or in the future.
    #[error("message was sealed at {0}, which is too long ago or in the future")]
    Stale(Timestamp),
}

impl Envelope {
    /// Seals a message. `source` says who speaks (`/functions/scan-layers`).
    ///
    /// # Errors
    /// When the message cannot be written as JSON.
    pub fn seal<M: Message>(
        message: &M,
        source: &str,
        nonce: &str,
        now: Timestamp,
        key: &SealingKey,
    ) -> Result<Self, EnvelopeError> {
        let malformed = |source| EnvelopeError::Malformed { expected: M::TYPE.as_str(), source };
        let data = serde_json::value::to_raw_value(message).map_err(malformed)?;
        let seal = key.mac(M::TYPE, nonce, &now, data.get()).finalize().into_bytes();
        Ok(Self {
            specversion: "1.0".to_owned(),
            id: message.id(),
            source: source.to_owned(),
            event: M::TYPE,
            subject: message.about(),
            time: now,
            datacontenttype: "application/json".to_owned(),
            nonce: nonce.to_owned(),
            seal: format!("sha256={}", hex::encode(seal)),
            data,
        })
    }

    /// The nonce that the message was sealed with; the answer is to be sealed with the same.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Opens a question: the seal must verify and be younger than `age_max`.
    ///
    /// # Errors
    /// When it does not verify, is stale, or is not an `M`.
    pub fn open<M: Message>(
        &self,
        key: &SealingKey,
        now: Timestamp,
        age_max: SignedDuration,
    ) -> Result<M, EnvelopeError> {
        let (expected, found) = (M::TYPE.as_str(), self.event.as_str());
        if self.event != M::TYPE {
            return Err(EnvelopeError::Type { expected, found });
        }
        let digits = self.seal.strip_prefix("sha256=").ok_or(EnvelopeError::Seal)?;
        let seal = hex::decode(digits).map_err(|_| EnvelopeError::Seal)?;
        let mac = key.mac(self.event, &self.nonce, &self.time, self.data.get());
        mac.verify_slice(&seal).map_err(|_| EnvelopeError::Seal)?;
        let age = now.duration_since(self.time);
        if age > age_max || age < -CLOCK_SKEW_MAX {
            return Err(EnvelopeError::Stale(self.time));
        }
        serde_json::from_str(self.data.get())
            .map_err(|source| EnvelopeError::Malformed { expected, source })
    }

    /// Opens an answer: as [`Envelope::open`], and it must carry the nonce of the question.
    ///
    /// # Errors
    /// When it does not verify, is stale, answers another question, or is not an `M`.
    pub fn open_answer<M: Message>(
        &self,
        key: &SealingKey,
        now: Timestamp,
        age_max: SignedDuration,
        nonce: &str,
    ) -> Result<M, EnvelopeError> {
        let message = self.open(key, now, age_max)?;
        if self.nonce == nonce { Ok(message) } else { Err(EnvelopeError::Nonce) }
    }

    /// Reads an envelope from JSON; nothing in it is believed yet.
    ///
    /// # Errors
    /// When it is not a CloudEvents document.
    pub fn parse(json: &[u8]) -> Result<Self, EnvelopeError> {
        serde_json::from_slice(json)
            .map_err(|source| EnvelopeError::Malformed { expected: "CloudEvents", source })
    }
}
