//! What `notation` itself signed: each of its algorithms, in both formats, and no byte otherwise.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use serde_json::json;
use signature::{
    Attached, Attachment, Authority, Claim, Described, EnvelopeFormat, Enveloped, Layout, Material,
    NotationTrust, Origin, Outcome, Signatory, judge,
};
use verdict::Digest;

const ALGORITHMS: [&str; 6] = ["ps256", "ps384", "ps512", "es256", "es384", "es512"];
const FORMATS: [(&str, EnvelopeFormat); 2] =
    [("jws", EnvelopeFormat::Jws), ("cose", EnvelopeFormat::Cose)];

/// From the name of the attribute that names the program to the end of its value.
const AGENT_BYTES: usize = "io.cncf.notary.signingAgent\":\"notation-go/1.3.2".len();

fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/notation/");
    fs::read(format!("{folder}{name}")).unwrap()
}

fn authority(root: &str) -> Authority {
    let policy = json!({"version": "1.0", "trustPolicies": [{
        "name": "all", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme"], "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme"],
    }]});
    let root = String::from_utf8(file(root)).unwrap();
    let stores = [("ca:acme".to_owned(), root)].into();
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    let trust = NotationTrust::read(&policy.to_string(), &stores, "fn", now).unwrap();
    let mut authority = Authority::of_keys("acme", Vec::new());
    authority.notation = Some(trust.into());
    authority.annotations = [("stage".to_owned(), json!("prod"))].into();
    authority
}

fn judged(bytes: Vec<u8>, format: EnvelopeFormat, authority: Authority) -> signature::Answer {
    let manifest = file("manifest.json");
    let subject = Digest::of(&manifest);
    let described = Some(Described {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        size: manifest.len() as u64,
    });
    let (repository, layout) = ("fn".to_owned(), Layout::Referrers);
    let origin = Origin { subject, repository, layout, manifest: subject, layer: 0 };
    let content = Ok(Material::Notation(Enveloped { bytes, format, described }));
    let attachments = vec![Attachment { origin, content }];
    judge(Attached { attachments, unanswered: Vec::new() }, &[authority])
}

#[test]
fn what_notation_signs_by_each_algorithm_verifies() {
    for algorithm in ALGORITHMS {
        for (name, format) in FORMATS {
            let bytes = file(&format!("{algorithm}.{name}"));
            let answer = judged(bytes, format, authority(&format!("{algorithm}-root.pem")));
            assert_eq!(answer.outcome, Outcome::Verified, "{algorithm} {name}: {answer:?}");
            let verified = &answer.seen[0].result.as_ref().unwrap().verified;
            let Signatory::Certified(signer) = &verified.signatory else { panic!("{verified:?}") };
            assert_eq!(signer.algorithm.to_string(), algorithm.to_uppercase());
            let Claim::Signature(payload) = &verified.claim else { panic!("{verified:?}") };
            assert_eq!(payload.annotations["stage"], "prod");
        }
    }
}

#[test]
fn another_root_of_the_same_organisation_is_another_signer() {
    for (name, format) in FORMATS {
        let answer = judged(file(&format!("es256.{name}")), format, authority("es384-root.pem"));
        assert_eq!(answer.outcome, Outcome::OtherSigner);
    }
}

#[test]
fn no_changed_third_byte_of_what_notation_signed_verifies() {
    // Only the name of the program that signed is not signed, nor named by what is.
    let agent = b"io.cncf.notary.signingAgent";
    for (name, format) in FORMATS {
        let good = file(&format!("es256.{name}"));
        let place = good.windows(agent.len()).position(|it| it == agent).unwrap();
        let mut verified = 0;
        for index in (0..good.len()).step_by(3) {
            let mut changed = good.clone();
            changed[index] ^= 1;
            let answer = judged(changed, format, authority("es256-root.pem"));
            if answer.outcome == Outcome::Verified {
                assert!(
                    (place..place + AGENT_BYTES).contains(&index),
                    "{name} {index}: {answer:?}"
                );
                verified += 1;
            }
        }
        assert!(verified > 0, "the agent's name can be changed");
    }
}

#[test]
fn an_envelope_of_the_other_format_is_none() {
    for (name, other) in [("jws", EnvelopeFormat::Cose), ("cose", EnvelopeFormat::Jws)] {
        let answer = judged(file(&format!("es256.{name}")), other, authority("es256-root.pem"));
        assert_eq!(answer.outcome, Outcome::BadSignature);
    }
}
