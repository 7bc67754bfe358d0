//! Somebody who vouches for images: by which signatures, under which conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attestation::Attestation;
use super::identity::Identity;
use super::key::TrustedKey;
use super::trusted_root::TrustedRootSource;
use crate::image_glob::ImageGlob;
use crate::rego::RegoFile;

/// Somebody who vouches for images. It is either a set of signers (`keys`, `identities`), or a
/// fixed answer (`static`), or made up of others (`any`, `all`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Authority {
    /// The name that reports call it by.
    pub name: String,
    /// The images that it vouches for. A member of another one has none of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageGlob>,
    /// Its public keys: PEM, paths of PEM files beside policy.yml, or `{secret: NAME}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<TrustedKey>,
    /// Whom it trusts by certificate (keyless signatures).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
    /// The certificate authorities of its own (PEM, paths of PEM files, or `{secret: NAME}`) by which
    /// its identities are certified, instead of by those of the trusted root. An identity needs no
    /// issuer then, and an entry of a transparency log is asked only by `require`. Where lists of
    /// revoked certificates (PEM, X509 CRL) are among them, they are asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate_authorities: Vec<TrustedKey>,
    /// Whom it trusts with Notation signatures, instead of keys and identities: Notation's trust
    /// policy (JSON, or the path of a trustpolicy.json beside policy.yml), or the path of a folder
    /// laid out as Notation's own, with trustpolicy.json and truststore/x509/TYPE/NAME/*.pem. Lists of
    /// revoked certificates lie in truststore/x509/crl/NAME/*.crl, where Notation looks for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notation: Option<String>,
    /// The trust stores that Notation's trust policy names (`ca:NAME`, `signingAuthority:NAME`,
    /// `tsa:NAME`) and that are in no such folder: PEM, the path of a PEM file, or `{secret: NAME}`.
    /// What `crl:NAME` holds are lists of revoked certificates of any of their issuers (X509 CRL).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trust_stores: BTreeMap<String, TrustedKey>,
    /// How many *different* keys or identities must have signed. Signatures are not counted: one
    /// signer may make as many as it likes.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub threshold: u32,
    /// What the signer must have noted: annotations of the signature, compared as JSON values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Value>,
    /// Whether the image itself must be signed; attestations alone suffice if it need not.
    #[serde(default, skip_serializing_if = "ImageSignature::is_required")]
    pub image_signature: ImageSignature,
    /// What its signers must have attested to. An attestation never counts as a signature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<Attestation>,
    /// What must vouch for a signature beside its signer. Of identities an entry of the
    /// transparency log is asked anyway.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub require: BTreeSet<Proof>,
    /// Whom certificates, logs and timestamps are traced to: `public-good`, or the path of a
    /// Sigstore trusted_root.json beside policy.yml.
    #[serde(default, skip_serializing_if = "TrustedRootSource::is_public_good")]
    pub trusted_root: TrustedRootSource,
    /// The repositories in which its signatures and attestations lie, instead of the image's own
    /// and those of `signatures.repositories`; at most four.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// Asks no entry of a transparency log of identities: a stolen identity leaves no trace then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_transparency_log_unsafe: bool,
    /// Asks no proof that a certificate was logged: a certificate authority could have issued it
    /// to somebody else unseen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_certificate_log_unsafe: bool,
    /// Accepts or rejects whatever is signed, without looking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#static: Option<StaticAnswer>,
    /// What a rejection says besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Authorities of which one must vouch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<Authority>,
    /// Authorities of which each must vouch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Authority>,
    /// What it does when it does not vouch.
    #[serde(default, skip_serializing_if = "AuthorityMode::is_enforce")]
    pub mode: AuthorityMode,
}

/// A fixed answer of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StaticAnswer {
    /// It vouches for everything.
    Accept,
    /// It vouches for nothing.
    Reject,
}

/// What an authority does when it does not vouch for an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AuthorityMode {
    /// The image is rejected, or undecided where it could not be looked.
    #[default]
    Enforce,
    /// There is a warning.
    Warn,
}

/// Whether an authority asks that the image itself be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ImageSignature {
    /// It must be.
    #[default]
    Required,
    /// It need not be: the attestations that are asked must be there.
    NotAsked,
}

/// What may have to vouch for a signature beside its signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// An entry of a transparency log of the trusted root.
    TransparencyLog,
    /// A time signed by a timestamp authority of the trusted root (RFC 3161).
    Timestamp,
}

impl Authority {
    /// One that vouches for nothing yet.
    pub(crate) fn named(name: String) -> Self {
        Self {
            name,
            images: Vec::new(),
            keys: Vec::new(),
            identities: Vec::new(),
            certificate_authorities: Vec::new(),
            notation: None,
            trust_stores: BTreeMap::new(),
            threshold: one(),
            annotations: BTreeMap::new(),
            image_signature: ImageSignature::default(),
            attestations: Vec::new(),
            require: BTreeSet::new(),
            trusted_root: TrustedRootSource::default(),
            repositories: Vec::new(),
            skip_transparency_log_unsafe: false,
            skip_certificate_log_unsafe: false,
            r#static: None,
            message: None,
            any: Vec::new(),
            all: Vec::new(),
            mode: AuthorityMode::default(),
        }
    }

    /// The options of it, and of those that it is made up of, that give up a safeguard.
    pub fn unsafe_options(&self) -> Vec<String> {
        let any = self.identities.iter().any(|it| it.any_identity_unsafe);
        let options = [
            ("skip-transparency-log-unsafe", self.skip_transparency_log_unsafe),
            ("skip-certificate-log-unsafe", self.skip_certificate_log_unsafe),
            ("any-identity-unsafe", any),
        ];
        let own = options.into_iter().filter(|(_, used)| *used);
        let own = own.map(|(option, _)| format!("{}: {option}", self.name));
        own.chain(self.members().iter().flat_map(Self::unsafe_options)).collect()
    }

    /// Whether what it says of an image changes with a secret, or with the day: certificates of its
    /// own authorities end.
    pub(super) fn is_momentary(&self) -> bool {
        !self.certificate_authorities.is_empty()
            || self.notation.is_some()
            || self.keys.iter().any(|key| matches!(key, TrustedKey::Secret(_)))
            || self.members().iter().any(Self::is_momentary)
    }

    /// Whether rules of the user's are asked about an attestation.
    pub(crate) fn has_rules(&self) -> bool {
        self.attestations.iter().any(|asked| asked.rego.is_some())
            || self.members().iter().any(Self::has_rules)
    }

    pub(super) fn modules(&self) -> Vec<&RegoFile> {
        let own = self.attestations.iter().filter_map(|asked| asked.module.as_ref());
        own.chain(self.members().iter().flat_map(Self::modules)).collect()
    }

    /// The authorities that it is made up of: one suffices of `any`, each is asked of `all`.
    pub fn members(&self) -> &[Authority] {
        if self.any.is_empty() { &self.all } else { &self.any }
    }
}

/// What it asks, in a line: `2 of the secret acme-key, me@acme.example by https://…`.
impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.r#static {
            Some(StaticAnswer::Accept) => return f.write_str("whatever is signed or not"),
            Some(StaticAnswer::Reject) => return f.write_str("nothing at all"),
            None => {}
        }
        if !self.members().is_empty() {
            let names: Vec<&str> = self.members().iter().map(|it| it.name.as_str()).collect();
            let joined = if self.any.is_empty() { " and " } else { " or " };
            return write!(f, "what vouches is {}", names.join(joined));
        }
        let keys = match self.keys.len() {
            0 => None,
            1 => Some("1 key".to_owned()),
            count => Some(format!("{count} keys")),
        };
        let identities = self.identities.iter().map(|it| it.shown(&self.certificate_authorities));
        let signers = keys.into_iter().chain(identities);
        let notation =
            self.notation.as_ref().map(|_| "whom Notation's trust policy trusts".to_owned());
        let signers = signers.chain(notation);
        write!(f, "{} of {}", self.threshold, signers.collect::<Vec<_>>().join(", "))?;
        for asked in &self.attestations {
            write!(f, "; attested {}", asked.predicate_type)?;
            if let Some(module) = &asked.module {
                write!(f, " as {} has it", module.path)?;
            }
        }
        for note in self.annotations.keys() {
            write!(f, "; noted {note}")?;
        }
        if !self.repositories.is_empty() {
            write!(f, "; kept in {}", self.repositories.join(", "))?;
        }
        Ok(())
    }
}

fn one() -> u32 {
    1
}

fn is_one(threshold: &u32) -> bool {
    *threshold == 1
}

impl AuthorityMode {
    fn is_enforce(&self) -> bool {
        *self == Self::Enforce
    }
}

impl ImageSignature {
    fn is_required(&self) -> bool {
        *self == Self::Required
    }
}
