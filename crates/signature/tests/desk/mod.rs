//! Envelopes by an authority of the tests' own, and what they come to.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

use serde_json::Value;
use signature::{
    Attached, Attachment, Authority, Described, EnvelopeFormat, Enveloped, Layout, Material,
    NotationTrust, NotationTrustError, Origin, Outcome, Signatory, judge,
};
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::notation::{Certificate, Pki, Stamper, payload, protected, trust_policy};

pub(crate) const NOW: &str = "2025-01-01T00:00:00Z";
pub(crate) const EXPIRY: &str = "io.cncf.notary.expiry";
pub(crate) const SCHEME: &str = "io.cncf.notary.signingScheme";
pub(crate) const TIME: &str = "io.cncf.notary.signingTime";
pub(crate) const AUTHENTIC: &str = "io.cncf.notary.authenticSigningTime";

pub(crate) fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

pub(crate) fn acme() -> Pki {
    Pki::new("acme")
}

pub(crate) fn stamper() -> Stamper {
    Stamper::new("times")
}

pub(crate) fn stores() -> BTreeMap<String, String> {
    let (root, times) = (acme().root_pem(), stamper().root_pem());
    let all = [("ca:acme", &root), ("signingAuthority:acme", &root), ("tsa:times", &times)];
    all.map(|(name, pem)| (name.to_owned(), pem.clone())).into()
}

pub(crate) fn trust(policy: &Value) -> Result<NotationTrust, NotationTrustError> {
    NotationTrust::read(&policy.to_string(), &stores(), "reg.example/fn", NOW.parse().unwrap())
}

/// What this envelope comes to under a trust policy, what it is told for, and who signed.
pub(crate) fn judged(envelope: &str, policy: &Value) -> (Outcome, String, Option<Signatory>) {
    judged_by(envelope, trust(policy).unwrap())
}

/// The same, by trust that is read already.
pub(crate) fn judged_by(
    envelope: &str,
    trust: NotationTrust,
) -> (Outcome, String, Option<Signatory>) {
    let mut authority = Authority::of_keys("acme", Vec::new());
    authority.notation = Some(trust.into());
    let image = image();
    let described = Described {
        media_type: image.descriptor()["mediaType"].as_str().unwrap().to_owned(),
        size: image.descriptor()["size"].as_u64().unwrap(),
    };
    let enveloped = Enveloped {
        bytes: envelope.as_bytes().to_vec(),
        format: EnvelopeFormat::Jws,
        described: Some(described),
    };
    let origin = Origin {
        subject: image.digest().parse().unwrap(),
        repository: "reg.example/fn".to_owned(),
        layout: Layout::Referrers,
        manifest: image.digest().parse().unwrap(),
        layer: 0,
    };
    let content = Ok(Material::Notation(enveloped));
    let attachments = vec![Attachment { origin, content }];
    let answer = judge(Attached { attachments, unanswered: Vec::new() }, &[authority]);
    let result = &answer.seen[0].result;
    let why = result.as_ref().err().map(|it| format!("{it}: {}", verdict::causes(it)));
    let signatory = result.as_ref().ok().map(|it| it.verified.signatory.clone());
    (answer.outcome, why.unwrap_or_default(), signatory)
}

#[track_caller]
pub(crate) fn check_under(envelope: &Value, policy: &Value, expect: Outcome, told: &str) {
    let (outcome, why, _) = judged(&envelope.to_string(), policy);
    assert_eq!(outcome, expect, "{why}");
    assert!(why.contains(told), "{why}");
}

#[track_caller]
pub(crate) fn check(envelope: &Value, expect: Outcome, told: &str) {
    check_under(envelope, &trust_policy(&acme()), expect, told);
}

/// An envelope with a change of what is signed beside the payload.
pub(crate) fn with(change: impl Fn(&mut Value)) -> Value {
    let mut signed = protected();
    change(&mut signed);
    acme().jws(&signed, &payload(&image()), &acme().own_chain())
}

/// An envelope by a signer with this certificate.
pub(crate) fn certified(change: impl Fn(&mut Certificate)) -> Value {
    let mut certificate = Certificate::signer(&acme().signer_name());
    change(&mut certificate);
    acme().jws(&protected(), &payload(&image()), &acme().chain(&certificate))
}

pub(crate) fn policy(change: impl Fn(&mut Value)) -> Value {
    let mut policy = trust_policy(&acme());
    change(&mut policy["trustPolicies"][0]);
    policy
}
