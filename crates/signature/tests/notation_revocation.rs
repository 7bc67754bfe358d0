//! Lists of revoked certificates beside Notation's trust stores: what is revoked counts for nothing,
//! and what nobody knows of is undecided.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod desk;

use desk::{
    AUTHENTIC, NOW, SCHEME, TIME, acme, certified, image, judged_by, policy, stamper, stores,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use signature::{NotationTrust, NotationTrustError, Outcome, Signatory};
use testkit::notation::{
    Certificate, Pki, list_pem, payload, protected, signature, stamped, trust_policy,
};
use testkit::revocation::{
    HOLD, KEY_COMPROMISE, REMOVED, RevocationList, Revoked, distribution_point, scope,
};
use testkit::signer::Signer;

/// The numbers of the signer's certificate and of the authority's above it.
const SIGNER: u64 = 77;
const AUTHORITY: u64 = 7;
const DAY: i64 = 86_400;
const URI: &str = "http://acme.example/crl";

fn second(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_second()
}

fn now() -> i64 {
    second(NOW)
}

/// A list of now that revokes these.
fn list(entries: Vec<Revoked>) -> RevocationList {
    RevocationList::new(now() - DAY, 7 * DAY, entries)
}

fn by_authority(list: &RevocationList) -> String {
    list_pem(list, &acme().authority_name(), acme().authority_key())
}

fn by_root(list: &RevocationList) -> String {
    list_pem(list, &acme().root_name(), acme().root_key())
}

fn since_yesterday(serial: u64, reason: u8) -> Revoked {
    Revoked::new(serial, now() - DAY, reason)
}

/// Signed with a certificate that says where it would be revoked.
fn revocable() -> Value {
    certified(|it| it.extensions = vec![distribution_point(URI)])
}

fn read(policy: &Value, lists: &[&str]) -> Result<NotationTrust, NotationTrustError> {
    let mut stores = stores();
    for (number, list) in lists.iter().enumerate() {
        stores.insert(format!("crl:{number}"), (*list).to_owned());
    }
    NotationTrust::read(&policy.to_string(), &stores, "reg.example/fn", NOW.parse().unwrap())
}

#[track_caller]
fn check_under(policy: &Value, envelope: &Value, lists: &[&str], expect: Outcome, told: &str) {
    let (outcome, why, _) = judged_by(&envelope.to_string(), read(policy, lists).unwrap());
    assert_eq!(outcome, expect, "{why}");
    assert!(why.contains(told), "{why}");
}

#[track_caller]
fn check(envelope: &Value, lists: &[&str], expect: Outcome, told: &str) {
    check_under(&trust_policy(&acme()), envelope, lists, expect, told);
}

#[test]
fn a_list_of_its_issuers_says_whether_a_certificate_counts() {
    let clean = by_authority(&list(vec![since_yesterday(1, KEY_COMPROMISE)]));
    let revoked = by_authority(&list(vec![since_yesterday(SIGNER, KEY_COMPROMISE)]));
    check(&revocable(), &[], Outcome::Unchecked, "no list of its issuer's");
    check(&revocable(), &[&clean], Outcome::Verified, "");
    let told = "revoked since 2024-12-31T00:00:00Z (keyCompromise)";
    check(&revocable(), &[&revoked], Outcome::Revoked, told);
    check(&revocable(), &[&(clean.clone() + &revoked)], Outcome::Revoked, told);
    // One that says not where it would be revoked is so too, and needs no list.
    check(&acme().sign(&image()), &[&revoked], Outcome::Revoked, told);
    check(&acme().sign(&image()), &[&clean], Outcome::Verified, "");
    let above = by_root(&list(vec![since_yesterday(AUTHORITY, KEY_COMPROMISE)]));
    check(&acme().sign(&image()), &[&above], Outcome::Revoked, "CN=authority");
    // That one is revoked weighs more than that another is not known.
    check(&revocable(), &[&above], Outcome::Revoked, "CN=authority");
    let empty = by_authority(&list(Vec::new()));
    check(&revocable(), &[&empty], Outcome::Verified, "");
}

#[test]
fn nobody_elses_list_says_anything() {
    let entries = vec![since_yesterday(SIGNER, KEY_COMPROMISE)];
    let (name, key) = (acme().authority_name(), Signer::new("mallory"));
    let forged = list_pem(&list(entries.clone()), &name, &key);
    let missing = "no list of its issuer's";
    // Nothing it says is believed; and that somebody named it says that a list is wanted.
    check(&acme().sign(&image()), &[&forged], Outcome::Unchecked, missing);
    check(
        &acme().sign(&image()),
        &[&forged, &by_authority(&list(Vec::new()))],
        Outcome::Verified,
        "",
    );
    check(&revocable(), &[&forged], Outcome::Unchecked, "no list of its issuer's");
    let (mallory, clean) = (Pki::new("mallory"), list(Vec::new()));
    let theirs = list_pem(&clean, &mallory.authority_name(), mallory.authority_key());
    check(&revocable(), &[&theirs], Outcome::Unchecked, "no list of its issuer's");
    check(&revocable(), &[&by_root(&clean)], Outcome::Unchecked, "no list of its issuer's");
    // An authority that may not sign lists signs none (RFC 5280 §4.2.1.3).
    let mut authority = Certificate::authority(&acme().authority_name());
    authority.usage = Some((2, 0x04));
    let mut signer = Certificate::signer(&acme().signer_name());
    signer.extensions = vec![distribution_point(URI)];
    let chain = acme().chain_below(&signer, &authority);
    let envelope = acme().jws(&protected(), &payload(&image()), &chain);
    check(&envelope, &[&by_authority(&clean)], Outcome::Unchecked, "no list of its issuer's");
}

#[test]
fn a_list_counts_between_its_two_updates() {
    let of = |from: i64, entries: Vec<Revoked>| {
        by_authority(&RevocationList::new(from, 7 * DAY, entries))
    };
    let stale = "newest list of its issuer's is from 2024-12-24";
    check(&revocable(), &[&of(now() - 8 * DAY, vec![])], Outcome::Unchecked, stale);
    check(&revocable(), &[&(of(now() + 1, vec![]))], Outcome::Unchecked, "is not known");
    for edge in [now(), now() - 7 * DAY] {
        check(&revocable(), &[&of(edge, vec![])], Outcome::Verified, "");
    }
    // What is revoked for good stays so.
    let old = of(now() - 800 * DAY, vec![since_yesterday(SIGNER, KEY_COMPROMISE)]);
    check(&revocable(), &[&old], Outcome::Revoked, "keyCompromise");
    check(&revocable(), &[&old, &of(now(), vec![])], Outcome::Revoked, "keyCompromise");
    // A stale list that a newer one follows says nothing else.
    let stale = of(now() - 8 * DAY, vec![since_yesterday(SIGNER, HOLD)]);
    check(&revocable(), &[&stale, &of(now(), vec![])], Outcome::Verified, "");
}

#[test]
fn what_is_held_is_as_the_last_word_says() {
    let held = by_authority(&list(vec![Revoked::new(SIGNER, now() - 3 * DAY, HOLD)]));
    check(&revocable(), &[&held], Outcome::Revoked, "certificateHold");
    let change = |base: u64, number: u64, entry: Revoked| {
        let numbers = (number, Some(base));
        by_authority(&RevocationList { numbers, ..list(vec![entry]) })
    };
    let freed = change(1, 2, Revoked::new(SIGNER, now() - DAY, REMOVED));
    check(&revocable(), &[&held, &freed], Outcome::Verified, "");
    let again = change(1, 3, Revoked::new(SIGNER, now() - DAY / 2, HOLD));
    check(&revocable(), &[&held, &freed, &again], Outcome::Revoked, "Hold");
    // One of other lists, or one alone, changes nothing.
    let other = change(2, 3, Revoked::new(SIGNER, now() - DAY, REMOVED));
    check(&revocable(), &[&held, &other], Outcome::Revoked, "certificateHold");
    let older = change(1, 1, Revoked::new(SIGNER, now() - DAY, REMOVED));
    check(&revocable(), &[&held, &older], Outcome::Revoked, "certificateHold");
    check(&revocable(), &[&freed], Outcome::Unchecked, "no list of its issuer's");
    check(&acme().sign(&image()), &[&freed], Outcome::Unchecked, "no list of its issuer's");
    let worse = change(1, 2, since_yesterday(SIGNER, KEY_COMPROMISE));
    let clean = by_authority(&list(Vec::new()));
    check(&revocable(), &[&clean, &worse], Outcome::Revoked, "keyCompromise");
}

#[test]
fn what_was_made_before_its_certificate_went_bad_is_believed_of_a_signing_authority() {
    let went_bad = |time: &str| {
        let invalid = Some(second(time));
        let entry = Revoked { invalid, ..since_yesterday(SIGNER, KEY_COMPROMISE) };
        by_authority(&list(vec![entry]))
    };
    let mut protected = protected();
    protected[SCHEME] = json!("notary.x509.signingAuthority");
    protected["crit"] = json!([SCHEME, AUTHENTIC]);
    protected[AUTHENTIC] = json!("2024-06-01T00:00:00Z");
    protected.as_object_mut().unwrap().remove(TIME);
    let signed = acme().jws(&protected, &payload(&image()), &acme().own_chain());
    let policy = policy(|it| it["trustStores"] = json!(["signingAuthority:acme"]));
    let (before, after) = (went_bad("2024-06-01T00:00:00Z"), went_bad("2024-06-02T00:00:00Z"));
    check_under(&policy, &signed, &[&before], Outcome::Revoked, "keyCompromise");
    check_under(&policy, &signed, &[&after], Outcome::Verified, "");
    // A signer's own word on the time is nobody's.
    check(&acme().sign(&image()), &[&after], Outcome::Revoked, "keyCompromise");
}

#[test]
fn what_must_be_understood_of_a_list_and_is_not_leaves_it_undecided() {
    let odd = vec![("1.2.3.4", true, vec![5, 0])];
    let odd = by_authority(&RevocationList { extensions: odd, ..list(Vec::new()) });
    check(&revocable(), &[&odd], Outcome::Unchecked, "critical extension 1.2.3.4");
    check(&acme().sign(&image()), &[&odd], Outcome::Unchecked, "1.2.3.4");
    let clean = by_authority(&list(Vec::new()));
    check(&revocable(), &[&clean, &odd], Outcome::Unchecked, "1.2.3.4");
    let revoked = by_authority(&list(vec![since_yesterday(SIGNER, KEY_COMPROMISE)]));
    check(&revocable(), &[&odd, &revoked], Outcome::Revoked, "keyCompromise");
    let entry = |serial| Revoked { is_odd: true, ..since_yesterday(serial, KEY_COMPROMISE) };
    let of_ours = by_authority(&list(vec![entry(SIGNER)]));
    check(&revocable(), &[&of_ours], Outcome::Unchecked, "critical extension 1.2.3.4");
    check(&revocable(), &[&by_authority(&list(vec![entry(1)]))], Outcome::Verified, "");
    let harmless = vec![("1.2.3.4", false, vec![5, 0])];
    let harmless = by_authority(&RevocationList { extensions: harmless, ..list(Vec::new()) });
    check(&revocable(), &[&harmless], Outcome::Verified, "");
}

#[test]
fn a_list_of_a_part_says_nothing_of_the_rest() {
    let of = |scope| by_authority(&RevocationList { extensions: vec![scope], ..list(Vec::new()) });
    check(&revocable(), &[&of(scope(true, false, None))], Outcome::Verified, "");
    check(&revocable(), &[&of(scope(false, false, Some(URI)))], Outcome::Verified, "");
    let missing = "no list of its issuer's";
    check(&revocable(), &[&of(scope(false, true, None))], Outcome::Unchecked, missing);
    let elsewhere = of(scope(false, false, Some("http://acme.example/2")));
    check(&revocable(), &[&elsewhere], Outcome::Unchecked, missing);
    // Of some reasons alone, of other issuers too, or of attribute certificates.
    for part in [&[0x83, 2, 6, 0x40][..], &[0x84, 1, 0xff], &[0x85, 1, 0xff]] {
        let value = [&[0x30, part.len() as u8], part].concat();
        check(&revocable(), &[&of(("2.5.29.28", true, value))], Outcome::Unchecked, missing);
    }
}

#[test]
fn a_trust_policy_says_how_hard_revocation_is_asked() {
    let revoked = by_authority(&list(vec![since_yesterday(SIGNER, KEY_COMPROMISE)]));
    let asked = |action: &str| {
        policy(|it| it["signatureVerification"]["override"] = json!({"revocation": action}))
    };
    let envelope = revocable();
    check_under(&asked("skip"), &envelope, &[&revoked], Outcome::Verified, "");
    for (lists, told) in [(vec![revoked.as_str()], "keyCompromise"), (vec![], "not known")] {
        let trust = read(&asked("log"), &lists).unwrap();
        let (outcome, _, signatory) = judged_by(&envelope.to_string(), trust);
        assert_eq!(outcome, Outcome::Verified);
        let Some(Signatory::Certified(signer)) = signatory else { panic!("{signatory:?}") };
        assert!(signer.logged[0].contains(told), "{:?}", signer.logged);
    }
}

#[test]
fn who_vouches_for_a_time_is_asked_for_too() {
    let policy = policy(|it| it["trustStores"] = json!(["ca:acme", "tsa:times"]));
    let (envelope, stamper) = (acme().sign(&image()), stamper());
    let mut token = stamper.token(&signature(&envelope), second("2024-06-01T00:00:00Z"));
    token.certificate.extensions.push(distribution_point(URI));
    let envelope = stamped(envelope, &stamper.sealed(&token));
    let by = |entries| list_pem(&list(entries), &stamper.root_name(), stamper.root_key());
    check_under(&policy, &envelope, &[], Outcome::Unchecked, "CN=stamper");
    check_under(&policy, &envelope, &[&by(vec![])], Outcome::Verified, "");
    let revoked = by(vec![since_yesterday(SIGNER, KEY_COMPROMISE)]);
    check_under(&policy, &envelope, &[&revoked], Outcome::Revoked, "CN=stamper");
}

#[test]
fn what_is_no_list_is_not_taken() {
    let fault = |list: &str| read(&trust_policy(&acme()), &[list]).unwrap_err();
    let is_list = |it: NotationTrustError| matches!(it, NotationTrustError::List(..));
    let good = list(Vec::new());
    let first = RevocationList { is_second_version: false, ..good.clone() };
    let endless = RevocationList { times: (now(), None), ..good.clone() };
    let odd = vec![("2.5.29.28", true, vec![5, 0])];
    let malformed = RevocationList { extensions: odd, ..good.clone() };
    for broken in [first, endless, malformed] {
        assert!(is_list(fault(&by_authority(&broken))), "{broken:?}");
    }
    assert!(is_list(fault(&acme().root_pem().replace("CERTIFICATE", "X509 CRL"))));
    for other in [acme().root_pem(), String::new(), "x".to_owned()] {
        assert!(matches!(fault(&other), NotationTrustError::NoLists(_)), "{other}");
    }
    let many = by_authority(&good).repeat(65);
    assert!(is_list(fault(&many)));
    let mut stores = stores();
    stores.insert("crls:acme".to_owned(), by_authority(&good));
    let policy = trust_policy(&acme()).to_string();
    let other = NotationTrust::read(&policy, &stores, "reg.example/fn", NOW.parse().unwrap());
    assert!(matches!(other, Err(NotationTrustError::OtherStore(_))));
}

#[test]
fn no_changed_seventh_byte_of_a_list_frees_a_certificate() {
    let revoked = by_authority(&list(vec![since_yesterday(SIGNER, KEY_COMPROMISE)]));
    let der = pem::parse(&revoked).unwrap().into_contents();
    for index in (0..der.len()).step_by(7) {
        let mut changed = der.clone();
        changed[index] ^= 1;
        let Ok(trust) = read(&trust_policy(&acme()), &[&testkit::revocation::pem(&changed)]) else {
            continue;
        };
        let (outcome, ..) = judged_by(&revocable().to_string(), trust);
        assert_eq!(outcome, Outcome::Unchecked, "{index}");
    }
}
