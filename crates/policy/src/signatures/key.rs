//! Where an authority's public keys come from.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// A public key (PEM, SubjectPublicKeyInfo). In policy.yml it may be the path of a file; a
/// parsed policy holds the file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeyPem(pub(crate) String);

/// The name of an OpenFaaS secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName(String);

/// Where a public key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "Shape"))]
pub enum TrustedKey {
    /// The policy has it with it.
    Pem(PublicKeyPem),
    /// An OpenFaaS secret holds it. What the secret holds is looked up where the check runs.
    Secret(SecretName),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Secret(String),
}

#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
#[allow(dead_code, reason = "the schema alone is made of it")]
enum Shape {
    /// PEM, or the path of a PEM file beside policy.yml.
    Pem(String),
    /// The name of an OpenFaaS secret that holds PEM.
    Secret { secret: String },
}

impl PublicKeyPem {
    /// The PEM text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_inline(&self) -> bool {
        self.0.trim_start().starts_with("-----BEGIN ")
    }

    pub(crate) fn is_certificate(&self) -> bool {
        // Lists of revoked ones stand among certificates, or in files of their own.
        let kinds = ["-----BEGIN CERTIFICATE-----", "-----BEGIN X509 CRL-----"];
        kinds.iter().any(|it| self.0.trim_start().starts_with(it))
    }

    pub(crate) fn is_public_key(&self) -> bool {
        self.0.trim_start().starts_with("-----BEGIN PUBLIC KEY-----")
    }
}

impl SecretName {
    /// The name, which is that of a file in the folder of secrets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Kubernetes' names of objects (RFC 1123 §2.1): nothing in them leads out of a folder.
    pub(crate) fn parse(text: String) -> Option<Self> {
        let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let inner = |byte: u8| sound(byte) || matches!(byte, b'-' | b'.');
        let bytes = text.as_bytes();
        let (first, last) = (bytes.first().copied()?, bytes.last().copied()?);
        let named = bytes.len() <= 253 && sound(first) && sound(last);
        (named && bytes.iter().all(|byte| inner(*byte)) && !text.contains(".."))
            .then_some(Self(text))
    }
}

impl fmt::Display for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(pem) => {
                let first = pem.0.lines().next().unwrap_or_default();
                f.write_str(first.get(..80).unwrap_or(first))
            }
            Self::Secret(name) => write!(f, "the secret {}", name.0),
        }
    }
}

impl Serialize for TrustedKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Pem(pem) => serializer.serialize_str(&pem.0),
            Self::Secret(name) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("secret", &name.0)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for TrustedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = TrustedKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("PEM, the path of a PEM file, or {secret: NAME}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TrustedKey, E> {
                Ok(TrustedKey::Pem(PublicKeyPem(text.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TrustedKey, A::Error> {
                let Named::Secret(name) = Named::deserialize(MapAccessDeserializer::new(map))?;
                let wrong = "a secret's name is of a-z, 0-9, - and .";
                SecretName::parse(name)
                    .map(TrustedKey::Secret)
                    .ok_or_else(|| de::Error::custom(wrong))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_secret_leads_nowhere_else() {
        let name = |text: &str| SecretName::parse(text.to_owned());
        assert_eq!(name("acme-key.pub").map(|it| it.0).as_deref(), Some("acme-key.pub"));
        for wrong in ["", ".", "..", "a/b", "../a", "/a", "A", "a..b", "-a", "a\0", "a\n"] {
            assert_eq!(name(wrong), None, "{wrong:?}");
        }
    }
}
