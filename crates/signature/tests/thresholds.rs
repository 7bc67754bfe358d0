//! Law: an authority vouches exactly when as many *different* of its signers signed as it asks for,
//! however often each signed, in whatever order and layout, and whoever else did.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use oci_image::Digest;
use proptest::prelude::*;
use signature::{
    Attached, Attachment, Authority, Layout, Material, Origin, Outcome, PublicKey, Sigstore,
    Simple, judge,
};
use testkit::signer::Signer;

/// Signers 0 to 3 are the authority's, the others are strangers.
const SIGNERS: usize = 6;
const TRUSTED: usize = 4;

fn signer(number: usize) -> Signer {
    Signer::new(&format!("signer {number}"))
}

fn image() -> Digest {
    Digest::of(b"image")
}

/// The signature of each signer, as a bundle and in the legacy layout.
fn signatures() -> Vec<[Material; 2]> {
    let sign = |number| {
        let (signer, image) = (signer(number), image().to_string());
        let bundle = signer.sign_as_bundle(&image).to_string().into_bytes();
        let payload = Signer::payload("fn", &image);
        let signature = signer.signature(&payload);
        let sigstore = Sigstore::default();
        [Material::Bundle(bundle), Material::Simple(Simple { payload, signature, sigstore })]
    };
    (0..SIGNERS).map(sign).collect()
}

fn attachment(content: Material) -> Attachment {
    let origin = Origin {
        subject: image(),
        repository: "fn".to_owned(),
        layout: Layout::Referrers,
        manifest: Digest::of(b"manifest"),
        layer: 0,
    };
    Attachment { origin, content: Ok(content) }
}

#[test]
fn p9_a_threshold_counts_different_signers_only() {
    let signatures = signatures();
    let keys: Vec<PublicKey> =
        (0..TRUSTED).map(|it| PublicKey::from_pem(&signer(it).public_pem()).unwrap()).collect();
    let made = prop::collection::vec((0..SIGNERS, 0..2_usize), 0..10);
    proptest!(ProptestConfig::with_cases(128), |(made in made, threshold in 1_u32..=4)| {
        let attach = |&(who, layout): &(usize, usize)| attachment(signatures[who][layout].clone());
        let attachments = made.iter().map(attach).collect();
        let attached = Attached { attachments, unanswered: Vec::new() };
        let authority = Authority { threshold, ..Authority::of_keys("acme", keys.clone()) };
        let answer = judge(attached, &[authority]);
        let mut who: Vec<usize> = made.iter().map(|(who, _)| *who).filter(|who| *who < TRUSTED).collect();
        who.sort_unstable();
        who.dedup();
        prop_assert_eq!(answer.standings[0].signers.len(), who.len());
        let vouches = who.len() >= threshold as usize;
        prop_assert_eq!(answer.outcome == Outcome::Verified, vouches);
        if !vouches && !who.is_empty() {
            prop_assert_eq!(answer.outcome, Outcome::TooFewSigners);
        }
    });
}
