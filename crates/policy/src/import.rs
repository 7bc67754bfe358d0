//! Policies of others, as ours: policy-controller's ClusterImagePolicy (v1alpha1, v1beta1).
//!
//! What cannot be said here is an error that names it: a policy of which a part is silently left
//! out is another policy.

mod authority;
mod fields;
mod rules;

use serde_json::Value;

use crate::image_glob::{ImageGlob, ImageGlobError};
use crate::read;
use crate::rego::RegoVersion;
use crate::signatures::{Authority, AuthorityMode, OfSeveral, Signatures};

use fields::Fields;
pub use fields::ImportError;

/// The longest file that is read.
const BYTES_MAX: usize = 1 << 20;
const DOCUMENTS_MAX: usize = 64;

/// Reads ClusterImagePolicies (YAML, one or more documents) as the `signatures:` part of a policy:
/// each of those that cover an image must vouch for it, and of each any of its authorities.
///
/// # Errors
/// When it is none, or says what cannot be said here; the error names the field.
pub fn cluster_image_policies(yaml: &str) -> Result<Signatures, ImportError> {
    if yaml.len() > BYTES_MAX {
        return Err(ImportError::TooLarge { bytes_max: BYTES_MAX });
    }
    let documents: Vec<Value> =
        serde_saphyr::from_multiple_with_options(yaml, crate::yaml::options(DOCUMENTS_MAX))
            .map_err(|source| ImportError::Yaml(Box::new(source)))?;
    let mut signatures = Signatures { of_several: OfSeveral::All, ..Signatures::default() };
    for document in documents {
        signatures.authorities.push(policy(document)?);
    }
    if signatures.authorities.is_empty() {
        return Err(ImportError::NoPolicy);
    }
    Ok(signatures)
}

#[derive(serde::Serialize)]
struct Written<'s> {
    signatures: &'s Signatures,
    #[serde(skip_serializing_if = "Option::is_none")]
    rego: Option<WrittenRego>,
}

/// The dialect that policy-controller reads rules in.
#[derive(serde::Serialize)]
struct WrittenRego {
    version: RegoVersion,
}

/// The signatures as policy.yml has them, and everything that is wrong with them as a policy.
///
/// # Errors
/// When they cannot be written, which would be a fault of this program.
pub fn to_yaml(
    signatures: &Signatures,
) -> Result<(String, Vec<crate::PolicyError>), serde_saphyr::ser::Error> {
    let has_rules = signatures.authorities.iter().any(Authority::has_rules);
    let rego = has_rules.then_some(WrittenRego { version: RegoVersion::V0 });
    let body = serde_saphyr::to_string(&Written { signatures, rego })?;
    let document = verdict::PolicyDocument { body, files: Default::default() };
    let faults = match read::policy(&document) {
        Ok((_, faults)) => faults,
        Err(error) => vec![error],
    };
    Ok((document.body, faults))
}

fn policy(document: Value) -> Result<Authority, ImportError> {
    let mut fields = Fields::of("", document)?;
    let version = fields.text("apiVersion")?.unwrap_or_default();
    let kind = fields.text("kind")?.unwrap_or_default();
    let is_known =
        ["policy.sigstore.dev/v1alpha1", "policy.sigstore.dev/v1beta1"].contains(&version.as_str());
    if !is_known || kind != "ClusterImagePolicy" {
        return Err(ImportError::Kind { kind, version });
    }
    let mut metadata = fields.inner("metadata")?;
    let name = metadata.text("name")?.ok_or_else(|| metadata.missing("name"))?;
    // What Kubernetes notes of an object says nothing of images.
    let mut spec = fields.inner("spec")?;
    fields.drop_field("status");
    fields.end()?;
    let mut all = Vec::new();
    for (number, mut authority) in spec.list("authorities")?.into_iter().enumerate() {
        let own = authority.text("name")?.unwrap_or_else(|| format!("authority-{number}"));
        let member_name = format!("{name}/{own}");
        all.push(authority::read(member_name, authority)?);
    }
    let images = spec.list("images")?.into_iter().map(image).collect::<Result<Vec<_>, _>>()?;
    let mode = match spec.text("mode")?.as_deref() {
        None | Some("enforce") => AuthorityMode::Enforce,
        Some("warn") => AuthorityMode::Warn,
        Some(other) => return Err(spec.unsupported(&format!("mode: {other}"))),
    };
    spec.end()?;
    Ok(match (all.len(), all.pop()) {
        (1, Some(only)) => Authority { name, images, mode, ..only },
        (_, last) => {
            all.extend(last);
            Authority { images, mode, any: all, ..Authority::named(name) }
        }
    })
}

/// policy-controller's globs are ours, but for images without a registry, which are Docker Hub's.
fn image(mut fields: Fields) -> Result<ImageGlob, ImportError> {
    let glob = fields.text("glob")?.ok_or_else(|| fields.missing("glob"))?;
    fields.end()?;
    let glob = glob.replacen("index.docker.io/", "docker.io/", 1);
    let glob = match glob.parse::<ImageGlob>() {
        Err(ImageGlobError::NoRegistry(_, full)) => full.parse(),
        _ if glob == "*" => "docker.io/library/*".parse(),
        parsed => parsed,
    };
    glob.map_err(|source| ImportError::Glob { path: fields.path("glob"), source })
}
