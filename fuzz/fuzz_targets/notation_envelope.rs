//! Notation's envelopes as strangers write them, in both formats, with the certificates in them:
//! they are refused or judged, and nothing panics.
#![no_main]

use std::sync::LazyLock;

use signature::{
    Attached, Attachment, Authority, Described, EnvelopeFormat, Enveloped, Layout, Material,
    NotationTrust, Origin, judge,
};
use verdict::Digest;

const POLICY: &str = include_str!("../corpus/notation_trust/trustpolicy.json");
const ROOT: &str = include_str!("../../tests/vectors/notation/es256-root.pem");
const MANIFEST: &[u8] = include_bytes!("../../tests/vectors/notation/manifest.json");

/// Of what signed the corpus: what verifies there is damaged bit by bit.
static AUTHORITY: LazyLock<Option<Authority>> = LazyLock::new(|| {
    let stores = [("ca:acme".to_owned(), ROOT.to_owned())].into();
    let now = "2026-12-01T00:00:00Z".parse().ok()?;
    let trust = NotationTrust::read(POLICY, &stores, "fn", now).ok()?;
    let notation = Some(trust.into());
    Some(Authority { notation, ..Authority::of_keys("acme", Vec::new()) })
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(authority) = &*AUTHORITY else { return };
    let subject = Digest::of(MANIFEST);
    let described = Described {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        size: MANIFEST.len() as u64,
    };
    let attachment = |format| {
        let (repository, layout) = ("fn".to_owned(), Layout::Referrers);
        let origin = Origin { subject, repository, layout, manifest: subject, layer: 0 };
        let bytes = bytes.to_vec();
        let enveloped = Enveloped { bytes, format, described: Some(described.clone()) };
        Attachment { origin, content: Ok(Material::Notation(enveloped)) }
    };
    let attachments = [EnvelopeFormat::Jws, EnvelopeFormat::Cose].map(attachment).into();
    let attached = Attached { attachments, unanswered: Vec::new() };
    let _ = judge(attached, std::slice::from_ref(authority));
});
