//! Bundles that others made on Sigstore's public-good instance (one on its staging, one on an instance
//! for tests), verified with the root that is built in or theirs, without a network.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use signature::{Bundle, BundleFault, Evidence, Signer, TrustedRoot};
use verdict::Digest;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("vectors/sigstore-rust/", $name)).as_slice()
    };
}

const BLOB: &[u8] = vector!("cosign-v3-blob.txt");
const PACKAGE: &[u8] = vector!("signed-package.conda");
const BY_COSIGN: &[u8] = vector!("cosign-v3-blob.sigstore.json");
const BY_WORKFLOW: &[u8] = vector!("conda-attestation.sigstore.json");
const IN_REKOR_2: &[u8] = vector!("conda-attestation-rekor2.sigstore.json");

fn staging() -> TrustedRoot {
    TrustedRoot::from_json(sigstore_trust_root::SIGSTORE_STAGING_TRUSTED_ROOT.as_bytes()).unwrap()
}

fn verify(root: &TrustedRoot, bundle: &[u8], artifact: &[u8]) -> Result<Signer, BundleFault> {
    let bundle = Bundle::parse(bundle).unwrap();
    let by_bytes = bundle.verify_keyless(artifact.into(), root, Evidence::default());
    let digest = Digest::of(artifact);
    let by_digest = bundle.verify_keyless(digest.into(), root, Evidence::default());
    assert_eq!(by_digest.ok(), by_bytes.as_ref().ok().cloned());
    by_bytes
}

/// Who signed, who vouches for that, and how many trusted times there are.
fn check(
    root: &TrustedRoot,
    bundle: &[u8],
    artifact: &[u8],
    who: (&str, &str),
    times: usize,
) -> Signer {
    let signer = verify(root, bundle, artifact).unwrap();
    assert_eq!((signer.subject.as_str(), signer.issuer.as_str()), who);
    assert_eq!(signer.times.len(), times);
    assert!(matches!(verify(root, bundle, b"other"), Err(BundleFault::OtherArtifact)));
    signer
}

#[test]
fn a_file_that_cosign_signed_is_verified() {
    let who = ("w.vollprecht@gmail.com", "https://github.com/login/oauth");
    let _ = check(&TrustedRoot::public_good().unwrap(), BY_COSIGN, BLOB, who, 2);
}

#[test]
fn an_attestation_by_a_workflow_is_verified_with_what_its_certificate_says() {
    let workflow = "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
    let github = "https://token.actions.githubusercontent.com";
    let root = TrustedRoot::public_good().unwrap();
    let signer = check(&root, BY_WORKFLOW, PACKAGE, (workflow, github), 1);
    let repository = "https://github.com/prefix-dev/sigstore-example";
    assert_eq!(signer.extensions["source-repository-uri"], repository);
}

#[test]
fn an_attestation_in_rekor_2_is_verified_by_its_timestamp() {
    let who = ("jku@goto.fi", "https://github.com/login/oauth");
    let _ = check(&staging(), IN_REKOR_2, PACKAGE, who, 1);
    assert!(verify(&TrustedRoot::public_good().unwrap(), IN_REKOR_2, PACKAGE).is_err());
}

#[test]
fn who_is_neither_an_address_nor_a_workload_is_known_by_fulcios_other_name() {
    let root = TrustedRoot::from_json(vector!("scaffolding.trusted_root.json")).unwrap();
    let bundle = Bundle::parse(vector!("othername.sigstore.json")).unwrap();
    let verify = |digest: &str| {
        let digest: Digest = digest.parse().unwrap();
        bundle.verify_keyless(digest.into(), &root, Evidence::default())
    };
    // The file is not at hand; its digest stands in sigstore-go's test of the same bundle.
    let file = "sha256:bc103b4a84971ef6459b294a2b98568a2bfb72cded09d4acd1e16366a401f95b";
    let signer = verify(file).unwrap();
    assert_eq!(signer.subject, "foo!oidc.local");
    assert_eq!(signer.issuer, "http://oidc.local:8080");
    assert!(matches!(verify(&file.replace("bc10", "bc11")), Err(BundleFault::OtherArtifact)));
}

#[test]
fn another_instance_does_not_vouch_for_them() {
    let other = testkit::sigstore::Instance::new("acme").trusted_root().to_string();
    let other = TrustedRoot::from_json(other.as_bytes()).unwrap();
    for (bundle, artifact) in [(BY_COSIGN, BLOB), (BY_WORKFLOW, PACKAGE), (IN_REKOR_2, PACKAGE)] {
        let bundle = Bundle::parse(bundle).unwrap();
        assert!(bundle.verify_keyless(artifact.into(), &other, Evidence::default()).is_err());
    }
}
