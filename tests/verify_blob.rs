//! `faas-validator verify-blob`: cosign's flag names, 0 verified, 1 not verified with why and what
//! to do, 3 a question that cannot be asked; by the file and by its digest, without a network.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::program::{Ended, run};
use testkit::signer::Signer;
use testkit::sigstore::{Identity, Instance, Leaf, Logged, Order, OwnPki};
use verdict::Digest;

const FILE: &[u8] = b"function handler";
const SUBJECT: &str = "ci@acme.example";
const ISSUER: &str = "https://issuer.example";

/// A folder with a file `fn`, its bundle, acme's root and the key `release.pub`.
struct Desk(TempDir);

impl Desk {
    fn with(bundle: &Value) -> Self {
        let desk = Self(TempDir::new().unwrap());
        let root = Instance::new("acme").trusted_root().to_string();
        desk.write("fn", FILE);
        desk.write("bundle.json", bundle.to_string().as_bytes());
        desk.write("root.json", root.as_bytes());
        desk.write("release.pub", Signer::new("release").public_pem().as_bytes());
        desk
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    /// `verify-blob` with this; of each word an `@` is the folder.
    fn verify(&self, line: &str) -> Ended {
        let folder = format!("{}/", self.0.path().display());
        let words = line.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => format!("{folder}{name}"),
            None => word.to_owned(),
        });
        run(["verify-blob".to_owned()].into_iter().chain(words))
    }

    /// The same by the file and by its digest, which must end alike.
    fn ends(&self, line: &str) -> Ended {
        let by_file = self.verify(&format!("{line} @fn"));
        let by_digest = self.verify(&format!("{line} {}", Digest::of(FILE)));
        assert_eq!(by_file.code, by_digest.code, "{}\n{}", by_file.stderr, by_digest.stderr);
        by_file
    }
}

fn keyless(order: &Order) -> Desk {
    let who = Identity::new(SUBJECT, ISSUER);
    Desk::with(&Instance::new("acme").sign(&who, FILE, order))
}

fn keyed(order: &Order) -> Desk {
    Desk::with(&Instance::new("acme").sign_with_key(&Signer::new("release"), FILE, order))
}

const BY: &str = "--bundle @bundle.json --trusted-root @root.json";

#[test]
fn an_identity_and_its_issuer_are_asked() {
    let desk = keyless(&Order::default());
    for (identity, issuer, code) in [
        (
            "--certificate-identity ci@acme.example",
            "--certificate-oidc-issuer https://issuer.example",
            0,
        ),
        (
            "--certificate-identity-regexp .*@acme\\.example",
            "--certificate-oidc-issuer-regexp https://issuer\\..*",
            0,
        ),
        (
            "--certificate-identity mallory@acme.example",
            "--certificate-oidc-issuer https://issuer.example",
            1,
        ),
        (
            "--certificate-identity ci@acme.example",
            "--certificate-oidc-issuer https://other.example",
            1,
        ),
        // Expressions are over the whole text.
        (
            "--certificate-identity-regexp acme",
            "--certificate-oidc-issuer https://issuer.example",
            1,
        ),
    ] {
        let ended = desk.ends(&format!("{BY} {identity} {issuer}"));
        assert_eq!(ended.code, code, "{identity} {issuer}: {}", ended.stderr);
        if code == 1 {
            assert!(ended.stderr.contains(SUBJECT), "{}", ended.stderr);
            assert!(ended.stderr.contains("remedy:"), "{}", ended.stderr);
        }
    }
}

#[test]
fn the_answer_says_who_signed_and_when() {
    let line = format!("{BY} --certificate-identity {SUBJECT} --certificate-oidc-issuer {ISSUER}");
    let ended = keyless(&Order::default()).verify(&format!("{line} --output json @fn"));
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        answer,
        json!({
            "verified": true,
            "artifact": Digest::of(FILE),
            "issuer": ISSUER,
            "subject": SUBJECT,
            "extensions": {},
            "times": ["2024-06-01T00:00:00Z"],
            "waived": [],
        })
    );
}

#[test]
fn a_certificate_by_ones_own_authority_needs_no_issuer() {
    let (key, own) = (Signer::new("me"), OwnPki::new("acme"));
    let certificate = own.certify(&key, &Leaf::of(&[SUBJECT]));
    let order = Order { logged: Logged::Nowhere, ..Order::default() };
    let bundle = Instance::new("acme").sign_with_certificate(&key, certificate, FILE, &order);
    let desk = Desk::with(&bundle);
    desk.write("chain.pem", own.chain_pem().as_bytes());
    desk.write("other.pem", OwnPki::new("mallory").chain_pem().as_bytes());
    let asked = format!("--bundle @bundle.json --certificate-identity {SUBJECT}");
    let ended =
        desk.ends(&format!("{asked} --certificate-chain @chain.pem --insecure-ignore-tlog"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("for whom CN=acme root vouches"), "{}", ended.stdout);
    let waived = "--insecure-ignore-tlog";
    let unlogged = desk.ends(&format!("{asked} --certificate-chain @chain.pem"));
    let other = desk.ends(&format!("{asked} --ca-roots @other.pem {waived}"));
    let no_file = desk.ends(&format!("{asked} --ca-roots @fn {waived}"));
    for (ended, why) in [
        (unlogged, "no entry of a transparency log"),
        (other, "leads to none of the authorities that are named"),
        (no_file, "holds no certificate authorities that can be used"),
    ] {
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(why), "{why:?} is not in {}", ended.stderr);
    }
    assert_eq!(desk.verify(&format!("{asked} @fn")).code, 3, "an issuer or authorities");
}

#[test]
fn a_key_is_asked_and_waivers_are_shown() {
    let desk = keyed(&Order::default());
    assert_eq!(desk.ends(&format!("{BY} --key @release.pub")).code, 0);
    desk.write("other.pub", Signer::new("other").public_pem().as_bytes());
    assert_eq!(desk.ends(&format!("{BY} --key @other.pub")).code, 1);

    let desk = keyed(&Order { logged: Logged::Nowhere, ..Order::default() });
    let asked = desk.ends(&format!("{BY} --key @release.pub"));
    assert_eq!(asked.code, 1);
    assert!(asked.stderr.contains("no entry of a transparency log"), "{}", asked.stderr);
    let waived = desk.ends("--bundle @bundle.json --key @release.pub --insecure-ignore-tlog");
    assert_eq!(waived.code, 0, "{}", waived.stderr);
    assert!(waived.stdout.contains("insecure-ignore-tlog"), "{}", waived.stdout);
}

#[test]
fn what_is_malformed_or_missing_is_not_verified() {
    let desk = keyed(&Order::default());
    desk.write("noise", b"{");
    for line in [
        "--bundle @noise --trusted-root @root.json --key @release.pub @fn",
        "--bundle @bundle.json --trusted-root @noise --key @release.pub @fn",
        "--bundle @bundle.json --trusted-root @root.json --key @noise @fn",
        "--bundle @nothing --trusted-root @root.json --key @release.pub @fn",
        "--bundle @bundle.json --trusted-root @root.json --key @release.pub @nothing",
        // The public-good root, which knows nothing of this instance.
        "--bundle @bundle.json --key @release.pub @fn",
    ] {
        let ended = desk.verify(line);
        assert_eq!(ended.code, 1, "{line}: {}", ended.stderr);
        assert!(ended.stderr.contains("because:") && ended.stderr.contains("remedy:"), "{line}");
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn a_question_that_names_nobody_is_no_question() {
    let desk = keyless(&Order::default());
    for line in [
        "@fn",
        "--certificate-identity a@b.example @fn",
        "--certificate-oidc-issuer https://issuer.example @fn",
        "--key @release.pub --certificate-identity a --certificate-oidc-issuer b @fn",
        "--certificate-identity a --certificate-identity-regexp a --certificate-oidc-issuer b @fn",
        "--certificate-identity-regexp ( --certificate-oidc-issuer b @fn",
    ] {
        let ended = desk.verify(&format!("{BY} {line}"));
        assert_eq!(ended.code, 3, "{line}: {}", ended.stderr);
    }
}

#[test]
fn a_file_named_like_a_digest_is_the_file() {
    let desk = keyed(&Order::default());
    let name = Digest::of(b"something else").to_string();
    desk.write(&name, FILE);
    // Named from another folder it is no file, and so the digest of something else.
    assert_eq!(desk.verify(&format!("{BY} --key @release.pub @{name}")).code, 0);
    assert_eq!(desk.verify(&format!("{BY} --key @release.pub {name}")).code, 1);
}

#[test]
fn a_file_larger_than_is_held_streams_by() {
    let large = vec![0; (256 << 20) + 1];
    let bundle = Instance::new("acme").sign_with_key(
        &Signer::new("release"),
        &large,
        &Order { logged: Logged::Nowhere, ..Order::default() },
    );
    let desk = Desk::with(&bundle);
    // Nothing but zeros: it takes no room on the disk.
    let file = fs::File::create(desk.0.path().join("fn")).unwrap();
    file.set_len(large.len() as u64).unwrap();
    let asked = "--bundle @bundle.json --key @release.pub --insecure-ignore-tlog @fn";
    let ended = desk.verify(asked);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains(&Digest::of(&large).to_string()), "{}", ended.stdout);
    file.set_len(large.len() as u64 + 1).unwrap();
    let ended = desk.verify(asked);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("of a file above 256 MiB"), "{}", ended.stderr);
}
