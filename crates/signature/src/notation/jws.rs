//! An envelope as a JSON Web Signature (signature-envelope-jws.md; RFC 7515 §7.2.2, flattened).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::NotationAlgorithm;
use super::envelope::{
    AUTHENTIC_TIME, CHAIN_MAX, EXPIRY, Envelope, EnvelopeError, PAYLOAD, Read, SCHEME,
    SIGNING_TIME, TIMESTAMP, shown,
};
use crate::payload::unique_keys;

const CHAIN: &str = "x5c";
const FORMAT: &str = "flattened JSON Web Signature";

/// Every key comes once and in its exact case, and none besides: no two readers see two envelopes
/// in the same bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    payload: String,
    protected: String,
    #[serde(deserialize_with = "unique_keys")]
    header: BTreeMap<String, Value>,
    signature: String,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Header(#[serde(deserialize_with = "unique_keys")] BTreeMap<String, Value>);

/// Reads an envelope.
pub(super) fn read(json: &[u8]) -> Result<Envelope, EnvelopeError> {
    let shape = |source: serde_json::Error| EnvelopeError::Shape(FORMAT, Box::new(source));
    let outer: Flattened = serde_json::from_slice(json).map_err(shape)?;
    let protected = url_safe(&outer.protected, "protected")?;
    let Header(mut protected) = serde_json::from_slice(&protected).map_err(shape)?;
    // What is signed cannot be said again beside it (RFC 7515 §4), nor the rest there at all.
    let twice =
        |name: &&String| protected.contains_key(*name) || ["alg", "crit"].contains(&name.as_str());
    if let Some(name) = outer.header.keys().find(twice) {
        return Err(EnvelopeError::Superfluous(shown(name)));
    }
    let name = text(&mut protected, "alg")?.ok_or(EnvelopeError::Missing("alg"))?;
    let algorithm = NotationAlgorithm::named(&name);
    let algorithm =
        algorithm.ok_or_else(|| EnvelopeError::Value { name: "alg", value: shown(&name) })?;
    match text(&mut protected, "cty")? {
        Some(kind) if kind == PAYLOAD => {}
        Some(kind) => return Err(EnvelopeError::Value { name: "cty", value: shown(&kind) }),
        None => return Err(EnvelopeError::Missing("cty")),
    }
    let read = Read {
        critical: critical(&mut protected)?,
        scheme: text(&mut protected, SCHEME)?,
        signing_time: time(&mut protected, SIGNING_TIME)?,
        authentic_time: time(&mut protected, AUTHENTIC_TIME)?,
        expiry: time(&mut protected, EXPIRY)?,
        others: protected
            .into_iter()
            .map(|(name, it)| (name, it.as_str().map(str::to_owned)))
            .collect(),
    };
    Ok(Envelope {
        signed: format!("{}.{}", outer.protected, outer.payload).into_bytes(),
        signature: url_safe(&outer.signature, "signature")?,
        algorithm,
        payload: url_safe(&outer.payload, "payload")?,
        attributes: read.attributes()?,
        chain: chain(outer.header.get(CHAIN))?,
        timestamp: timestamp(outer.header.get(TIMESTAMP))?,
    })
}

fn url_safe(text: &str, name: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| EnvelopeError::Malformed(name))
}

fn text(
    header: &mut BTreeMap<String, Value>,
    name: &'static str,
) -> Result<Option<String>, EnvelopeError> {
    match header.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(EnvelopeError::Malformed(name)),
    }
}

fn time(
    header: &mut BTreeMap<String, Value>,
    name: &'static str,
) -> Result<Option<Timestamp>, EnvelopeError> {
    let read = |text: String| text.parse().map_err(|_| EnvelopeError::Malformed(name));
    text(header, name)?.map(read).transpose()
}

/// The names that must be understood, each once (RFC 7515 §4.1.11).
fn critical(header: &mut BTreeMap<String, Value>) -> Result<Vec<String>, EnvelopeError> {
    const CRIT: &str = "crit";
    let value = header.remove(CRIT).ok_or(EnvelopeError::Missing(CRIT))?;
    let names: Vec<String> =
        serde_json::from_value(value).map_err(|_| EnvelopeError::Malformed(CRIT))?;
    let once = |(index, name): (usize, &String)| !names.iter().take(index).any(|it| it == name);
    let sound = !names.is_empty() && names.iter().enumerate().all(once);
    if sound { Ok(names) } else { Err(EnvelopeError::Malformed(CRIT)) }
}

fn chain(value: Option<&Value>) -> Result<Vec<Vec<u8>>, EnvelopeError> {
    let list = value.ok_or(EnvelopeError::Missing(CHAIN))?;
    let list = list.as_array().ok_or(EnvelopeError::Malformed(CHAIN))?;
    if list.is_empty() || list.len() > CHAIN_MAX {
        return Err(EnvelopeError::Chain(list.len()));
    }
    let der = |it: &Value| standard(it).ok_or(EnvelopeError::Malformed(CHAIN));
    list.iter().map(der).collect()
}

fn timestamp(value: Option<&Value>) -> Result<Option<Vec<u8>>, EnvelopeError> {
    let read = |it| standard(it).ok_or(EnvelopeError::Malformed(TIMESTAMP));
    value.map(read).transpose()
}

fn standard(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}
