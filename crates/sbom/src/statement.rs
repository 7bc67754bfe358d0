//! Bills of materials in in-toto statements: as they are (BuildKit), in a DSSE envelope (cosign)
//! or in a Sigstore bundle. No signature is verified here: a statement is a claim.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use verdict::Digest;

use crate::read::{Bill, BillError};

/// Why a statement holds no bill of materials of this image.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It is none.
    #[error("it is no in-toto statement")]
    Shape(#[source] serde_json::Error),
    /// Its payload is not base64.
    #[error("its payload is not base64")]
    Base64(#[source] base64::DecodeError),
    /// It is about something else.
    #[error("it is about another image")]
    OtherSubject,
    /// What it holds cannot be read.
    #[error("its predicate cannot be read")]
    Bill(#[source] BillError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outer<'b> {
    /// Of a DSSE envelope.
    #[serde(borrow, default)]
    payload: Option<Cow<'b, str>>,
    /// Of a Sigstore bundle.
    #[serde(borrow, default)]
    dsse_envelope: Option<Envelope<'b>>,
    /// The same of a bundle that signs an artifact and states nothing.
    #[serde(borrow, default)]
    message_signature: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct Envelope<'b> {
    #[serde(borrow)]
    payload: Cow<'b, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'b> {
    subject: Vec<Subject>,
    predicate_type: String,
    #[serde(borrow, default)]
    predicate: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: Digests,
}

#[derive(Default, Deserialize)]
struct Digests {
    #[serde(default)]
    sha256: Option<String>,
}

/// cosign once wrapped a document: the document itself, or its text.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wrapped<'b> {
    #[serde(borrow)]
    data: &'b RawValue,
}

/// Whether a predicate of this type is a bill of materials.
pub fn is_bill(predicate_type: &str) -> bool {
    let plain = predicate_type.trim_start_matches("https://");
    plain.starts_with("spdx.dev/Document") || plain.starts_with("cyclonedx.org/")
}

impl Bill {
    /// Reads the bill of materials that a statement makes about one of these manifests; `None` if
    /// it says something else of it.
    ///
    /// # Errors
    /// When it is no statement, is about another image, or holds no bill that can be read.
    pub fn of_statement(bytes: &[u8], about: &[Digest]) -> Result<Option<Self>, StatementError> {
        let outer: Outer<'_> = serde_json::from_slice(bytes).map_err(StatementError::Shape)?;
        if outer.message_signature.is_some() {
            return Ok(None);
        }
        let payload = outer.payload.or(outer.dsse_envelope.map(|it| it.payload));
        let inner = payload.map(|it| STANDARD.decode(it.as_bytes())).transpose();
        let inner = inner.map_err(StatementError::Base64)?;
        let bytes = inner.as_deref().unwrap_or(bytes);
        let statement: Statement<'_> =
            serde_json::from_slice(bytes).map_err(StatementError::Shape)?;
        if !is_bill(&statement.predicate_type) {
            return Ok(None);
        }
        let is_about = |it: &Subject| {
            let hex = it.digest.sha256.as_deref().unwrap_or_default();
            about.iter().any(|it| it.hex().eq_ignore_ascii_case(hex))
        };
        if !statement.subject.iter().any(is_about) {
            return Err(StatementError::OtherSubject);
        }
        let predicate = statement.predicate.map(RawValue::get).unwrap_or_default();
        document(predicate).map(Some).map_err(StatementError::Bill)
    }
}

fn document(predicate: &str) -> Result<Bill, BillError> {
    let Ok(Wrapped { data }) = serde_json::from_str(predicate) else {
        return Bill::read(predicate.as_bytes());
    };
    match serde_json::from_str::<String>(data.get()) {
        Ok(text) => Bill::read(text.as_bytes()),
        Err(_) => Bill::read(data.get().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn statement(predicate_type: &str, predicate: Value) -> String {
        json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": [{"name": "fn", "digest": {"sha256": Digest::of(b"fn").hex()}}],
            "predicateType": predicate_type,
            "predicate": predicate,
        })
        .to_string()
    }

    fn purls(text: &str) -> Vec<String> {
        let bill = Bill::of_statement(text.as_bytes(), &[Digest::of(b"fn")]).unwrap().unwrap();
        bill.purls.into_iter().collect()
    }

    const SPDX: &str = "https://spdx.dev/Document";
    const CYCLONEDX: &str = "https://cyclonedx.org/bom";

    fn bill() -> Value {
        json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"purl": "pkg:npm/a@1"}]})
    }

    #[test]
    fn a_bill_is_found_in_whatever_it_is_wrapped() {
        let plain = statement(CYCLONEDX, bill());
        let payload = STANDARD.encode(&plain);
        let envelope = json!({"payloadType": "application/vnd.in-toto+json", "payload": payload});
        for text in [
            plain,
            statement(CYCLONEDX, json!({"Data": bill()})),
            statement(SPDX, json!({"Data": bill().to_string(), "Timestamp": ""})),
            envelope.to_string(),
            json!({"mediaType": "x", "dsseEnvelope": envelope}).to_string(),
        ] {
            assert_eq!(purls(&text), ["pkg:npm/a@1"], "{text}");
        }
    }

    #[test]
    fn another_image_and_another_predicate_are_none_of_this() {
        let text = statement(SPDX, bill());
        let other = Bill::of_statement(text.as_bytes(), &[Digest::of(b"other")]);
        assert!(matches!(other, Err(StatementError::OtherSubject)));
        let provenance = statement("https://slsa.dev/provenance/v1", json!({}));
        let about = [Digest::of(b"fn")];
        assert!(Bill::of_statement(provenance.as_bytes(), &about).unwrap().is_none());
        let signature = br#"{"messageSignature":{"signature":"AA=="}}"#;
        assert!(Bill::of_statement(signature, &about).unwrap().is_none());
        assert!(Bill::of_statement(b"{\"payload\":\"?\"}", &about).is_err());
        assert!(Bill::of_statement(statement(SPDX, json!(null)).as_bytes(), &about).is_err());
    }
}
