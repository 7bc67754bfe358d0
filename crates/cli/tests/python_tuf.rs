//! Promise: `trust update` takes what TUF's reference implementation (python-tuf) publishes, exactly
//! where that implementation's own client takes it: with keys that changed, and not when metadata
//! ended, went back, has too few signatures, or was never published together.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::sigstore::Instance;
use testkit::tuf::TufServer;

/// What is said where python-tuf's client raises this.
fn words(raised: &str) -> &'static str {
    match raised {
        "ExpiredMetadataError" => "metadata expired at",
        "UnsignedMetadataError" => "signatures",
        "BadVersionNumberError" => "is known",
        "LengthOrHashMismatchError" | "DownloadLengthMismatchError" => "not the one that is signed",
        other => panic!("python-tuf raised {other}"),
    }
}

/// The cases below this folder, and what python-tuf's client says of each.
fn written(folder: &Path, target: &Path) -> BTreeMap<String, Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tools = root.join("target/tools/tuf");
    assert!(tools.exists(), "{} is missing: run tools/install", tools.display());
    let mut python = Command::new("python3");
    python.arg(root.join("tests/tuf/repositories.py")).args([folder, target]);
    let output = python.env("PYTHONPATH", tools).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The files below a folder, by path.
fn files(folder: &Path, below: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => all.extend(files(&path, &format!("{name}/"))),
            false => drop(all.insert(name, fs::read(&path).unwrap())),
        }
    }
    all
}

/// Runs `trust update` on one publication of a case after the other; the last one's answer.
fn update(case: &Path) -> (Option<i32>, String) {
    let server = TufServer::of_files(BTreeMap::new());
    let mut answer = (None, String::new());
    for publication in ["0", "1"].map(|it| case.join(it)).iter().filter(|it| it.exists()) {
        server.publish_files(files(publication, ""));
        let _ = fs::remove_file(case.join("trusted_root.json"));
        let output = Command::new(env!("CARGO_BIN_EXE_faas-validator"))
            .args(["trust", "update", "--tuf-url", &server.url(), "--tuf-root", "root.json"])
            .current_dir(case)
            .env_clear()
            .env("XDG_CACHE_HOME", case.join("cache"))
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        answer = (output.status.code(), said);
    }
    answer
}

#[test]
fn what_python_tuf_publishes_is_taken_where_its_own_client_takes_it() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("target.json");
    fs::write(&target, Instance::new("acme").trusted_root().to_string()).unwrap();
    let cases = written(folder.path(), &target);
    assert!(cases.len() >= 28, "{:?}", cases.keys());
    for (name, expect) in &cases {
        let case = folder.path().join(name);
        let (code, said) = update(&case);
        let accepted = expect["accepted"].as_bool().unwrap();
        assert_eq!(code, Some(if accepted { 0 } else { 1 }), "{name}: {said}");
        let taken = fs::read(case.join("trusted_root.json")).ok();
        assert_eq!(taken, accepted.then(|| fs::read(&target).unwrap()), "{name}");
        if !accepted {
            let words = words(expect["why"].as_str().unwrap());
            assert!(said.contains(words), "{name}: {words:?} is not in {said}");
        }
    }
}
