//! Notation's own trust policy, `trustpolicy.json` or `trustpolicy.oci.json`, of version 1.0
//! (trust-store-trust-policy.md): whose signatures are asked of which repository, and how hard.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::distinguished_name::{DistinguishedName, DistinguishedNameError};

/// A trust policy is not longer, and has not more of anything.
const BYTES_MAX: usize = 1 << 20;
const EACH_MAX: usize = 256;
const ANY: &str = "*";

/// A trust policy, read.
#[derive(Debug)]
pub(super) struct TrustPolicy(Vec<Statement>);

/// What it says of some repositories.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) name: String,
    scopes: Vec<String>,
    /// `None` where nothing is verified.
    pub(super) actions: Option<Actions>,
    pub(super) timestamp: TimestampUse,
    /// The names of its trust stores, as `ca:acme`.
    pub(super) stores: Vec<String>,
    pub(super) identities: Identities,
}

/// What happens when a part of a signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Enforce,
    Log,
    Skip,
}

/// What happens when what does not verify.
#[derive(Debug, Clone, Copy)]
pub(super) struct Actions {
    pub(super) authenticity: Action,
    pub(super) timestamp: Action,
    pub(super) expiry: Action,
    pub(super) revocation: Action,
}

/// When a timestamp is looked at, where a store of timestamp authorities is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) enum TimestampUse {
    #[default]
    #[serde(rename = "always")]
    Always,
    #[serde(rename = "afterCertExpiry")]
    AfterExpiry,
}

/// Who may sign, of those with a certificate of the stores.
#[derive(Debug, Clone)]
pub(super) enum Identities {
    AnyUnsafe,
    Named(Vec<DistinguishedName>),
}

/// Why a trust policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustPolicyError {
    /// Longer than any.
    #[error("trust policy has {0} bytes, and {BYTES_MAX} are read")]
    TooLarge(usize),
    /// Not JSON of that shape.
    #[error("trust policy is not a trustpolicy.json of Notation's")]
    Shape(#[source] serde_json::Error),
    /// Of another version.
    #[error("trust policy is of the version {0:?}, and read is 1.0")]
    Version(String),
    /// It has none, or too many of something.
    #[error("the trust policy's {what} has {count} {of}, and 1 to {EACH_MAX} are read")]
    Count {
        /// What has them.
        what: String,
        /// How many.
        count: usize,
        /// Of what.
        of: &'static str,
    },
    /// A name or scope comes twice.
    #[error("the trust policy names {0:?} twice")]
    Twice(String),
    /// It stands beside others, and must stand alone.
    #[error("the statement {0:?} of the trust policy has `*` beside other {1}")]
    NotAlone(String, &'static str),
    /// A word that means nothing there.
    #[error(
        "the statement {statement:?} of the trust policy has the {what} {value:?}, which means nothing"
    )]
    Value {
        /// The statement.
        statement: String,
        /// Which part.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// A statement that verifies nothing and says whom it trusts.
    #[error("the statement {0:?} of the trust policy skips verification and names whom it trusts")]
    SkipTrusts(String),
    /// An identity that is none.
    #[error("the statement {statement:?} of the trust policy trusts {identity:?}")]
    Identity {
        /// The statement.
        statement: String,
        /// The identity.
        identity: String,
        /// What is wrong with it.
        source: DistinguishedNameError,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    version: String,
    trust_policies: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    name: String,
    registry_scopes: Vec<String>,
    signature_verification: Verification,
    #[serde(default)]
    trust_stores: Vec<String>,
    #[serde(default)]
    trusted_identities: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verification {
    level: String,
    #[serde(default)]
    r#override: BTreeMap<String, String>,
    #[serde(default)]
    verify_timestamp: TimestampUse,
}

impl TrustPolicy {
    /// Reads one. What `notation` would not take is not taken.
    pub(super) fn parse(json: &str) -> Result<Self, TrustPolicyError> {
        use TrustPolicyError as Error;
        if json.len() > BYTES_MAX {
            return Err(Error::TooLarge(json.len()));
        }
        let document: Document = serde_json::from_str(json).map_err(Error::Shape)?;
        if document.version != "1.0" {
            return Err(Error::Version(document.version));
        }
        some("document", "statements", document.trust_policies.len())?;
        let (mut names, mut scopes) = (BTreeSet::new(), BTreeSet::new());
        let mut statements = Vec::new();
        for written in document.trust_policies {
            if !names.insert(written.name.clone()) {
                return Err(Error::Twice(written.name));
            }
            let statement = Statement::read(written)?;
            for scope in &statement.scopes {
                if !scopes.insert(scope.clone()) {
                    return Err(Error::Twice(scope.clone()));
                }
            }
            statements.push(statement);
        }
        Ok(Self(statements))
    }

    /// What it says of a repository: by its name, or else by `*`.
    pub(super) fn covering(&self, repository: &str) -> Option<&Statement> {
        let by = |scope: &str| self.0.iter().find(|it| it.scopes.iter().any(|own| own == scope));
        by(repository).or_else(|| by(ANY))
    }
}

impl Statement {
    fn read(written: Written) -> Result<Self, TrustPolicyError> {
        let Written { name, registry_scopes: scopes, trust_stores: stores, .. } = written;
        some(&name, "registryScopes", scopes.len())?;
        alone(&name, "registryScopes", &scopes)?;
        let wrong = |it: &&String| *it != ANY && (it.contains(['*', '@']) || !it.contains('/'));
        if let Some(scope) = scopes.iter().find(wrong) {
            return Err(value(&name, "registry scope", scope));
        }
        let verification = &written.signature_verification;
        let actions = actions(&name, verification)?;
        let identities = written.trusted_identities;
        if actions.is_none() {
            if !stores.is_empty() || !identities.is_empty() {
                return Err(TrustPolicyError::SkipTrusts(name));
            }
        } else {
            some(&name, "trustStores", stores.len())?;
            some(&name, "trustedIdentities", identities.len())?;
        }
        alone(&name, "trustedIdentities", &identities)?;
        if let Some(store) = stores.iter().find(|it| !is_store(it)) {
            return Err(value(&name, "trust store", store));
        }
        let identities = match identities.iter().any(|it| it == ANY) {
            true => Identities::AnyUnsafe,
            false => Identities::Named(
                identities.iter().map(|it| identity(&name, it)).collect::<Result<_, _>>()?,
            ),
        };
        let timestamp = verification.verify_timestamp;
        Ok(Self { name, scopes, actions, timestamp, stores, identities })
    }

    /// What it gives up, in its own words.
    pub(super) fn unsafe_options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let (Identities::AnyUnsafe, Some(_)) = (&self.identities, self.actions) {
            options.push("trustedIdentities *".to_owned());
        }
        for (name, action) in self.actions.iter().flat_map(Actions::all) {
            match action {
                Action::Enforce => {}
                Action::Log => options.push(format!("{name} log")),
                Action::Skip => options.push(format!("{name} skip")),
            }
        }
        options
    }
}

impl Actions {
    fn all(&self) -> [(&'static str, Action); 4] {
        [
            ("authenticity", self.authenticity),
            ("authenticTimestamp", self.timestamp),
            ("expiry", self.expiry),
            ("revocation", self.revocation),
        ]
    }
}

/// What a level asks, and what is overridden of it; nothing where it is `skip`.
fn actions(statement: &str, written: &Verification) -> Result<Option<Actions>, TrustPolicyError> {
    use Action::{Enforce, Log, Skip};
    let level = |authenticity, rest| {
        Some(Actions { authenticity, timestamp: rest, expiry: rest, revocation: rest })
    };
    let mut actions = match written.level.as_str() {
        "strict" => level(Enforce, Enforce),
        "permissive" => level(Enforce, Log),
        "audit" => level(Log, Log),
        "skip" => None,
        other => return Err(value(statement, "level", other)),
    };
    for (name, action) in &written.r#override {
        let wrong = || value(statement, "override", &format!("{name}: {action}"));
        let base = actions.as_mut().ok_or_else(wrong)?;
        let action = match (action.as_str(), name.as_str()) {
            ("enforce", _) => Enforce,
            ("log", _) => Log,
            ("skip", "revocation") => Skip,
            _ => return Err(wrong()),
        };
        match name.as_str() {
            "authenticity" => base.authenticity = action,
            "authenticTimestamp" => base.timestamp = action,
            "expiry" => base.expiry = action,
            "revocation" => base.revocation = action,
            // Integrity is not to be argued about.
            _ => return Err(wrong()),
        }
    }
    Ok(actions)
}

fn identity(statement: &str, text: &str) -> Result<DistinguishedName, TrustPolicyError> {
    let name = text.strip_prefix("x509.subject:");
    let name = name.ok_or_else(|| value(statement, "trusted identity", text))?;
    DistinguishedName::parse(name).map_err(|source| TrustPolicyError::Identity {
        statement: statement.to_owned(),
        identity: text.to_owned(),
        source,
    })
}

/// `TYPE:NAME`, the name being that of a folder.
pub(super) fn is_store(text: &str) -> bool {
    let sound = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    text.split_once(':').is_some_and(|(kind, name)| {
        ["ca", "signingAuthority", "tsa"].contains(&kind)
            && !name.is_empty()
            && name.chars().all(sound)
    })
}

fn some(what: &str, of: &'static str, count: usize) -> Result<(), TrustPolicyError> {
    match count {
        1..=EACH_MAX => Ok(()),
        count => Err(TrustPolicyError::Count { what: what.to_owned(), count, of }),
    }
}

fn alone(statement: &str, what: &'static str, all: &[String]) -> Result<(), TrustPolicyError> {
    match all.len() > 1 && all.iter().any(|it| it == ANY) {
        true => Err(TrustPolicyError::NotAlone(statement.to_owned(), what)),
        false => Ok(()),
    }
}

fn value(statement: &str, what: &'static str, value: &str) -> TrustPolicyError {
    TrustPolicyError::Value { statement: statement.to_owned(), what, value: value.to_owned() }
}
