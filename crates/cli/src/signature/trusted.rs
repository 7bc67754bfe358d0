//! Whom the arguments of `signature verify` trust, as the policy that it comes to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ::signature::ContentTrust;
use clap::Args;
use serde_json::{Map, Value, json};
use verdict::PolicyDocument;

use crate::failure::Failure;

/// The name of the authority; reports show it.
const NAME: &str = "command line";
const FILE_BYTES_MAX: u64 = 1 << 20;
const KEY: &str = "key.pub";
const OWN: &str = "ca.pem";
const ROOT: &str = "trusted_root.json";

/// Whom the arguments trust. The flags are cosign's.
#[derive(Debug, Args)]
pub(crate) struct Trusted {
    /// The public key (PEM) of the signer.
    #[arg(long, value_name = "FILE", required_unless_present = "identity")]
    key: Option<PathBuf>,
    /// Who must have signed, exactly: an e-mail address, or the URI of a workload.
    #[arg(long, value_name = "TEXT", group = "identity", conflicts_with = "key")]
    certificate_identity: Option<String>,
    /// The same as a regular expression over the whole of it.
    #[arg(long, value_name = "REGEX", group = "identity", conflicts_with = "key")]
    certificate_identity_regexp: Option<String>,
    /// Who must vouch for the signer, exactly: the URL of an OpenID Connect issuer.
    #[arg(
        long,
        value_name = "URL",
        requires = "identity",
        conflicts_with = "certificate_oidc_issuer_regexp",
        required_unless_present_any = ["key", "own", "certificate_oidc_issuer_regexp"]
    )]
    certificate_oidc_issuer: Option<String>,
    /// The same as a regular expression over the whole of it.
    #[arg(long, value_name = "REGEX", requires = "identity")]
    certificate_oidc_issuer_regexp: Option<String>,
    /// Certificate authorities of your own (PEM) that certified the signer, instead of those of the
    /// trusted root; no issuer is asked then.
    #[arg(long, value_name = "FILE", group = "own", requires = "identity")]
    ca_roots: Option<PathBuf>,
    /// The same as a chain: the authority that issued the certificate first, its root last.
    #[arg(long, value_name = "FILE", group = "own", requires = "identity")]
    certificate_chain: Option<PathBuf>,
    /// Whom certificates, logs and timestamps are traced to (trusted_root.json); without one
    /// Sigstore's public-good instance, as it was when this program was built.
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Ask no entry of a transparency log: a stolen key or identity leaves no trace then.
    #[arg(long)]
    skip_transparency_log_unsafe: bool,
}

impl Trusted {
    /// The policy that trusts them, asks for nothing else, and says what it gives up.
    pub(crate) fn policy(&self) -> Result<PolicyDocument, Failure> {
        let mut files = BTreeMap::new();
        let mut authority = Map::new();
        authority.insert("name".to_owned(), NAME.into());
        authority.insert("images".to_owned(), json!(["**"]));
        if let Some(path) = &self.key {
            files.insert(KEY.to_owned(), text_of(path, "the key")?);
            authority.insert("keys".to_owned(), json!([KEY]));
            if !self.skip_transparency_log_unsafe {
                authority.insert("require".to_owned(), json!(["transparency-log"]));
            }
        } else {
            let subject = pattern(&self.certificate_identity, &self.certificate_identity_regexp);
            let issuer =
                pattern(&self.certificate_oidc_issuer, &self.certificate_oidc_issuer_regexp);
            let identity = json!({"subject": subject, "issuer": issuer});
            authority.insert("identities".to_owned(), json!([identity]));
            let own = self.ca_roots.as_ref().or(self.certificate_chain.as_ref());
            if let Some(path) = own {
                files.insert(OWN.to_owned(), text_of(path, "the certificate authorities")?);
                authority.insert("certificate-authorities".to_owned(), json!([OWN]));
            }
            match (own, self.skip_transparency_log_unsafe) {
                (Some(_), false) => {
                    authority.insert("require".to_owned(), json!(["transparency-log"]));
                }
                (None, true) => {
                    authority.insert("skip-transparency-log-unsafe".to_owned(), true.into());
                }
                (Some(_), true) | (None, false) => {}
            }
        }
        if let Some(path) = &self.trusted_root {
            files.insert(ROOT.to_owned(), text_of(path, "the trusted root")?);
            authority.insert("trusted-root".to_owned(), ROOT.into());
        }
        let body = json!({
            "checks": {"build": ["verify-signature"]},
            "signatures": {"authorities": [authority], "required-for": {"made": "always"}},
        });
        Ok(PolicyDocument { body: body.to_string(), files })
    }
}

/// A text as the policy takes it: exactly, or by a pattern.
fn pattern(exact: &Option<String>, regexp: &Option<String>) -> Value {
    match regexp {
        Some(regexp) => json!({"regex": regexp}),
        None => json!(exact),
    }
}

fn text_of(path: &Path, what: &str) -> Result<String, Failure> {
    let unread = || format!("{what} {} cannot be read", path.display());
    let remedy = "name a readable file";
    let metadata =
        fs::metadata(path).map_err(|error| Failure::usage(unread(), remedy).because(&error))?;
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        let what =
            format!("{what} {} is no file of at most {FILE_BYTES_MAX} bytes", path.display());
        return Err(Failure::usage(what, remedy));
    }
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(unread(), remedy).because(&error))?;
    match ContentTrust::recognise(text.as_bytes()) {
        None => Ok(text),
        Some(found) => {
            let what = format!("{} is {found}: {}", path.display(), ContentTrust::WHY);
            Err(Failure::usage(what, ContentTrust::INSTEAD))
        }
    }
}
