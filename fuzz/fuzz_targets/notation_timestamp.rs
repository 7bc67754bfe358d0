//! Timestamp tokens that anybody puts beside a Notation signature: they are refused or believed, and
//! nothing panics.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signature::{
    Attached, Attachment, Authority, Described, EnvelopeFormat, Enveloped, Layout, Material,
    NotationTrust, Origin, judge,
};
use verdict::Digest;

const POLICY: &str = r#"{"version": "1.0", "trustPolicies": [{"name": "all", "registryScopes": ["*"],
    "signatureVerification": {"level": "strict"}, "trustStores": ["ca:acme", "tsa:times"],
    "trustedIdentities": ["*"]}]}"#;
const ROOT: &str = include_str!("../../tests/vectors/notation/es256-root.pem");
const TIMES: &str = include_str!("../corpus/notation_timestamp/root.pem");
const ENVELOPE: &str = include_str!("../../tests/vectors/notation/es256.jws");
const HEADER: &str = "\"header\":{";
const MANIFEST: &[u8] = include_bytes!("../../tests/vectors/notation/manifest.json");

static AUTHORITY: LazyLock<Option<Authority>> = LazyLock::new(|| {
    let stores = [("ca:acme", ROOT), ("tsa:times", TIMES)];
    let stores = stores.map(|(name, pem)| (name.to_owned(), pem.to_owned())).into();
    let now = "2026-12-01T00:00:00Z".parse().ok()?;
    let trust = NotationTrust::read(POLICY, &stores, "fn", now).ok()?;
    Some(Authority { notation: Some(trust.into()), ..Authority::of_keys("acme", Vec::new()) })
});

libfuzzer_sys::fuzz_target!(|token: &[u8]| {
    let Some(authority) = &*AUTHORITY else { return };
    let token = STANDARD.encode(token);
    let stamped = format!("{HEADER}\"io.cncf.notary.timestampSignature\":\"{token}\",");
    let bytes = ENVELOPE.replace(HEADER, &stamped).into_bytes();
    let described = Some(Described {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        size: MANIFEST.len() as u64,
    });
    let (subject, repository) = (Digest::of(MANIFEST), "fn".to_owned());
    let layout = Layout::Referrers;
    let origin = Origin { subject, repository, layout, manifest: subject, layer: 0 };
    let format = EnvelopeFormat::Jws;
    let content = Ok(Material::Notation(Enveloped { bytes, format, described }));
    let attachments = vec![Attachment { origin, content }];
    let attached = Attached { attachments, unanswered: Vec::new() };
    let _ = judge(attached, std::slice::from_ref(authority));
});
