//! Verifying signatures: against the bare libraries under it, from what was kept, and as the
//! function answers. All P-256 and of a loopback registry, but for a bundle of Sigstore's
//! public-good instance.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use event_bus::Check as _;
use image_function::ImageFunction;
use serde_json::{Value, json};
use signature::{
    Answer, Attached, Attachment, Authority, Bundle, Evidence, Identity, Layout, Material, Origin,
    Outcome, PublicKey, Simple, TextMatch, TrustedRoot, judge,
};
use sigstore_trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT;
use sigstore_verify::{VerificationPolicy, Verifier};
use testkit::bundle::{IN_TOTO, SIGN, pae, statement};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder};
use testkit::registry::{AttachedRepository, Listing, ScriptedRegistry};
use testkit::signer::{Signer, signature_manifest};
use testkit::sigstore::{Identity as Who, Instance, Order};
use verdict::Digest;
use verify_signature::VerifySignature;

use crate::Measured;

const RATIO_MAX: f64 = 1.5;
const CACHED_US_MAX: f64 = 20.0;
const ANSWER_MS_MAX: f64 = 10.0;
/// How often each is measured, and how often it is done in one measurement.
const ROUNDS: usize = 40;
const REPEATS: usize = 10;
const ANSWERS: usize = 100;

const SUBJECT: &str = "ci@acme.example";
const ISSUER: &str = "https://issuer.example";
const BLOB: &[u8] =
    include_bytes!("../../crates/signature/tests/vectors/sigstore-rust/cosign-v3-blob.txt");
const BLOB_BUNDLE: &str =
    include_str!("../../crates/signature/tests/vectors/sigstore-rust/cosign-v3-blob.sigstore.json");

pub(crate) fn measure() -> Vec<Measured> {
    let mut measured = vec![keyed_legacy(), keyed_bundle(), keyless_image(), keyless_file()];
    measured.extend(answers());
    measured
}

/// A signature under cosign's tag, against ECDSA over its payload.
fn keyed_legacy() -> Measured {
    let (image, key) = (image(0), Signer::new("acme"));
    let payload = Signer::payload("fn", &image.digest());
    let signature = key.signature(&payload);
    let simple = Simple {
        payload: payload.clone(),
        signature: signature.clone(),
        sigstore: Default::default(),
    };
    let authorities = [keyed()];
    against(
        "keyed signature, legacy layout / bare ECDSA",
        || ecdsa(&key, &payload, &signature),
        || vouched(&judged(&image, Material::Simple(simple.clone()), &authorities)),
    )
}

/// The bundle of an image, against ECDSA over its envelope.
fn keyed_bundle() -> Measured {
    let (image, key) = (image(0), Signer::new("acme"));
    let payload = statement(&image.digest(), SIGN, &Value::Null).to_string().into_bytes();
    let encoded = pae(IN_TOTO, &payload);
    let signature = key.signature(&encoded);
    let bundle = key.bundle(&key.envelope(IN_TOTO, &payload)).to_string().into_bytes();
    let authorities = [keyed()];
    against(
        "keyed signature, bundle / bare ECDSA",
        || ecdsa(&key, &encoded, &signature),
        || vouched(&judged(&image, Material::Bundle(bundle.clone()), &authorities)),
    )
}

/// The bundle of an image with a certificate and a log entry, against `sigstore-verify` of it.
fn keyless_image() -> Measured {
    let (image, instance) = (image(0), Instance::new("acme"));
    let about = statement(&image.digest(), SIGN, &Value::Null);
    let bundle = instance.attest(&Who::new(SUBJECT, ISSUER), &about, &Order::default());
    let (bundle, root) = (bundle.to_string(), instance.trusted_root().to_string());
    let exact = |text| TextMatch::exact(text).expect("a text");
    let identity =
        Identity { issuer: exact(ISSUER), subject: exact(SUBJECT), extensions: BTreeMap::new() };
    let authorities = [Authority {
        identities: vec![identity],
        root: Some(Arc::new(TrustedRoot::from_json(root.as_bytes()).expect("a root"))),
        ..Authority::of_keys("acme", Vec::new())
    }];
    let verifier = verifier(&root);
    let digest = image.digest().parse().expect("a digest");
    against(
        "keyless signature of an image / bare sigstore-verify",
        || sigstore(&verifier, &bundle, digest),
        || vouched(&judged(&image, Material::Bundle(bundle.clone().into_bytes()), &authorities)),
    )
}

/// What cosign 3 made on the public-good instance: P-384 certificates, a log entry, a timestamp.
fn keyless_file() -> Measured {
    let root = TrustedRoot::public_good().expect("the root that is built in");
    let verifier = verifier(SIGSTORE_PRODUCTION_TRUSTED_ROOT);
    let digest = Digest::of(BLOB);
    against(
        "keyless signature of a file, public-good / bare sigstore-verify",
        || sigstore(&verifier, BLOB_BUNDLE, digest),
        || {
            let bundle = Bundle::parse(BLOB_BUNDLE.as_bytes()).expect("a bundle");
            let signer = bundle.verify_keyless(digest.into(), &root, Evidence::default());
            let _ = black_box(signer.expect("a signer"));
        },
    )
}

/// The check from what it kept, and the function from request to report: each image is asked
/// about once, so that nothing is kept of it.
fn answers() -> [Measured; 2] {
    let mut served = BTreeMap::new();
    let images: Vec<BuiltImage> = (0..ANSWERS).map(image).collect();
    for (number, image) in images.iter().enumerate() {
        let layer = Signer::new("acme").sign("fn", &image.digest());
        let signed = signature_manifest(&image.digest(), vec![layer]);
        let repository = AttachedRepository::of(image, &format!("fn{number}"));
        served.extend(repository.tagged(signed).answers(Listing::Api));
    }
    let registry = ScriptedRegistry::serving(served);
    let host = registry.host();
    [cached(&host, &images), uncached(&host, &images)]
}

fn cached(host: &str, images: &[BuiltImage]) -> Measured {
    let check = VerifySignature::new(opener());
    let digest = images.first().expect("an image").digest();
    let request = serde_json::from_value(json!({
        "validation": "0".repeat(32), "phase": "build",
        "subject": {
            "declared": "fn", "image": format!("{host}/fn0@{digest}"), "platform": "linux/amd64",
            "index": null, "role": "made", "place": "registry",
        },
        "policy": {"body": policy()},
        "deadline": jiff::Timestamp::MAX,
    }));
    let request = request.expect("a request");
    let ask = || {
        let report = check.check(&request);
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    };
    ask();
    Measured::at_most("verify-signature from what it kept", fastest(ask), CACHED_US_MAX, "us")
}

fn uncached(host: &str, images: &[BuiltImage]) -> Measured {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("policy.yml");
    std::fs::write(&file, policy()).expect("a policy");
    let variable = |name: &str| match name {
        "policy_file" => Some(file.display().to_string()),
        "secret_mount_path" => Some(folder.path().display().to_string()),
        _ => None,
    };
    let function =
        ImageFunction::set_up(variable, |images| Ok(Arc::new(VerifySignature::new(images))));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut times: Vec<f64> = (0..images.len())
        .map(|number| {
            let question = json!({"image": format!("{host}/fn{number}:1")}).to_string();
            let request = http::Request::post("/").body(Bytes::from(question)).expect("a request");
            let begun = Instant::now();
            let answer = runtime.block_on(ImageFunction::answer(&function, request));
            let ms = begun.elapsed().as_secs_f64() * 1e3;
            let report: Value = serde_json::from_slice(answer.body()).expect("a report");
            assert_eq!(report["outcome"], "pass", "{report}");
            ms
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (p50, p90) = (times[times.len() / 2], times[times.len() * 9 / 10]);
    println!("verify-signature from request to report: p50 {p50:.1} ms, p90 {p90:.1} ms");
    Measured::at_most("verify-signature from request to report, p50", p50, ANSWER_MS_MAX, "ms")
}

/// A policy that trusts acme's key and reaches loopback.
fn policy() -> String {
    let keys = [Signer::new("acme").public_pem()];
    json!({
        "sources": {"private-addresses": "allowed"},
        "signatures": {"authorities": [{"name": "acme", "images": ["**"], "keys": keys}]},
    })
    .to_string()
}

fn opener() -> Arc<oci_image::Opener> {
    let access = oci_image::Access { addresses: oci_image::Addresses::Any, ..Default::default() };
    Arc::new(oci_image::Opener::new(access).expect("an opener"))
}

fn image(number: usize) -> BuiltImage {
    ImageBuilder::new().layer(LayerBuilder::new().file("number", number.to_string())).build()
}

fn keyed() -> Authority {
    let key = PublicKey::from_pem(&Signer::new("acme").public_pem()).expect("a key");
    Authority::of_keys("acme", vec![key])
}

/// What one attached thing means, from its bytes on.
fn judged(image: &BuiltImage, material: Material, authorities: &[Authority]) -> Answer {
    let subject = image.digest().parse().expect("a digest");
    let origin = Origin {
        subject,
        repository: "fn".to_owned(),
        layout: Layout::Referrers,
        manifest: subject,
        layer: 0,
    };
    let attachments = vec![Attachment { origin, content: Ok(material) }];
    judge(Attached { attachments, unanswered: Vec::new() }, authorities)
}

fn vouched(answer: &Answer) {
    assert_eq!(answer.outcome, Outcome::Verified, "{:?}", answer.seen);
}

fn ecdsa(key: &Signer, bytes: &[u8], signature: &[u8]) {
    let der = key.public_der();
    // An uncompressed point ends a SubjectPublicKeyInfo of P-256.
    let point = &der[der.len() - 65..];
    let algorithm = &ring::signature::ECDSA_P256_SHA256_ASN1;
    let key = ring::signature::UnparsedPublicKey::new(algorithm, point);
    key.verify(bytes, signature).expect("a signature");
}

fn verifier(root: &str) -> Verifier {
    let root = sigstore_trust_root::TrustedRoot::from_json(root).expect("a root");
    Verifier::new(&root).expect("a root that can be used")
}

fn sigstore(verifier: &Verifier, bundle: &str, digest: Digest) {
    let bundle = sigstore_types::Bundle::from_json(bundle).expect("a bundle");
    let digest = sigstore_types::Sha256Hash::from_hex(&digest.hex()).expect("a digest");
    let policy = VerificationPolicy::any_identity();
    black_box(verifier.verify(digest, &bundle, &policy).expect("a signature"));
}

/// One beside the other: their shortest times, for time on a shared machine tells of its
/// neighbours too.
fn against(what: &str, floor: impl Fn(), ours: impl Fn()) -> Measured {
    let (mut floor_us, mut ours_us) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        floor_us = floor_us.min(each(&floor));
        ours_us = ours_us.min(each(&ours));
    }
    println!("{what}: {floor_us:.0} us, {ours_us:.0} us");
    Measured::at_most(what, ours_us / floor_us, RATIO_MAX, "x")
}

fn fastest(work: impl Fn()) -> f64 {
    (0..ROUNDS).map(|_| each(&work)).fold(f64::INFINITY, f64::min)
}

/// How many microseconds it takes, each time of a few.
fn each(work: &impl Fn()) -> f64 {
    let begun = Instant::now();
    (0..REPEATS).for_each(|_| work());
    begun.elapsed().as_secs_f64() * 1e6 / REPEATS as f64
}
