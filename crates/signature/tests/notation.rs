//! Notation signatures by an authority of the tests' own: what verifies, and every way in which it
//! must not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod desk;

use desk::{
    AUTHENTIC, EXPIRY, NOW, SCHEME, TIME, acme, certified, check, check_under, image, judged,
    policy, trust, with,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use signature::{
    Attached, Attachment, Authority, Claim, Described, EnvelopeFormat, Enveloped, Layout, Material,
    Origin, Outcome, Signatory, judge,
};
use testkit::notation::{CODE_SIGNING, Certificate, Pki, payload, protected, trust_policy};
use testkit::signer::Signer;

#[test]
fn a_certificate_of_a_trust_store_vouches_for_a_named_signer() {
    let envelope = acme().sign(&image()).to_string();
    let (outcome, why, signatory) = judged(&envelope, &trust_policy(&acme()));
    assert_eq!(outcome, Outcome::Verified, "{why}");
    let Some(Signatory::Certified(signer)) = signatory else { panic!("{signatory:?}") };
    assert!(signer.subject.contains("CN=signer"), "{}", signer.subject);
    assert!(signer.root.contains("CN=root"), "{}", signer.root);
    assert_eq!(signer.claimed_time.unwrap().to_string(), testkit::notation::SIGNED_AT);
    assert_eq!((signer.algorithm.to_string().as_str(), signer.logged.len()), ("ES256", 0));
}

#[test]
fn the_signer_notes_what_it_notes_as_annotations() {
    let mut said = payload(&image());
    said["targetArtifact"]["annotations"] = json!({"stage": "prod"});
    let envelope = acme().jws(&protected(), &said, &acme().own_chain());
    let mut authority = Authority::of_keys("acme", Vec::new());
    authority.notation = Some(trust(&trust_policy(&acme())).unwrap().into());
    for (stage, expect) in [("prod", Outcome::Verified), ("test", Outcome::NotAnnotated)] {
        authority.annotations = [("stage".to_owned(), json!(stage))].into();
        let origin = Origin {
            subject: image().digest().parse().unwrap(),
            repository: "fn".to_owned(),
            layout: Layout::Referrers,
            manifest: image().digest().parse().unwrap(),
            layer: 0,
        };
        let descriptor = image().descriptor();
        let described = Some(Described {
            media_type: descriptor["mediaType"].as_str().unwrap().to_owned(),
            size: descriptor["size"].as_u64().unwrap(),
        });
        let bytes = envelope.to_string().into_bytes();
        let format = EnvelopeFormat::Jws;
        let content = Ok(Material::Notation(Enveloped { bytes, format, described }));
        let attachments = vec![Attachment { origin, content }];
        let answer = judge(Attached { attachments, unanswered: Vec::new() }, &[authority.clone()]);
        assert_eq!(answer.outcome, expect);
        if let Ok(vouched) = &answer.seen[0].result {
            let Claim::Signature(payload) = &vouched.verified.claim else { panic!() };
            assert_eq!(payload.annotations["stage"], "prod");
        }
    }
}

#[test]
fn no_changed_character_of_an_envelope_verifies() {
    let envelope = acme().sign(&image());
    let text = envelope.to_string();
    let mut tried = 0;
    for part in ["payload", "protected", "signature"] {
        let value = envelope[part].as_str().unwrap();
        for index in (0..value.len()).step_by(7) {
            let mut changed = value.as_bytes().to_vec();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let mut envelope = envelope.clone();
            envelope[part] = String::from_utf8(changed).unwrap().into();
            let (outcome, ..) = judged(&envelope.to_string(), &trust_policy(&acme()));
            assert_ne!(outcome, Outcome::Verified, "{part} {index}");
            tried += 1;
        }
    }
    for (number, certificate) in envelope["header"]["x5c"].as_array().unwrap().iter().enumerate() {
        let value = certificate.as_str().unwrap();
        for index in (0..value.len()).step_by(17) {
            let mut changed = value.as_bytes().to_vec();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let mut envelope = envelope.clone();
            envelope["header"]["x5c"][number] = String::from_utf8(changed).unwrap().into();
            let (outcome, ..) = judged(&envelope.to_string(), &trust_policy(&acme()));
            assert_ne!(outcome, Outcome::Verified, "certificate {number} {index}");
            tried += 1;
        }
    }
    assert!(tried > 100);
    for wrong in
        ["", "{}", "[]", &text[1..], &format!("{text}x"), &text.replace("\"header\"", "\"Header\"")]
    {
        assert_eq!(judged(wrong, &trust_policy(&acme())).0, Outcome::BadSignature, "{wrong}");
    }
}

#[test]
fn what_an_envelope_says_twice_or_beside_what_is_signed_is_refused() {
    let text = acme().sign(&image()).to_string();
    let bad = |text: String| {
        let (outcome, why, _) = judged(&text, &trust_policy(&acme()));
        assert_eq!(outcome, Outcome::BadSignature, "{why}");
    };
    bad(text.replacen('{', r#"{"payload":"e30","#, 1));
    bad(text.replacen('{', r#"{"signatures":[],"#, 1));
    bad(text.replace(r#""header":{"#, r#""header":{"alg":"none","#));
    bad(text.replace(r#""header":{"#, &format!(r#""header":{{"{EXPIRY}":1,"crit":[],"#)));
    bad(text.replace(r#""header":{"#, r#""header":{"x5c":[],"#));
    bad(text.replace(r#""signature":""#, r#""signature":"="#));
}

#[test]
fn what_must_be_understood_is_or_nothing_verifies() {
    check(&with(|it| it["crit"] = json!([])), Outcome::BadSignature, "crit");
    check(&with(|it| it["crit"] = json!([SCHEME, SCHEME])), Outcome::BadSignature, "crit");
    check(&with(|it| it["crit"] = json!([SCHEME, "alg"])), Outcome::BadSignature, "alg");
    let unknown = |it: &mut Value| {
        it["crit"] = json!([SCHEME, "acme.policy"]);
        it["acme.policy"] = json!("x");
    };
    check(&with(unknown), Outcome::BadSignature, "acme.policy");
    check(&with(|it| it["acme.policy"] = json!("x")), Outcome::Verified, "");
    let plugin = |it: &mut Value| it["io.cncf.notary.verificationPlugin"] = json!("acme-kms");
    check(&with(plugin), Outcome::Unchecked, "plug-in \"acme-kms\"");
    // Nobody makes an answer undecided who is not trusted.
    let mut asking = protected();
    plugin(&mut asking);
    let mallory = Pki::new("mallory");
    let theirs = mallory.jws(&asking, &payload(&image()), &mallory.own_chain());
    check(&theirs, Outcome::OtherSigner, "none of the stores");
    let uncritical = |it: &mut Value| it[EXPIRY] = json!("2030-01-01T00:00:00Z");
    check(&with(uncritical), Outcome::BadSignature, "not marked critical");
    check(
        &with(|it| drop(it.as_object_mut().unwrap().remove("crit"))),
        Outcome::BadSignature,
        "crit",
    );
}

#[test]
fn only_the_algorithm_of_the_certificates_key_is_taken() {
    for (name, told) in [
        ("ES384", "not that of its certificate's key"),
        ("PS256", "not that of its certificate's key"),
        ("RS256", "\"alg\""),
        ("HS256", "\"alg\""),
        ("none", "\"alg\""),
        ("es256", "\"alg\""),
    ] {
        check(&with(|it| it["alg"] = json!(name)), Outcome::BadSignature, told);
    }
    check(&with(|it| it["cty"] = json!("application/json")), Outcome::BadSignature, "cty");
}

#[test]
fn a_scheme_says_who_is_believed_about_the_time() {
    let by_authority = |time: &'static str| {
        move |it: &mut Value| {
            it[SCHEME] = json!("notary.x509.signingAuthority");
            it["crit"] = json!([SCHEME, AUTHENTIC]);
            it[AUTHENTIC] = json!(time);
            it.as_object_mut().unwrap().remove(TIME);
        }
    };
    let trusting = policy(|it| it["trustStores"] = json!(["signingAuthority:acme"]));
    let signed = with(by_authority("2024-06-01T00:00:00Z"));
    check_under(&signed, &trusting, Outcome::Verified, "");
    // A store of authorities vouches not for a signing authority, nor the other way around.
    check(&signed, Outcome::OtherSigner, "none of the stores");
    check_under(&acme().sign(&image()), &trusting, Outcome::OtherSigner, "none of the stores");
    let early = with(by_authority("2023-06-01T00:00:00Z"));
    check_under(&early, &trusting, Outcome::Expired, "2023-06-01");
    let late = with(by_authority("2025-06-01T00:00:00Z"));
    check_under(&late, &trusting, Outcome::BadSignature, "yet to come");
    check(&with(|it| it[SCHEME] = json!("notary.x510")), Outcome::BadSignature, "notary.x510");
    check(&with(|it| it[AUTHENTIC] = json!(NOW)), Outcome::BadSignature, AUTHENTIC);
    let both = with(|it| {
        by_authority("2024-06-01T00:00:00Z")(it);
        it[TIME] = json!("2024-06-01T00:00:00Z");
    });
    check_under(&both, &trusting, Outcome::BadSignature, TIME);
}

#[test]
fn a_signature_is_of_this_very_manifest() {
    let about = |change: &dyn Fn(&mut Value)| {
        let mut said = payload(&image());
        change(&mut said["targetArtifact"]);
        acme().jws(&protected(), &said, &acme().own_chain())
    };
    let other = format!("sha256:{}", "0".repeat(64));
    check(&about(&|it| it["digest"] = json!(other)), Outcome::BadSignature, "not for this image");
    check(&about(&|it| it["size"] = json!(1)), Outcome::BadSignature, "of 1 bytes");
    let index = "application/vnd.oci.image.index.v1+json";
    check(&about(&|it| it["mediaType"] = json!(index)), Outcome::BadSignature, index);
    for missing in ["digest", "size", "mediaType"] {
        let without = about(&|it| drop(it.as_object_mut().unwrap().remove(missing)));
        check(&without, Outcome::BadSignature, missing);
    }
}

#[test]
fn certificates_are_held_to_what_they_are_for() {
    let seconds = |time: &str| time.parse::<Timestamp>().unwrap().as_second();
    let unfit = |change: &dyn Fn(&mut Certificate), told: &str| {
        check(&certified(change), Outcome::BadSignature, told);
    };
    unfit(&|it| it.usage = None, "digital signatures alone");
    unfit(&|it| it.usage = Some((5, 0xa0)), "digital signatures alone");
    unfit(&|it| it.usage = Some((2, 0x84)), "digital signatures alone");
    unfit(&|it| it.authority = Some(None), "an authority's");
    unfit(&|it| it.purposes = vec!["1.3.6.1.5.5.7.3.1"], "signing code");
    unfit(&|it| it.purposes = vec![CODE_SIGNING, "1.3.6.1.5.5.7.3.8"], "signing code");
    unfit(&|it| it.extensions = vec![("1.2.3.4", true, vec![5, 0])], "1.2.3.4");
    check(&certified(|it| it.purposes.clear()), Outcome::Verified, "");
    let ended = certified(|it| it.times.1 = seconds("2024-12-31T00:00:00Z"));
    check(&ended, Outcome::Expired, "it counts at 2025-01-01");
    let to_come = certified(|it| it.times.0 = seconds("2025-01-02T00:00:00Z"));
    check(&to_come, Outcome::Expired, "it counts at 2025-01-01");
}

#[test]
fn a_chain_is_issued_link_by_link_up_to_a_trusted_root() {
    let (acme, signer) = (acme(), Certificate::signer(&acme().signer_name()));
    let sealed = |chain: &[Vec<u8>]| acme.jws(&protected(), &payload(&image()), chain);
    let own = acme.own_chain();
    check(&sealed(&own[..1]), Outcome::OtherSigner, "none of the stores");
    check(&sealed(&own[..2]), Outcome::OtherSigner, "none of the stores");
    check(&sealed(&[own[0].clone(), own[2].clone()]), Outcome::BadSignature, "not issued");
    check(&sealed(&[]), Outcome::BadSignature, "chain of 0");
    check(&sealed(&vec![own[2].clone(); 11]), Outcome::BadSignature, "chain of 11");
    let below = |change: &dyn Fn(&mut Certificate)| {
        let mut authority = Certificate::authority(&acme.authority_name());
        change(&mut authority);
        sealed(&acme.chain_below(&signer, &authority))
    };
    check(&below(&|it| it.authority = Some(Some(0))), Outcome::Verified, "");
    check(&below(&|it| it.authority = None), Outcome::BadSignature, "authority's");
    check(&below(&|it| it.usage = Some((7, 0x80))), Outcome::BadSignature, "signing certificates");
    // An authority that may have none below it has one.
    let middle = Certificate { authority: Some(Some(0)), ..Certificate::authority("C=US,CN=m") };
    let key = Signer::new("middle");
    let mut chain = acme.chain_below(&signer, &Certificate::authority(&acme.authority_name()));
    chain[0] = signer.issued(&acme.signer(), "C=US,CN=l", acme.authority_key());
    chain[1] = Certificate::authority("C=US,CN=l").issued(acme.authority_key(), "C=US,CN=m", &key);
    chain.insert(2, middle.issued(&key, &acme.root_name(), &Signer::new("notation acme root")));
    check(&sealed(&chain), Outcome::BadSignature, "that high");
    // Somebody else's authority of the same names.
    let mallory = Pki::new("mallory");
    let forged = signer.issued(&acme.signer(), &acme.authority_name(), mallory.authority_key());
    let forged = [vec![forged], own[1..].to_vec()].concat();
    check(&sealed(&forged), Outcome::BadSignature, "not issued");
    let theirs = mallory.sign(&image());
    check(&theirs, Outcome::OtherSigner, "none of the stores");
}
