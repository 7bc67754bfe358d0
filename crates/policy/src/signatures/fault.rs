//! What can be wrong with an authority, and what to do about it.

use super::pattern::TextPatternError;

/// Why an authority vouches for nothing, cannot, or not for what its author thinks.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityFault {
    /// A key that is a secret.
    #[error("{0:?} is a private key")]
    PrivateKey(String),
    /// Not a public key.
    #[error("{0:?} is not a public key in PEM")]
    NotAPublicKey(String),
    /// A file that is no PEM.
    #[error("{0:?} is not a PEM file")]
    NotPem(String),
    /// Not certificates.
    #[error("{0:?} is not a certificate in PEM")]
    NotACertificate(String),
    /// A trusted root that is none.
    #[error("{0:?} is not a trusted_root.json")]
    NotATrustedRoot(String),
    /// A trust policy of Notation's that is none.
    #[error("{0:?} is not a trustpolicy.json")]
    NotATrustPolicy(String),
    /// It vouches for nothing, or cannot.
    #[error("it has no {0}")]
    Incomplete(&'static str),
    /// Two of its keys cannot stand beside one another.
    #[error("it has both {0} and {1}")]
    Exclusive(&'static str, &'static str),
    /// More signers than there are.
    #[error("it asks for {threshold} signers of {signers}")]
    Threshold {
        /// How many are asked for.
        threshold: u32,
        /// How many there can be.
        signers: usize,
    },
    /// An identity that anybody can have.
    #[error("an identity of it has no {0}, or one that anybody fits")]
    AnyIdentity(&'static str),
    /// A pattern that does not mean what its author thinks.
    #[error("the pattern {pattern:?} under {key:?} cannot be used")]
    Pattern {
        /// The key that it stands under.
        key: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: TextPatternError,
    },
    /// A condition that no predicate of that type can meet.
    #[error("{condition:?} is asked of {predicate_type}, which is no SLSA provenance")]
    NoProvenance {
        /// The condition.
        condition: &'static str,
        /// The predicate's type.
        predicate_type: String,
    },
    /// Not a JSON pointer.
    #[error("{0:?} is not a JSON pointer")]
    Pointer(String),
    /// The image signature's own predicate, asked as an attestation.
    #[error("{0} is an image signature, and no attestation")]
    SignPredicate(String),
    /// More of something than is judged.
    #[error("it has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are judged.
        most: usize,
    },
}

impl AuthorityFault {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::PrivateKey(_) => {
                "put the public key there (`cosign public-key --key …`), and keep the private one \
                 out of the repository; if it was pushed, make a new pair"
            }
            Self::NotAPublicKey(_) => {
                "give PEM that begins with -----BEGIN PUBLIC KEY-----, or the path of such a file"
            }
            Self::NotPem(_) => "name a file that begins with -----BEGIN",
            Self::NotATrustedRoot(_) => "give the path of a trusted_root.json, or `public-good`",
            Self::NotACertificate(_) => {
                "give PEM that begins with -----BEGIN CERTIFICATE-----, or the path of such a file \
                 (`openssl x509 -inform der -in FILE` writes one from DER)"
            }
            Self::NotATrustPolicy(_) => {
                "give the path of Notation's trustpolicy.json, or of the folder that it lies in"
            }
            Self::Incomplete("signers") => {
                "give it at least one of keys, identities, notation, static, any, all"
            }
            Self::Incomplete(missing) => return format!("give it at least one of {missing}"),
            Self::Exclusive(..) => "make two authorities of it, or leave one out",
            Self::Threshold { .. } => {
                "name more keys or identities, or ask for fewer; one signer counts once, however \
                 often it signs"
            }
            Self::AnyIdentity(_) => {
                "name both the subject and the issuer; if anybody's signature will do, say so with \
                 `any-identity-unsafe: true`"
            }
            Self::Pattern { source: TextPatternError::OpenHost(_), .. } => {
                "write the host's name to its end: …@acme.example, https://github.com/acme/…"
            }
            Self::Pattern { .. } => "write a shorter or simpler pattern, or the exact text",
            Self::NoProvenance { .. } => {
                "ask it by JSON pointer under `predicate:`, or name a predicate type of SLSA"
            }
            Self::Pointer(_) => "begin it with / and write ~1 for a / and ~0 for a ~ in a name",
            Self::SignPredicate(_) => "leave it out: every authority asks for a signature anyway",
            Self::TooMany { .. } => "split it, or name fewer",
        }
        .to_owned()
    }
}
