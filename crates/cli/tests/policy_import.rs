//! `policy import cluster-image-policy`: what is written is a policy that means the same, and what
//! cannot be said is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

/// The exit code, and what stood on both streams.
fn run(arguments: &[&str], files: &[(&str, &str)]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_faas-validator"))
        .arg("policy")
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn import(yaml: &str) -> (i32, String, String) {
    run(&["import", "cluster-image-policy", "cip.yaml"], &[("cip.yaml", yaml)])
}

const KEYED: &str = "apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: keyed, labels: {a: b}}
spec:
  images: [{glob: 'ghcr.io/acme/**'}, {glob: 'index.docker.io/acme/*'}, {glob: alpine}, {glob: '*'}]
  authorities:
    - name: release
      key:
        hashAlgorithm: sha256
        data: |
          -----BEGIN PUBLIC KEY-----
          MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE55pN+/ys0BDa2sPf51zBk+sT17aI
          T9cL/0Jy3ArUTJ0H6Ie/zOx0o341vMb6y2vDtv3NKd99Rn9jVdcKAFJAFg==
          -----END PUBLIC KEY-----
      ctlog: {url: https://rekor.sigstore.dev}
      source: [{oci: ghcr.io/acme/signatures}]
      signatureFormat: bundle
";

const SEVERAL: &str = "apiVersion: policy.sigstore.dev/v1alpha1
kind: ClusterImagePolicy
metadata: {name: several}
spec:
  mode: warn
  images: [{glob: 'ghcr.io/acme/*'}]
  authorities:
    - keyless:
        url: https://fulcio.sigstore.dev
        insecureIgnoreSCT: true
        identities:
          - issuer: https://token.actions.githubusercontent.com
            subjectRegExp: https://github\\.com/acme/.*/\\.github/workflows/.*@refs/tags/.*
      rfc3161timestamp: {}
      attestations: [{name: built, predicateType: slsaprovenance1}]
    - name: backup
      key: {secretRef: {name: backup-key}}
    - name: nobody
      static: {action: fail, message: ask the platform team}
";

#[test]
fn one_key_becomes_one_authority() {
    let (code, policy, said) = import(KEYED);
    assert_eq!(code, 0, "{said}");
    insta::assert_snapshot!(policy);
    let (code, meaning, said) = run(&["check", "policy.yml"], &[("policy.yml", &policy)]);
    assert_eq!(code, 0, "{said}");
    assert!(meaning.contains("docker.io/library/alpine"), "{meaning}");
}

#[test]
fn of_several_authorities_any_and_of_several_policies_each_must_vouch() {
    let (code, policy, said) = import(&format!("{KEYED}---\n{SEVERAL}"));
    assert_eq!(code, 0, "{said}");
    insta::assert_snapshot!(policy);
    let (code, _, said) = run(&["check", "policy.yml"], &[("policy.yml", &policy)]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn what_cannot_be_said_is_named() {
    let check = |from: &str, to: &str, expect: &str| {
        for yaml in [KEYED, SEVERAL].iter().filter(|yaml| yaml.contains(from)) {
            let (code, policy, said) = import(&yaml.replace(from, to));
            assert_eq!((code, policy.as_str()), (3, ""), "{to}");
            assert!(said.contains(expect), "{expect:?} is not in {said}");
        }
        assert!(KEYED.contains(from) || SEVERAL.contains(from), "{from}");
    };
    check("spec:\n", "spec:\n  policy: {type: cue}\n", "spec.policy has no equivalent");
    check("spec:\n", "spec:\n  match: [{resource: pods}]\n", "spec.match has no equivalent");
    check("secretRef: {name: backup-key}", "kms: 'gcpkms://x'", "spec.authorities[1].key.kms");
    check(
        "rfc3161timestamp: {}",
        "rfc3161timestamp: {trustRootRef: x}",
        "rfc3161timestamp.trustRootRef",
    );
    check("url: https://fulcio.sigstore.dev", "url: https://fulcio.acme.example", "keyless.url");
    check("url: https://rekor.sigstore.dev", "trustRootRef: x", "ctlog.trustRootRef");
    check(
        "predicateType: slsaprovenance1",
        "predicateType: vuln, policy: {type: rego}",
        "attestations[0].policy",
    );
    check(
        "oci: ghcr.io/acme/signatures",
        "oci: ghcr.io/acme/s, tagPrefix: x",
        "source[0].tagPrefix",
    );
    check("hashAlgorithm: sha256", "hashAlgorithm: sha512", "hashAlgorithm: sha512");
    check("mode: warn", "mode: audit", "mode: audit");
    check("glob: alpine", "glob: 'ghcr.io/acme/fn:1'", "tag or a digest");
    check("kind: ClusterImagePolicy", "kind: Pod", "not a ClusterImagePolicy");
    check("name: several", "nom: several", "metadata.name is missing");
    // What is read, and would trust anybody.
    check(
        "issuer: https://token.actions.githubusercontent.com",
        "issuerRegExp: .*",
        "any-identity-unsafe",
    );
    check(
        r"subjectRegExp: https://github\.com/acme/.*/\.github/workflows/.*@refs/tags/.*",
        "subjectRegExp: 'https://github.com.*'",
        "host's name",
    );
}
