//! Real notation (`make interop` builds it): what it signs, in both formats, verifies here by the
//! trust policy and trust store that it keeps itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder};
use testkit::notation::{Certificate, Pki, Stamper, list_pem, pem};
use testkit::program::{Ended, run};
use testkit::registry::{Answer, Registry, ScriptedRegistry};
use testkit::revocation::{HOLD, KEY_COMPROMISE, RevocationList, Revoked, distribution_point};

const REPOSITORY: &str = "acme/fn";
const FORMATS: [&str; 2] = ["jws", "cose"];
/// The subject of the certificates that `notation cert generate-test` makes.
const IDENTITY: &str = "x509.subject: C=US, ST=WA, L=Seattle, O=Notary, CN=acme.example";

fn image() -> BuiltImage {
    ImageBuilder::new().layer(LayerBuilder::new().file("main", "x")).build()
}

/// A registry with an image, its name by digest, and a folder with two signers of notation's; its
/// own folder is `notation/` in it.
fn desk() -> (Registry, TempDir, String) {
    let (registry, folder) = (Registry::start(), TempDir::new().unwrap());
    let (image, layout) = (image(), TempDir::new().unwrap());
    image.write_layout(layout.path(), "1", &[]);
    registry.push(layout.path(), "1", &format!("{REPOSITORY}:1"));
    let name = format!("{}/{REPOSITORY}@{}", registry.host(), image.digest());
    succeed(folder.path(), &["cert", "generate-test", "--default", "acme.example"]);
    succeed(folder.path(), &["cert", "generate-test", "other.example"]);
    trust(folder.path(), &registry, "acme.example", "strict", IDENTITY);
    (registry, folder, name)
}

fn notation(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("notation")
        .args(arguments)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .output()
        .expect("notation is not on PATH: run `make interop`, which builds it into target/tools")
}

fn succeed(folder: &Path, arguments: &[&str]) {
    let output = notation(folder, arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "notation {arguments:?}: {told}");
}

fn sign(folder: &Path, name: &str, more: &[&str]) {
    succeed(folder, &[&["sign", "--insecure-registry"], more, &[name]].concat());
}

/// Notation's own trust policy: this store, level and identity for the repository.
fn trust(folder: &Path, registry: &Registry, store: &str, level: &str, identity: &str) {
    write_policy(folder, registry, level, &[&format!("ca:{store}")], identity);
}

fn write_policy(folder: &Path, registry: &Registry, level: &str, stores: &[&str], identity: &str) {
    let policy = json!({"version": "1.0", "trustPolicies": [{
        "name": "acme",
        "registryScopes": [format!("{}/{REPOSITORY}", registry.host())],
        "signatureVerification": {"level": level},
        "trustStores": stores,
        "trustedIdentities": [identity],
    }]});
    fs::write(folder.join("notation/trustpolicy.json"), policy.to_string()).unwrap();
}

/// What notation says: whether it verifies by its own policy.
fn accepts(folder: &Path, name: &str) -> bool {
    notation(folder, &["verify", "--insecure-registry", name]).status.success()
}

/// What we say by the same folder.
fn validate(folder: &Path, name: &str) -> (i32, String) {
    let ended = asked(folder, name);
    let verdict: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
    let rule = verdict["reports"][0]["findings"][0]["rule"].as_str().unwrap_or_default();
    (ended.code, rule.to_owned())
}

fn asked(folder: &Path, name: &str) -> Ended {
    let policy = "checks: {build: [verify-signature]}\nsignatures: {authorities: [{name: acme, images: ['**'], notation: notation}]}\n";
    let path = folder.join("policy.yml");
    fs::write(&path, policy).unwrap();
    let image = format!("docker://{name}");
    run(["validate", &image, "--policy", path.to_str().unwrap(), "--output", "json"])
}

#[test]
fn interop_notation_signs_and_we_verify_as_it_does() {
    for format in FORMATS {
        let (_registry, folder, name) = desk();
        let folder = folder.path();
        assert_eq!(validate(folder, &name), (1, "unsigned".to_owned()));
        assert!(!accepts(folder, &name));
        sign(folder, &name, &["--signature-format", format, "--key", "other.example"]);
        assert_eq!(validate(folder, &name), (1, "signed-by-other".to_owned()), "{format}");
        assert!(!accepts(folder, &name));
        sign(folder, &name, &["--signature-format", format]);
        assert_eq!(validate(folder, &name), (0, String::new()), "{format}");
        assert!(accepts(folder, &name));
    }
}

#[test]
fn interop_notation_and_we_agree_on_roots_identities_and_levels() {
    let (registry, folder, name) = desk();
    let folder = folder.path();
    sign(folder, &name, &["--user-metadata", "stage=prod"]);
    let cases = [
        ("acme.example", "strict", IDENTITY, (0, "")),
        ("other.example", "strict", IDENTITY, (1, "signed-by-other")),
        ("acme.example", "strict", "x509.subject: C=US, ST=WA, O=Else", (1, "signed-by-other")),
        // What notation lets through with a warning, so do we.
        ("acme.example", "strict", "*", (0, "unsafe-option")),
        ("other.example", "audit", IDENTITY, (0, "signed-by-other")),
    ];
    for (store, level, identity, (code, rule)) in cases {
        trust(folder, &registry, store, level, identity);
        assert_eq!(validate(folder, &name), (code, rule.to_owned()), "{store} {level} {identity}");
        assert_eq!(accepts(folder, &name), code == 0, "{store} {level} {identity}");
    }
}

#[test]
fn interop_notation_lets_a_signature_expire_and_we_see_it() {
    for format in FORMATS {
        let (_registry, folder, name) = desk();
        sign(folder.path(), &name, &["--signature-format", format, "--expiry", "1s"]);
        let start = Instant::now();
        let answer = loop {
            let answer = validate(folder.path(), &name);
            if answer.0 != 0 || start.elapsed() > Duration::from_secs(30) {
                break answer;
            }
        };
        assert_eq!(answer, (1, "signature-expired".to_owned()), "{format}");
        assert!(!accepts(folder.path(), &name));
    }
}

#[test]
fn interop_notation_has_a_signature_stamped_and_we_both_believe_the_stamp() {
    let stamper = Stamper::new("times");
    let server = stamper.serve();
    for format in FORMATS {
        let (registry, folder, name) = desk();
        let folder = folder.path();
        fs::write(folder.join("times.pem"), stamper.root_pem()).unwrap();
        for (store, root) in
            [("times", stamper.root_pem()), ("others", Stamper::new("x").root_pem())]
        {
            let store = folder.join("notation/truststore/x509/tsa").join(store);
            fs::create_dir_all(&store).unwrap();
            fs::write(store.join("root.pem"), root).unwrap();
        }
        let check = |store: &str, (code, rule): (i32, &str)| {
            write_policy(folder, &registry, "strict", &["ca:acme.example", store], IDENTITY);
            assert_eq!(validate(folder, &name), (code, rule.to_owned()), "{format} {store}");
            assert_eq!(accepts(folder, &name), code == 0, "{format} {store}");
        };
        let times = folder.join("times.pem");
        let stamp =
            ["--timestamp-url", &server.url(), "--timestamp-root-cert", times.to_str().unwrap()];
        sign(folder, &name, &["--signature-format", format]);
        check("tsa:times", (1, "signature-not-logged"));
        sign(folder, &name, &[&["--signature-format", format], &stamp[..]].concat());
        check("tsa:times", (0, ""));
        check("tsa:others", (1, "signature-not-logged"));
    }
}

#[test]
fn interop_notation_fetches_a_list_of_revoked_certificates_and_we_read_it_from_a_file() {
    let (acme, now) = (Pki::new("acme"), jiff::Timestamp::now().as_second());
    let list = |from: i64, serial: u64, reason: u8| {
        let revoked = vec![Revoked::new(serial, now - 60, reason)];
        let list = RevocationList::new(from, 3_600, revoked);
        list_pem(&list, &acme.authority_name(), acme.authority_key())
    };
    let (ours, other) = (Certificate::signer("").serial, 1);
    let cases = [
        (list(now - 60, other, KEY_COMPROMISE), (0, "")),
        (list(now - 60, ours, KEY_COMPROMISE), (1, "certificate-revoked")),
        (list(now - 60, ours, HOLD), (1, "certificate-revoked")),
        (list(now - 7_200, other, KEY_COMPROMISE), (2, "signature-unchecked")),
    ];
    for (list, (code, rule)) in cases {
        let (registry, folder, name) = desk();
        let folder = folder.path();
        let der = testkit::revocation::der(&list);
        let server = ScriptedRegistry::start(move |_| Answer::bytes(der.clone()));
        let uri = format!("http://{}/list", server.host());
        add_key(folder, &acme, &uri);
        sign(folder, &name, &["--key", "own"]);
        let put = |path: &str, text: &str| {
            let path = folder.join("notation/truststore/x509").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("ca/own/root.pem", &acme.root_pem());
        let identity = "x509.subject: C=US, ST=WA, O=acme";
        write_policy(folder, &registry, "strict", &["ca:own"], identity);
        // It says where its list is, and we ask nobody.
        assert_eq!(validate(folder, &name), (2, "signature-unchecked".to_owned()));
        assert!(server.seen().is_empty());
        put("crl/acme/list.crl", &list);
        assert_eq!(validate(folder, &name), (code, rule.to_owned()));
        assert_eq!(accepts(folder, &name), code == 0, "{rule}");
        assert!(!server.seen().is_empty());
    }
}

/// A signer of notation's with a certificate that says where it would be revoked.
fn add_key(folder: &Path, pki: &Pki, uri: &str) {
    let mut signer = Certificate::signer(&pki.signer_name());
    signer.extensions = vec![distribution_point(uri)];
    let chain: String = pki.chain(&signer).iter().map(|it| pem(it)).collect();
    let (key, certificate) = (folder.join("own.key"), folder.join("own.crt"));
    fs::write(&key, pki.signer().private_pem()).unwrap();
    fs::write(&certificate, chain).unwrap();
    let keys = json!({"keys": [{"name": "own", "keyPath": key, "certPath": certificate}]});
    fs::write(folder.join("notation/signingkeys.json"), keys.to_string()).unwrap();
}

#[test]
fn interop_notation_signatures_are_shown_in_the_tree() {
    let (_registry, folder, name) = desk();
    let folder = folder.path();
    sign(folder, &name, &["--signature-format", "cose", "--user-metadata", "stage=prod"]);
    assert_eq!(asked(folder, &name).code, 0);
    let policy = folder.join("policy.yml");
    let image = format!("docker://{name}");
    let shown = run(["signature", "show", &image, "--policy", policy.to_str().unwrap()]);
    for told in ["signed by acme", "CN=acme.example", "annotations: stage=prod", "claimed-time: "] {
        assert!(shown.stdout.contains(told), "{told}: {}", shown.stdout);
    }
}
