//! policy.yml's `signatures:` part: whose signature is asked of which images.

mod attestation;
mod authority;
mod fault;
mod faults;
mod files;
mod identity;
mod key;
mod notation;
mod pattern;
mod trusted_root;

use serde::{Deserialize, Serialize};
use verdict::{Effect, Place, Role};

pub use attestation::{Attestation, Condition, PredicateType};
pub use authority::{Authority, AuthorityMode, ImageSignature, Proof, StaticAnswer};
pub use fault::AuthorityFault;
pub(crate) use faults::judge;
pub(crate) use files::{is_wanted, named, take};
pub use identity::{Extension, Identity};
pub use key::{PublicKeyPem, SecretName, TrustedKey};
pub use pattern::{TextPattern, TextPatternError};
pub use trusted_root::TrustedRootSource;

use crate::rego::RegoFile;

/// How many repositories of signatures an authority may name, and the policy for all of them, and
/// how many different ones all together: each is asked for every image that it is named for.
const REPOSITORIES_MAX: usize = 4;
const REPOSITORIES_ALL_MAX: usize = 16;

/// Whose signature is asked of which images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signatures {
    /// Who may vouch for which images.
    pub authorities: Vec<Authority>,
    /// How many of the authorities that cover an image must vouch for it.
    pub of_several: OfSeveral,
    /// When a signature is asked.
    pub required_for: SignatureDemands,
    /// What it does when a signature is asked of an image and no authority covers it.
    pub unmatched: Effect,
    /// Which manifest of a multi-platform image must be signed.
    pub multi_platform: SignedManifest,
    /// Repositories where signatures are kept beside the image's own, of authorities that name
    /// none themselves; at most four.
    pub repositories: Vec<String>,
}

/// Which manifest of a multi-platform image must be signed. Of an image without an index it is
/// always its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SignedManifest {
    /// The index, which lists the platforms' manifests, or the platform's own.
    #[default]
    Either,
    /// The platform's own.
    Platform,
    /// The index, and the platform's manifest must be listed in it.
    Index,
}

/// How many of several authorities that cover an image must vouch for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OfSeveral {
    /// One of them.
    #[default]
    Any,
    /// Each of them.
    All,
}

/// When a signature is asked, by what a build does with the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SignatureDemands {
    /// Of the images that a build uses.
    pub used: SignatureDemand,
    /// Of the function's own image.
    pub made: SignatureDemand,
}

/// When a signature is asked of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SignatureDemand {
    /// Wherever it lies.
    Always,
    /// Once it is in a registry; not while it lies on the builder's disk.
    WhenInRegistry,
    /// Not at all.
    Never,
}

impl Signatures {
    /// Whether a signature is asked of an image of this role that lies there.
    pub fn is_required(&self, role: Role, place: Place) -> bool {
        let demand = match role {
            Role::Used => self.required_for.used,
            Role::Made => self.required_for.made,
        };
        match demand {
            SignatureDemand::Always => true,
            SignatureDemand::WhenInRegistry => place == Place::Registry,
            SignatureDemand::Never => false,
        }
    }

    /// Whether the same policy may say something else of the same signatures in a moment: a key
    /// lies in a secret, or certificates are judged by today's date.
    pub fn is_momentary(&self) -> bool {
        self.authorities.iter().any(Authority::is_momentary)
    }

    /// The modules of rules over attestations, of members too.
    pub fn modules(&self) -> Vec<&RegoFile> {
        self.authorities.iter().flat_map(Authority::modules).collect()
    }

    /// The authorities that may vouch for an image of this repository.
    pub fn authorities_for(&self, repository: &str) -> Vec<&Authority> {
        let covers = |it: &&Authority| it.images.iter().any(|glob| glob.is_match(repository));
        self.authorities.iter().filter(covers).collect()
    }
}

impl Default for Signatures {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            of_several: OfSeveral::default(),
            required_for: SignatureDemands::default(),
            unmatched: Effect::Reject,
            multi_platform: SignedManifest::default(),
            repositories: Vec::new(),
        }
    }
}

impl Default for SignatureDemands {
    fn default() -> Self {
        Self { used: SignatureDemand::Always, made: SignatureDemand::WhenInRegistry }
    }
}
