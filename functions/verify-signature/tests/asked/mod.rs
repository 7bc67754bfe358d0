//! A question about an image of a scripted registry, and the check's answer.

use std::sync::Arc;
use std::time::Duration;

use event_bus::Check;
use oci_image::{Access, Addresses, Opener};
use serde_json::{Value, json};
use testkit::registry::ScriptedRegistry;
use testkit::signer::{SignatureManifest, Signer, signature_manifest};
use verdict::{CheckOutcome, Finding, Report, Request};
use verify_signature::VerifySignature;

/// An opener that reaches loopback. It is patient: a registry on a busy machine answers late, and one
/// that fails here asks to be tried again at once.
pub(crate) fn opener() -> Arc<Opener> {
    let access = Access {
        addresses: Addresses::Any,
        answer_time_max: Duration::from_secs(60),
        ..Access::default()
    };
    Arc::new(Opener::new(access).unwrap())
}

/// The question whether the image `fn@digest` of a registry is signed by whom this policy's
/// `signatures:` trusts; an index may be said to list it.
pub(crate) fn question(
    host: &str,
    digest: &str,
    index: Option<&str>,
    signatures: &Value,
) -> Request {
    let policy = json!({"signatures": signatures}).to_string();
    serde_json::from_value(json!({
        "validation": "0".repeat(32), "phase": "build",
        "subject": {
            "declared": "fn", "image": format!("{host}/fn@{digest}"), "platform": "linux/amd64",
            "index": index, "role": "made", "place": "registry",
        },
        "policy": {"body": policy},
        "deadline": jiff::Timestamp::MAX,
    }))
    .unwrap()
}

pub(crate) fn ask(request: &Request) -> Report {
    VerifySignature::new(opener()).check(request)
}

/// A policy's `signatures:` that trust acme for all images.
pub(crate) fn trusting(more: &Value) -> Value {
    let keys = [Signer::new("acme").public_pem()];
    let mut signatures = json!({"authorities": [{"name": "acme", "images": ["**"], "keys": keys}]});
    for (key, value) in more.as_object().unwrap() {
        signatures[key] = value.clone();
    }
    signatures
}

/// A signature of the manifest `digest` in the legacy layout.
pub(crate) fn legacy(signer: &str, digest: &str) -> SignatureManifest {
    signature_manifest(digest, vec![Signer::new(signer).sign("fn", digest)])
}

/// What the only finding says, or that there is none.
pub(crate) fn rule(report: &Report) -> &str {
    match report.findings.as_slice() {
        [] => {
            assert_eq!(report.outcome(), CheckOutcome::Pass);
            "pass"
        }
        [only] => &only.rule,
        many => panic!("{many:?}"),
    }
}

/// The only finding.
pub(crate) fn finding(report: &Report) -> &Finding {
    assert_eq!(report.findings.len(), 1);
    &report.findings[0]
}

/// How often a path was asked for.
pub(crate) fn times(registry: &ScriptedRegistry, path: &str) -> usize {
    registry.seen().iter().filter(|it| it.path.contains(path)).count()
}
