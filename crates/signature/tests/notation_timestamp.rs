//! Timestamps over Notation signatures by an authority of the tests' own: when they keep a signature
//! alive, and every way in which they must not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod desk;

use std::collections::BTreeMap;

use desk::{NOW, acme, certified, check_under, image, judged, policy, stamper, stores, with};
use jiff::Timestamp;
use serde_json::{Value, json};
use signature::{NotationTrust, NotationTrustError, Outcome};
use testkit::notation::{
    CODE_SIGNING, Certificate, Stamper, TIME_STAMPING, Token, critical_extension, pem, signature,
    stamped, trust_policy,
};

fn second(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_second()
}

fn in_2024() -> i64 {
    second("2024-06-01T00:00:00Z")
}

/// A trust policy with a store of timestamp authorities.
fn asking(verify: &str) -> Value {
    policy(|it| {
        it["trustStores"] = json!(["ca:acme", "tsa:times"]);
        it["signatureVerification"]["verifyTimestamp"] = json!(verify);
    })
}

/// Signed with a certificate that has ended before now.
fn ended() -> Value {
    certified(|it| it.times.1 = second("2024-12-31T00:00:00Z"))
}

/// The same with a token of this kind.
fn sealed(change: impl Fn(&mut Token)) -> Value {
    let (envelope, stamper) = (ended(), stamper());
    let mut token = stamper.token(&signature(&envelope), in_2024());
    change(&mut token);
    stamped(envelope, &stamper.sealed(&token))
}

#[track_caller]
fn refused(envelope: &Value, told: &str) {
    check_under(envelope, &asking("afterCertExpiry"), Outcome::NotLogged, told);
}

#[test]
fn a_timestamp_keeps_a_signature_alive_after_its_certificate() {
    let envelope = sealed(|_| {});
    for verify in ["always", "afterCertExpiry"] {
        check_under(&envelope, &asking(verify), Outcome::Verified, "");
    }
    // Without a store for them nobody is asked for one, and the certificate must be valid now.
    check_under(&envelope, &trust_policy(&acme()), Outcome::Expired, "it counts at 2025-01-01");
    check_under(&ended(), &asking("afterCertExpiry"), Outcome::NotLogged, "there is none");
    let permissive = |it: &str| {
        let mut policy = asking(it);
        policy["trustPolicies"][0]["signatureVerification"]["level"] = json!("permissive");
        policy
    };
    check_under(&ended(), &permissive("always"), Outcome::Verified, "");
}

#[test]
fn a_timestamp_is_asked_of_a_living_certificate_where_the_policy_says_always() {
    let envelope = acme().sign(&image());
    check_under(&envelope, &asking("always"), Outcome::NotLogged, "there is none");
    check_under(&envelope, &asking("afterCertExpiry"), Outcome::Verified, "");
    // One that is not asked for is not looked at.
    let broken = stamped(envelope.clone(), b"x");
    check_under(&broken, &asking("afterCertExpiry"), Outcome::Verified, "");
    check_under(&broken, &asking("always"), Outcome::NotLogged, "malformed");
    let token = stamper().stamp(&signature(&envelope), in_2024());
    check_under(&stamped(envelope, &token), &asking("always"), Outcome::Verified, "");
}

#[test]
fn a_time_outside_the_certificates_own_helps_nobody() {
    let at = |time: &str| {
        let (envelope, stamper) = (ended(), stamper());
        let token = stamper.stamp(&signature(&envelope), second(time));
        stamped(envelope, &token)
    };
    let policy = asking("always");
    check_under(&at("2024-12-31T00:00:00Z"), &policy, Outcome::Verified, "");
    check_under(&at("2024-12-31T00:00:01Z"), &policy, Outcome::Expired, "counts at 2024-12-31");
    let early = sealed(|it| it.accuracy = Some(u32::MAX.into()));
    check_under(&early, &policy, Outcome::Expired, "it counts at 18");
    let exact = sealed(|it| it.accuracy = Some(1));
    check_under(&exact, &policy, Outcome::Verified, "");
    check_under(&at("2025-01-01T00:00:01Z"), &policy, Outcome::BadSignature, "yet to come");
    let fraction = sealed(|it| it.time = [&[0x18, 17][..], b"20240601000000.5Z"].concat());
    check_under(&fraction, &policy, Outcome::Verified, "");
    for wrong in ["20240601000000+01", "20241301000000.Z", "20240601000000.xZ", "202406010000000Z"]
    {
        let length = wrong.len() as u8;
        let odd = sealed(|it| it.time = [&[0x18, length][..], wrong.as_bytes()].concat());
        refused(&odd, "malformed");
    }
}

#[test]
fn a_timestamp_of_another_signature_or_by_somebody_else_is_none() {
    let envelope = ended();
    let elsewhere = with(|it| it["acme"] = json!("another"));
    let other = stamper().stamp(&signature(&elsewhere), in_2024());
    refused(&stamped(envelope.clone(), &other), "of another signature");
    let theirs = Stamper::new("mallory").stamp(&signature(&envelope), in_2024());
    refused(&stamped(envelope.clone(), &theirs), "leads to no trusted root");
    // A root in the token is nobody's whom a store trusts; one of the same name neither.
    let mallory = Stamper::new("mallory");
    let forged = |it: &mut Token| {
        let issued =
            it.certificate.issued(mallory.root_key(), &stamper().root_name(), mallory.root_key());
        it.certificates = Some(vec![issued]);
    };
    refused(&sealed(forged), "not in it");
    refused(&sealed(|it| it.certificates = Some(Vec::new())), "not in it");
    refused(&sealed(|it| it.names_certificate = false), "signing certificate");
    refused(&sealed(|it| it.rest = vec![critical_extension()]), "malformed");
    let many = |it: &mut Token| {
        let one = |serial| Certificate { serial, ..Certificate::authority("C=US,CN=many") };
        let (key, name) = (acme().signer(), "C=US,CN=many");
        it.certificates = Some((1..=17).map(|it| one(it).issued(&key, name, &key)).collect());
    };
    refused(&sealed(many), "17 certificates");
    refused(&stamped(envelope, &stamper().root_pem().into_bytes()), "malformed");
}

#[test]
fn a_stampers_certificate_is_for_timestamps_alone_and_valid_then() {
    let by = |change: &dyn Fn(&mut Certificate)| sealed(|it| change(&mut it.certificate));
    refused(&by(&|it| it.extensions.clear()), "not for timestamps alone");
    let uncritical = |it: &mut Certificate| {
        it.extensions.clear();
        it.purposes = vec![TIME_STAMPING];
    };
    refused(&by(&uncritical), "not for timestamps alone, critically");
    refused(&by(&|it| it.purposes = vec![CODE_SIGNING]), "timestamp");
    refused(&by(&|it| it.usage = None), "digital signatures alone");
    refused(&by(&|it| it.usage = Some((5, 0xa0))), "digital signatures alone");
    refused(&by(&|it| it.authority = Some(None)), "no stamper's");
    refused(&by(&|it| it.times.1 = in_2024() - 1), "no trusted root that was valid at 2024-06-01");
    // It may have ended since: it vouched while it was valid.
    check_under(&by(&|it| it.times.1 = in_2024()), &asking("always"), Outcome::Verified, "");
}

#[test]
fn no_changed_seventh_byte_of_a_timestamp_vouches_for_another_time() {
    let (envelope, stamper) = (ended(), stamper());
    let token = stamper.stamp(&signature(&envelope), in_2024());
    let (mut tried, mut refused) = (0, 0);
    for index in (0..token.len()).step_by(7) {
        let mut changed = token.clone();
        changed[index] ^= 1;
        let envelope = stamped(envelope.clone(), &changed).to_string();
        let (outcome, ..) = judged(&envelope, &asking("always"));
        // Parts that nobody signed, and that decide nothing, may change: versions, the lists of
        // hashes, the root that comes along.
        let free = outcome == Outcome::Verified;
        assert!(free || outcome == Outcome::NotLogged, "{index}: {outcome:?}");
        tried += 1;
        refused += usize::from(!free);
    }
    assert!(refused > tried / 3, "{refused} of {tried}");
}

#[test]
fn a_store_of_timestamp_authorities_holds_roots_alone() {
    let mut changed = stores();
    changed.insert("tsa:times".to_owned(), pem(&acme().own_chain()[1]));
    let read = |stores: &BTreeMap<String, String>| {
        let now = NOW.parse().unwrap();
        NotationTrust::read(&asking("always").to_string(), stores, "reg.example/fn", now)
    };
    assert!(matches!(read(&changed), Err(NotationTrustError::NoRoot(..))));
    changed.remove("tsa:times");
    assert!(matches!(read(&changed), Err(NotationTrustError::NoStore(_))));
    read(&stores()).unwrap();
}
