//! What a bundle is asked about: bytes, or a digest of them where nobody has the bytes.

use verdict::Digest;

/// The signed thing, or for an attestation the thing attested.
#[derive(Debug, Clone, Copy)]
pub enum Artifact<'a> {
    /// All its bytes.
    Bytes(&'a [u8]),
    /// The SHA-256 of its bytes; an image is its manifest's.
    Sha256(Digest),
}

impl Artifact<'_> {
    /// Its SHA-256.
    pub fn sha256(&self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::Sha256(digest) => *digest,
        }
    }
}

impl<'a> From<&'a [u8]> for Artifact<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Digest> for Artifact<'_> {
    fn from(digest: Digest) -> Self {
        Self::Sha256(digest)
    }
}
