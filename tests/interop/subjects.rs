//! The images that are judged: one that there is nothing to say against, and one with a fault for
//! each check that looks at images. And the policy that judges them.

use std::net::SocketAddr;

use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder};
use testkit::signer::{Signer, signature_manifest};

use super::registry::Registry;

/// Whom the policy trusts.
const TRUSTED: &str = "interop";

/// References of what lies in the registry.
pub(crate) struct Subjects {
    /// Nothing is wrong with it.
    pub(crate) good: String,
    /// A known flaw, root, a secret in its environment, and a stranger's signature.
    pub(crate) bad: String,
    /// The policy that judges them.
    pub(crate) policy: String,
}

impl Subjects {
    /// Builds, signs and pushes them.
    pub(crate) fn pushed(registry: &Registry, policy: &str) -> Self {
        let good = alpine("3.3.2-r2").build();
        let bad = alpine("3.3.2-r0")
            .run("User", "root")
            .run("Env", vec!["PATH=/usr/bin:/bin", "DB_PASSWORD=correct-horse-battery-staple"])
            .build();
        Self {
            good: pushed(registry, &good, "acme/good", TRUSTED),
            bad: pushed(registry, &bad, "acme/bad", "a stranger"),
            policy: policy.to_owned(),
        }
    }
}

/// What the operator of these functions allows and asks: the registry of the tests by name, at
/// its private address, the key of whom the tests trust, and no flaw of medium severity.
pub(crate) fn policy(registry: SocketAddr) -> String {
    let key = Signer::new(TRUSTED).public_pem().replace('\n', "\n        ");
    format!(
        "vulnerabilities: {{reject: medium}}\nsources:\n  insecure-registries: [\"{registry}\"]\n  private-addresses: allowed\n\
         signatures:\n  authorities:\n  - name: interop\n    images: [\"{registry}/**\"]\n    \
         keys:\n    - |\n        {key}\n"
    )
}

/// An Alpine image with one package, whose flaw CVE-2024-9143 is mended in 3.3.2-r1.
fn alpine(openssl: &str) -> ImageBuilder {
    let installed = format!(
        "C:Q1ZPk4DEdEAm4tH1k7Y2Y0wQxWZfA=\nP:libcrypto3\nV:{openssl}\nA:x86_64\nS:1\nI:1\n\
         T:Crypto library from openssl\no:openssl\nF:usr/lib\nR:libcrypto.so.3\n\n"
    );
    let release = "ID=alpine\nNAME=\"Alpine Linux\"\nVERSION_ID=3.20.3\n";
    ImageBuilder::new().layer(
        LayerBuilder::new()
            .file("etc/os-release", release)
            .file("lib/apk/db/installed", installed)
            .file_with("main", b"\x7fELF", 0o755, 0, 0),
    )
}

fn pushed(registry: &Registry, image: &BuiltImage, name: &str, signer: &str) -> String {
    let reference = format!("{}/{name}", registry.host());
    let layer = Signer::new(signer).sign(&reference, &image.digest());
    let signature = signature_manifest(&image.digest(), vec![layer]);
    let folder = tempfile::tempdir().unwrap();
    let signature_tag = signature.tag.clone();
    image.write_layout(folder.path(), "1", &[signature.into()]);
    registry.push(folder.path(), "1", &format!("{name}:1"));
    registry.push(folder.path(), &signature_tag, &format!("{name}:{signature_tag}"));
    format!("{reference}:1")
}
