//! What a legacy cosign signature signs: the "simple signing" document (cosign's
//! SIGNATURE_SPEC.md; containers/image `atomic container signature`).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use verdict::{Digest, DigestError};

/// The only `critical.type` that is an image signature.
const IMAGE_SIGNATURE: &str = "cosign container image signature";
/// The only predicate type that makes an in-toto statement an image signature.
pub const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// The claim that a signature makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payload {
    /// The manifest that was signed.
    pub digest: Digest,
    /// The reference that the signer wrote down; informative, anybody can copy a signature.
    pub reference: String,
    /// The signer's annotations.
    pub annotations: BTreeMap<String, Value>,
}

/// Why bytes are no image signature's payload.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON of that shape; keys are taken in their exact case, and once.
    #[error("payload is not a simple signing document")]
    Shape(#[source] serde_json::Error),
    /// Annotations that are no object whose keys come once.
    #[error("annotations are not an object whose keys come once")]
    Annotations(#[source] serde_json::Error),
    /// A signed document of another kind.
    #[error("payload is a {0:?}, not a {IMAGE_SIGNATURE:?}")]
    Type(String),
    /// Not what Notation signs.
    #[error("payload is not a target artifact of Notation's")]
    Target(#[source] serde_json::Error),
    /// The digest is not one.
    #[error("payload does not name a manifest digest")]
    Digest(#[source] DigestError),
}

#[derive(Deserialize)]
struct Document {
    critical: Critical,
    #[serde(default, deserialize_with = "unique_keys")]
    optional: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Critical {
    identity: Identity,
    image: ImageClaim,
    r#type: String,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference", default)]
    docker_reference: String,
}

#[derive(Deserialize)]
struct ImageClaim {
    #[serde(rename = "docker-manifest-digest")]
    docker_manifest_digest: String,
}

impl Payload {
    /// Reads the signed bytes. Verify the signature over them first.
    ///
    /// # Errors
    /// When they are not a simple signing document of an image.
    pub fn parse(bytes: &[u8]) -> Result<Self, PayloadError> {
        // serde's derived structs refuse a key that comes twice and know no other case of it, so
        // no two readers can see different claims in the same bytes.
        let document: Document = serde_json::from_slice(bytes).map_err(PayloadError::Shape)?;
        if document.critical.r#type != IMAGE_SIGNATURE {
            return Err(PayloadError::Type(document.critical.r#type));
        }
        let digest = document.critical.image.docker_manifest_digest;
        Ok(Self {
            digest: digest.parse().map_err(PayloadError::Digest)?,
            reference: document.critical.identity.docker_reference,
            annotations: document.optional,
        })
    }
}

impl Payload {
    /// What the statement of a bundle claims that signs an image: its subject's name and
    /// annotations.
    pub(crate) fn of_statement(
        digest: Digest,
        name: &str,
        annotations: Option<&str>,
    ) -> Result<Self, PayloadError> {
        let read = |json| unique_keys(&mut serde_json::Deserializer::from_str(json));
        let annotations = annotations.map_or(Ok(BTreeMap::new()), read);
        let annotations = annotations.map_err(PayloadError::Annotations)?;
        Ok(Self { digest, reference: name.to_owned(), annotations })
    }
}

/// A map that may be `null` and whose keys come once.
pub(crate) fn unique_keys<'de, D>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error>
where
    D: Deserializer<'de>,
{
    struct Unique;
    impl<'de> Visitor<'de> for Unique {
        type Value = BTreeMap<String, Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object whose keys come once, or null")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = BTreeMap::new();
            while let Some((key, value)) = map.next_entry::<String, Value>()? {
                if all.insert(key.clone(), value).is_some() {
                    return Err(de::Error::custom(format!("duplicate key {key:?}")));
                }
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(Unique)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c";

    fn document(digest_key: &str, kind: &str, optional: &str) -> String {
        format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"a/b"}},"image":{{"{digest_key}":"sha256:{HEX}"}},"type":"{kind}"}},"optional":{optional}}}"#
        )
    }

    #[test]
    fn a_document_of_cosign_is_read() {
        let text = document("docker-manifest-digest", IMAGE_SIGNATURE, r#"{"team":"a","n":1}"#);
        let payload = Payload::parse(text.as_bytes()).unwrap();
        assert_eq!(payload.digest.hex(), HEX);
        assert_eq!(payload.reference, "a/b");
        assert_eq!(payload.annotations["n"], 1);
        let text = document("docker-manifest-digest", IMAGE_SIGNATURE, "null");
        assert!(Payload::parse(text.as_bytes()).unwrap().annotations.is_empty());
    }

    #[test]
    fn other_cases_other_types_and_second_keys_are_refused() {
        let good = document("docker-manifest-digest", IMAGE_SIGNATURE, "{}");
        let twice =
            good.replace(r#""image":{"#, r#""image":{"docker-manifest-digest":"sha256:00","#);
        for text in [
            document("Docker-manifest-digest", IMAGE_SIGNATURE, "{}"),
            document("docker-manifest-digest", "cosign something else", "{}"),
            document("docker-manifest-digest", IMAGE_SIGNATURE, r#"{"a":1,"a":2}"#),
            good.replace("sha256:", "SHA256:"),
            twice,
            "[]".to_owned(),
            String::new(),
        ] {
            assert!(Payload::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
