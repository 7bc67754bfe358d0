//! An envelope as a COSE_Sign1 message (signature-envelope-cose.md; RFC 9052 §4.2). The reader of
//! CBOR bounds its depth, and refuses a label that comes twice.

use coset::iana::{Algorithm as Iana, EnumI64 as _};
use coset::{
    Algorithm, ContentType, CoseSign1, Header, Label, RegisteredLabelWithPrivate,
    TaggedCborSerializable as _, cbor::Value,
};
use jiff::Timestamp;

use super::algorithm::NotationAlgorithm;
use super::envelope::{
    AUTHENTIC_TIME, CHAIN_MAX, EXPIRY, Envelope, EnvelopeError, PAYLOAD, Read, SCHEME,
    SIGNING_TIME, TIMESTAMP, shown,
};

const FORMAT: &str = "COSE_Sign1 message";
const CRIT: &str = "crit";
const CHAIN: &str = "x5chain";
/// The label of the certificates (RFC 9360 §2).
const CHAIN_LABEL: Label = Label::Int(33);
/// The tag of seconds since 1970 (RFC 8949 §3.4.2).
const SECONDS: u64 = 1;

/// Reads an envelope.
pub(super) fn read(cbor: &[u8]) -> Result<Envelope, EnvelopeError> {
    let message = CoseSign1::from_tagged_slice(cbor)
        .map_err(|source| EnvelopeError::Shape(FORMAT, source.to_string().into()))?;
    let signed = message.tbs_data(&[]);
    let (protected, unprotected) = (message.protected.header, message.unprotected);
    only_beside(&unprotected, &protected)?;
    only_known(&protected)?;
    let algorithm = algorithm(protected.alg.as_ref())?;
    match &protected.content_type {
        Some(ContentType::Text(kind)) if kind == PAYLOAD => {}
        Some(other) => {
            return Err(EnvelopeError::Value { name: "cty", value: shown(&format!("{other:?}")) });
        }
        None => return Err(EnvelopeError::Missing("cty")),
    }
    let critical = critical(&protected)?;
    let mut read = Read { critical, ..Read::default() };
    for (label, value) in protected.rest {
        match &label {
            Label::Text(name) if name == SCHEME => {
                read.scheme =
                    Some(value.into_text().map_err(|_| EnvelopeError::Malformed(SCHEME))?);
            }
            Label::Text(name) if name == SIGNING_TIME => {
                read.signing_time = Some(time(&value, SIGNING_TIME)?);
            }
            Label::Text(name) if name == AUTHENTIC_TIME => {
                read.authentic_time = Some(time(&value, AUTHENTIC_TIME)?);
            }
            Label::Text(name) if name == EXPIRY => read.expiry = Some(time(&value, EXPIRY)?),
            other => read.others.push((named(other), value.into_text().ok())),
        }
    }
    let mut unprotected = unprotected.rest;
    Ok(Envelope {
        signed,
        signature: message.signature,
        algorithm,
        payload: message.payload.ok_or(EnvelopeError::Missing("payload"))?,
        attributes: read.attributes()?,
        chain: chain(take(&mut unprotected, &CHAIN_LABEL))?,
        timestamp: take(&mut unprotected, &Label::Text(TIMESTAMP.to_owned()))
            .map(|it| it.into_bytes().map_err(|_| EnvelopeError::Malformed(TIMESTAMP)))
            .transpose()?,
    })
}

/// What is signed cannot be said again beside it, nor the algorithm there at all.
fn only_beside(unprotected: &Header, protected: &Header) -> Result<(), EnvelopeError> {
    if unprotected.alg.is_some() || unprotected.content_type.is_some() {
        return Err(EnvelopeError::Superfluous("alg".to_owned()));
    }
    if !unprotected.crit.is_empty() {
        return Err(EnvelopeError::Superfluous(CRIT.to_owned()));
    }
    let twice = |(label, _): &&(Label, Value)| protected.rest.iter().any(|(own, _)| own == label);
    match unprotected.rest.iter().find(twice) {
        Some((label, _)) => Err(EnvelopeError::Superfluous(named(label))),
        None => Ok(()),
    }
}

/// That nothing of what this library reads by itself is there that Notation has no use for.
fn only_known(protected: &Header) -> Result<(), EnvelopeError> {
    let unknown = !protected.iv.is_empty()
        || !protected.partial_iv.is_empty()
        || !protected.counter_signatures.is_empty();
    match unknown {
        true => Err(EnvelopeError::Superfluous("IV or countersignature".to_owned())),
        false => Ok(()),
    }
}

fn algorithm(algorithm: Option<&Algorithm>) -> Result<NotationAlgorithm, EnvelopeError> {
    let known = match algorithm {
        None => return Err(EnvelopeError::Missing("alg")),
        Some(Algorithm::Assigned(Iana::PS256)) => Some(NotationAlgorithm::Ps256),
        Some(Algorithm::Assigned(Iana::PS384)) => Some(NotationAlgorithm::Ps384),
        Some(Algorithm::Assigned(Iana::PS512)) => Some(NotationAlgorithm::Ps512),
        Some(Algorithm::Assigned(Iana::ES256)) => Some(NotationAlgorithm::Es256),
        Some(Algorithm::Assigned(Iana::ES384)) => Some(NotationAlgorithm::Es384),
        Some(Algorithm::Assigned(Iana::ES512)) => Some(NotationAlgorithm::Es512),
        Some(_) => None,
    };
    let value = || shown(&format!("{algorithm:?}"));
    known.ok_or_else(|| EnvelopeError::Value { name: "alg", value: value() })
}

/// The labels that must be understood, each once (RFC 9052 §3.1).
fn critical(protected: &Header) -> Result<Vec<String>, EnvelopeError> {
    if protected.crit.is_empty() {
        return Err(EnvelopeError::Missing(CRIT));
    }
    let mut names: Vec<String> = Vec::new();
    for label in &protected.crit {
        let name = match label {
            RegisteredLabelWithPrivate::Text(name) => name.clone(),
            RegisteredLabelWithPrivate::Assigned(number) => number.to_i64().to_string(),
            RegisteredLabelWithPrivate::PrivateUse(number) => number.to_string(),
        };
        if names.contains(&name) {
            return Err(EnvelopeError::Malformed(CRIT));
        }
        names.push(name);
    }
    Ok(names)
}

fn time(value: &Value, name: &'static str) -> Result<Timestamp, EnvelopeError> {
    let read = || match value {
        Value::Tag(SECONDS, second) => {
            let second = i64::try_from(i128::from(second.as_integer()?)).ok()?;
            Timestamp::from_second(second).ok()
        }
        _ => None,
    };
    read().ok_or(EnvelopeError::Malformed(name))
}

fn chain(value: Option<Value>) -> Result<Vec<Vec<u8>>, EnvelopeError> {
    let list = value.ok_or(EnvelopeError::Missing(CHAIN))?;
    let list = list.into_array().map_err(|_| EnvelopeError::Malformed(CHAIN))?;
    if list.is_empty() || list.len() > CHAIN_MAX {
        return Err(EnvelopeError::Chain(list.len()));
    }
    let der = |it: Value| it.into_bytes().map_err(|_| EnvelopeError::Malformed(CHAIN));
    list.into_iter().map(der).collect()
}

fn take(rest: &mut Vec<(Label, Value)>, label: &Label) -> Option<Value> {
    let place = rest.iter().position(|(own, _)| own == label)?;
    Some(rest.swap_remove(place).1)
}

fn named(label: &Label) -> String {
    match label {
        Label::Text(name) => shown(name),
        Label::Int(number) => number.to_string(),
    }
}
