//! `trust update`: the trusted root that a TUF repository vouches for becomes a file, and from a
//! repository that lies, is old or has no end none does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::registry::Answer;
use testkit::sigstore::Instance;
use testkit::tuf::{PAST, TufAuthor, TufServer};

/// A folder to work in, with the pinned root.
struct Desk(TempDir);

struct Ended {
    code: i32,
    said: String,
}

impl Desk {
    fn new(author: &TufAuthor) -> Self {
        let desk = Self(TempDir::new().unwrap());
        fs::write(desk.0.path().join("root.json"), author.root(1)).unwrap();
        desk
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_faas-validator"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("XDG_CACHE_HOME", self.0.path().join("cache"))
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        Ended { code: output.status.code().unwrap(), said }
    }

    fn update(&self, url: &str, more: &[&str]) -> Ended {
        let fixed = ["trust", "update", "--tuf-url", url, "--tuf-root", "root.json"];
        self.run(&[fixed.as_slice(), more].concat())
    }

    fn written(&self) -> Option<Vec<u8>> {
        fs::read(self.0.path().join("trusted_root.json")).ok()
    }

    /// The repository is refused, with this said and nothing written.
    #[track_caller]
    fn refused(&self, url: &str, code: i32, parts: &[&str]) {
        let ended = self.update(url, &[]);
        assert_eq!(ended.code, code, "{}", ended.said);
        for part in parts.iter().chain(&["remedy"]) {
            assert!(ended.said.contains(part), "{part}: {}", ended.said);
        }
        assert_eq!(self.written(), None);
    }
}

fn trusted_root() -> Vec<u8> {
    Instance::new("acme").trusted_root().to_string().into_bytes()
}

fn author() -> TufAuthor {
    TufAuthor::new(&trusted_root())
}

/// What is published is refused by who pinned the usual root.
#[track_caller]
fn check(published: &TufAuthor, code: i32, part: &str) {
    Desk::new(&author()).refused(&TufServer::start(published).url(), code, &[part]);
}

#[test]
fn what_the_repository_vouches_for_is_written_and_can_be_used() {
    let server = TufServer::start(&author().version("root", 3).version("targets", 7));
    let desk = Desk::new(&author());
    let ended = desk.update(&server.url(), &["--output", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert_eq!(desk.written(), Some(trusted_root()));
    let said: serde_json::Value = serde_json::from_str(&ended.said).unwrap();
    assert_eq!(
        (said["root-version"].as_u64(), said["targets-version"].as_u64()),
        (Some(3), Some(7))
    );
    assert_eq!(said["expires"], "2999-01-01T00:00:00Z");
    let policy =
        "signatures: {authorities: [{name: acme, images: ['**'], trusted-root: trusted_root.json,
      identities: [{subject: ci@acme.example, issuer: 'https://issuer.example'}]}]}";
    fs::write(desk.0.path().join("policy.yml"), policy).unwrap();
    let ended = desk.run(&["policy", "check", "policy.yml"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
}

#[test]
fn offline_verifies_again_what_was_fetched_and_asks_nobody() {
    let server = TufServer::start(&author());
    let desk = Desk::new(&author());
    let before = desk.update(&server.url(), &["--offline"]);
    assert_eq!((before.code, server.asked()), (2, vec![]), "{}", before.said);
    assert!(before.said.contains("timestamp.json not found"), "{}", before.said);
    assert_eq!(desk.update(&server.url(), &[]).code, 0);
    let asked = server.asked();
    fs::remove_file(desk.0.path().join("trusted_root.json")).unwrap();
    let after = desk.update(&server.url(), &["--offline"]);
    assert_eq!(after.code, 0, "{}", after.said);
    assert_eq!((desk.written(), server.asked()), (Some(trusted_root()), asked));
    // Nothing that is kept is believed for being kept.
    let tuf = desk.0.path().join("cache/faas-validator/tuf");
    let kept = fs::read_dir(tuf).unwrap().next().unwrap().unwrap().path();
    let other = Instance::new("mallory").trusted_root().to_string();
    fs::write(kept.join("targets/trusted_root.json"), other).unwrap();
    fs::remove_file(desk.0.path().join("trusted_root.json")).unwrap();
    let tampered = desk.update(&server.url(), &["--offline"]);
    assert_ne!(tampered.code, 0, "{}", tampered.said);
    assert_eq!(desk.written(), None);
}

#[test]
fn the_public_good_instances_root_is_built_in() {
    let desk = Desk::new(&author());
    let ended = desk.run(&["trust", "update", "--offline"]);
    assert_eq!(ended.code, 2, "{}", ended.said);
    // The root was taken; what it leads to was never fetched here.
    for part in ["https://tuf-repo-cdn.sigstore.dev", "timestamp.json not found"] {
        assert!(ended.said.contains(part), "{}", ended.said);
    }
}

#[test]
fn metadata_that_expired_is_refused() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        check(
            &author().until(role, PAST).version("root", 2),
            1,
            &format!("{role} metadata expired at 2020"),
        );
    }
}

#[test]
fn older_metadata_than_was_seen_is_refused() {
    let newer = author().version("timestamp", 5).version("snapshot", 5).version("targets", 5);
    for role in ["timestamp", "snapshot", "targets"] {
        let server = TufServer::start(&newer);
        let desk = Desk::new(&author());
        assert_eq!(desk.update(&server.url(), &[]).code, 0);
        fs::remove_file(desk.0.path().join("trusted_root.json")).unwrap();
        let older = newer.clone().version("timestamp", 6).version("snapshot", 6).version(role, 4);
        server.publish(&older);
        desk.refused(
            &server.url(),
            1,
            &[&format!("offers {role}"), "metadata of version 4, and 5 is known"],
        );
    }
}

#[test]
fn metadata_by_other_keys_or_too_few_is_refused() {
    for role in ["timestamp", "snapshot", "targets"] {
        let said = format!("{role} metadata has 0 of 1 signatures");
        check(&author().signed_by(role, &["mallory"]), 1, &said);
    }
    check(
        &author().version("root", 2).signed_by("root", &["mallory"]),
        1,
        "root metadata has 0 of 1",
    );
    let two = author().keys("targets", &["a", "b", "c"], 2);
    let desk = || Desk::new(&two);
    let server = TufServer::start(&two.clone().signed_by("targets", &["a"]));
    desk().refused(&server.url(), 1, &["targets metadata has 1 of 2 signatures"]);
    // One key twice is one signer, and not even that.
    let server = TufServer::start(&two.clone().signed_by("targets", &["a", "a"]));
    desk().refused(&server.url(), 1, &["remedy"]);
    let server = TufServer::start(&two.clone().signed_by("targets", &["a", "c"]));
    assert_eq!(desk().update(&server.url(), &[]).code, 0);
}

#[test]
fn a_new_root_is_one_that_the_old_roots_keys_signed_too() {
    let rotated = author().keys("root", &["new root"], 1).version("root", 2);
    check(&rotated, 1, "root metadata has 0 of 1 signatures");
    let both = rotated.signed_by("root", &["new root", "tuf root"]);
    let server = TufServer::start(&both);
    let desk = Desk::new(&author());
    let ended = desk.update(&server.url(), &[]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains("(root 2, targets 1)"), "{}", ended.said);
}

#[test]
fn files_that_are_not_those_that_are_signed_are_refused() {
    let files = author().files();
    let target = files.keys().find(|path| path.starts_with("targets/")).unwrap();
    let desk = Desk::new(&author());
    for (path, answer, code, part) in [
        (target.as_str(), Answer::bytes("{}"), 1, "not the one that is signed"),
        (target, Answer::status(404), 2, "not found"),
        (target, Answer::endless(), 1, "has more than"),
        ("1.snapshot.json", Answer::bytes(files["1.targets.json"].clone()), 1, "remedy"),
        ("1.targets.json", Answer::status(404), 2, "1.targets.json not found"),
        ("timestamp.json", Answer::status(404), 2, "timestamp.json not found"),
        ("timestamp.json", Answer::bytes("{}"), 1, "cannot be used"),
        ("timestamp.json", Answer::endless(), 1, "has more than 16384 bytes"),
        ("timestamp.json", Answer::status(500), 2, "answered 500"),
        ("2.root.json", Answer::endless(), 1, "has more than 512000 bytes"),
        ("2.root.json", Answer::bytes(author().root(1)), 1, "root metadata of version 1"),
    ] {
        let server = TufServer::start(&author());
        server.answer(path, answer);
        desk.refused(&server.url(), code, &[part]);
    }
}

#[test]
fn nothing_is_asked_elsewhere_and_nobody_is_waited_for_without_end() {
    let elsewhere = TufServer::start(&author());
    let server = TufServer::start(&author());
    server
        .answer("timestamp.json", Answer::redirect(&format!("{}/timestamp.json", elsewhere.url())));
    let desk = Desk::new(&author());
    desk.refused(&server.url(), 2, &["answered 307"]);
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
    desk.refused("ftp://127.0.0.1/", 2, &["is no http or https address"]);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let start = Instant::now();
    desk.refused(&format!("http://{nobody}"), 2, &["did not answer"]);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn what_is_published_must_be_a_trusted_root() {
    check(&TufAuthor::new(b"{}"), 1, "none");
    let mut none = author();
    none.targets.clear();
    check(&none, 1, "publishes no trusted_root.json");
}

#[test]
fn a_pinned_root_is_named_with_its_repository_and_signed_by_itself() {
    let server = TufServer::start(&author());
    let desk = Desk::new(&author());
    assert_eq!(desk.run(&["trust", "update", "--tuf-url", &server.url()]).code, 3);
    assert_eq!(desk.run(&["trust", "update", "--tuf-root", "root.json"]).code, 3);
    for root in [author().signed_by("root", &["mallory"]).root(1), b"{}".to_vec(), Vec::new()] {
        fs::write(desk.0.path().join("root.json"), root).unwrap();
        desk.refused(&server.url(), 3, &["pinned root.json cannot be used"]);
    }
    // Another pinned root is another beginning, and no history is shared.
    let other = TufAuthor::new(&trusted_root()).keys("root", &["other"], 1);
    assert_eq!(Desk::new(&other).update(&server.url(), &[]).code, 0);
    assert_eq!(server.asked().iter().filter(|it| *it == "/2.root.json").count(), 1);
}
