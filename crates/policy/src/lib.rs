//! policy.yml: what is asked of images and functions, who vouches for them, and who has taken
//! which finding upon themselves. [`load`] reads the file and what it names, [`Policy::parse`]
//! says what it means. With the feature `rego`, the user's own rules are evaluated too.

mod checks;
mod error;
mod image;
mod image_glob;
pub mod import;
mod input;
mod load;
mod policy;
mod read;
pub mod rego;
mod runtime;
#[cfg(feature = "schema")]
pub mod schema;
mod signatures;
mod sources;
mod validity;
mod vulnerabilities;
mod waivers;
mod yaml;

pub use checks::Checks;
pub use error::PolicyError;
pub use image::{ImageRules, RuleEffect};
pub use image_glob::{ImageGlob, ImageGlobError};
pub use input::{InputImage, InputPackage, InputVersion, PolicyInput};
pub use load::load;
pub use policy::{OnUndecided, Policy};
pub use rego::{Namespace, Rego, RegoFile, RegoLimits, RegoVersion};
pub use runtime::{
    CapabilityName, Demand, FunctionPattern, HostPattern, IdRange, PathPattern, PatternError,
    RuntimeAllowance, RuntimePolicy, RuntimeRules, SocketPattern, SocketPatternError, Transport,
};
pub use signatures::{
    Attestation, Authority, AuthorityFault, AuthorityMode, Condition, Extension, Identity,
    ImageSignature, OfSeveral, PredicateType, Proof, PublicKeyPem, SecretName, SignatureDemand,
    SignatureDemands, Signatures, SignedManifest, StaticAnswer, TextPattern, TextPatternError,
    TrustedKey, TrustedRootSource,
};
pub use sources::{Permission, Sources};
pub use validity::{Validity, ValidityError};
pub use vulnerabilities::{Severities, Vulnerabilities};
