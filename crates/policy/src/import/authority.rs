//! One authority of a ClusterImagePolicy.

use super::fields::{Fields, ImportError};
use super::rules;
use crate::signatures::{
    Attestation, Authority, Identity, ImageSignature, Proof, PublicKeyPem, SecretName,
    StaticAnswer, TextPattern, TrustedKey,
};

/// The instance that is built in; another one is a file that policy.yml names.
const FULCIO: [&str; 2] = ["https://fulcio.sigstore.dev", "https://fulcio.sigstore.dev/"];
const REKOR: [&str; 2] = ["https://rekor.sigstore.dev", "https://rekor.sigstore.dev/"];

pub(super) fn read(name: String, mut fields: Fields) -> Result<Authority, ImportError> {
    let mut authority = Authority::named(name);
    if let Some(key) = fields.optional("key")? {
        authority.keys.push(read_key(key)?);
    }
    if let Some(keyless) = fields.optional("keyless")? {
        read_keyless(keyless, &mut authority)?;
    }
    if let Some(fixed) = fields.optional("static")? {
        read_static(fixed, &mut authority)?;
    }
    if let Some(mut log) = fields.optional("ctlog")? {
        match log.text("url")? {
            Some(url) if !REKOR.contains(&url.as_str()) => return Err(log.unsupported("url")),
            _ => log.end()?,
        }
        // Of identities it is asked anyway.
        if !authority.keys.is_empty() {
            authority.require.insert(Proof::TransparencyLog);
        }
    }
    if let Some(timestamp) = fields.optional("rfc3161timestamp")? {
        timestamp.end()?;
        authority.require.insert(Proof::Timestamp);
    }
    for source in fields.list("source")? {
        read_source(source, &mut authority)?;
    }
    for attestation in fields.list("attestations")? {
        authority.attestations.push(read_attestation(attestation)?);
        authority.image_signature = ImageSignature::NotAsked;
    }
    // Both are always looked for.
    match fields.text("signatureFormat")?.as_deref() {
        None | Some("legacy" | "bundle") => {}
        Some(other) => return Err(fields.unsupported(&format!("signatureFormat: {other}"))),
    }
    fields.end()?;
    Ok(authority)
}

fn read_key(mut fields: Fields) -> Result<TrustedKey, ImportError> {
    // Which of the algorithms of a key's type made a signature is found by trying these two.
    match fields.text("hashAlgorithm")?.as_deref() {
        None | Some("sha256" | "sha384") => {}
        Some(other) => return Err(fields.unsupported(&format!("hashAlgorithm: {other}"))),
    }
    let secret = fields.optional("secretRef")?;
    let data = fields.text("data")?;
    fields.end()?;
    match (data, secret) {
        (Some(pem), None) => Ok(TrustedKey::Pem(PublicKeyPem(pem))),
        (None, Some(mut secret)) => {
            let name = secret.text("name")?.ok_or_else(|| secret.missing("name"))?;
            // Secrets of a function are those of its own namespace.
            secret.drop_field("namespace");
            secret.end()?;
            let path = secret.path("name");
            SecretName::parse(name)
                .map(TrustedKey::Secret)
                .ok_or(ImportError::Type { path, expected: "the name of a secret" })
        }
        _ => Err(fields.missing("data or secretRef")),
    }
}

fn read_keyless(mut fields: Fields, authority: &mut Authority) -> Result<(), ImportError> {
    match fields.text("url")? {
        Some(url) if !FULCIO.contains(&url.as_str()) => return Err(fields.unsupported("url")),
        _ => {}
    }
    authority.skip_certificate_log_unsafe = fields.is_true("insecureIgnoreSCT")?;
    for identity in fields.list("identities")? {
        authority.identities.push(read_identity(identity)?);
    }
    fields.end()?;
    if authority.identities.is_empty() {
        return Err(fields.missing("identities"));
    }
    Ok(())
}

fn read_identity(mut fields: Fields) -> Result<Identity, ImportError> {
    let mut pattern = |exact: &str, expression: &str| {
        let (exact_text, expression_text) = (fields.text(exact)?, fields.text(expression)?);
        match (exact_text, expression_text) {
            (Some(_), Some(_)) => Err(fields.unsupported(&format!("{exact} beside {expression}"))),
            (Some(text), None) => Ok(Some(TextPattern::Exact(text))),
            (None, Some(text)) => Ok(Some(TextPattern::Regex(text))),
            (None, None) => Ok(None),
        }
    };
    let subject = pattern("subject", "subjectRegExp")?;
    let issuer = pattern("issuer", "issuerRegExp")?;
    fields.end()?;
    Ok(Identity { subject, issuer, extensions: Default::default(), any_identity_unsafe: false })
}

fn read_static(mut fields: Fields, authority: &mut Authority) -> Result<(), ImportError> {
    authority.r#static = match fields.text("action")?.as_deref() {
        Some("pass") => Some(StaticAnswer::Accept),
        Some("fail") => Some(StaticAnswer::Reject),
        Some(other) => return Err(fields.unsupported(&format!("action: {other}"))),
        None => return Err(fields.missing("action")),
    };
    authority.message = fields.text("message")?;
    fields.end()
}

/// policy-controller looks there instead of in the image's own repository. Of several it takes the
/// last alone, though its page says that each is looked in: here each is.
fn read_source(mut fields: Fields, authority: &mut Authority) -> Result<(), ImportError> {
    let repository = fields.text("oci")?.ok_or_else(|| fields.missing("oci"))?;
    fields.end()?;
    if !authority.repositories.contains(&repository) {
        authority.repositories.push(repository);
    }
    Ok(())
}

fn read_attestation(mut fields: Fields) -> Result<Attestation, ImportError> {
    fields.drop_field("name");
    let kind = fields.text("predicateType")?.ok_or_else(|| fields.missing("predicateType"))?;
    let rego = fields.optional("policy")?.map(read_rules).transpose()?;
    fields.end()?;
    Ok(Attestation {
        predicate_type: kind.into(),
        builder: None,
        build_type: None,
        source: None,
        parameters: Default::default(),
        predicate: Default::default(),
        rego,
        module: None,
    })
}

/// CUE, and what lies elsewhere, has no equivalent.
fn read_rules(mut fields: Fields) -> Result<String, ImportError> {
    match fields.text("type")?.as_deref() {
        Some("rego") => {}
        Some(other) => return Err(fields.unsupported(&format!("type: {other}"))),
        None => return Err(fields.missing("type")),
    }
    let Some(module) = fields.text("data")? else {
        fields.end()?;
        return Err(fields.missing("data"));
    };
    fields.end()?;
    rules::with_deny(&module).map_err(|what| fields.unsupported(&format!("data: {what}")))
}
