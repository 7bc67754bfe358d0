//! What an authority must have attested to of an image, beside or instead of signing it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pattern::TextPattern;
use crate::rego::RegoFile;

/// A statement that must be attached to the image, signed by the authority, and true to all of
/// these conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attestation {
    /// What kind of statement: a URI, or one of cosign's short names (slsaprovenance,
    /// slsaprovenance02, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, openvex, custom).
    pub predicate_type: PredicateType,
    /// Who built it (SLSA provenance): the builder's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<TextPattern>,
    /// How it was built (SLSA provenance): the build's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_type: Option<TextPattern>,
    /// What it was built from (SLSA provenance): the repository's URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<TextPattern>,
    /// What the build was told from outside (SLSA provenance), by name or by JSON pointer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Condition>,
    /// What else the predicate must say, by JSON pointer (RFC 6901) from its root.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub predicate: BTreeMap<String, Condition>,
    /// The user's own rules over the statement: a Rego module's text, or its path beside
    /// policy.yml (`….rego`). Its `input` is the in-toto statement. What its `deny` and
    /// `violation` rules give is said against the attestation, and `warn` rules warn; dialect,
    /// data and limits are those of policy.yml's `rego:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rego: Option<String>,
    /// The module that `rego` is or names; a parsed policy holds its text.
    #[serde(skip)]
    pub module: Option<RegoFile>,
}

/// What kind of statement an attestation makes. A short name of cosign's is taken for its URI.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(from = "String", into = "String")]
pub struct PredicateType(String);

/// What stands at a place in a predicate: a value exactly, or a text by `{glob: …}` or
/// `{regex: …}`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "Value"))]
pub enum Condition {
    /// This value.
    Equals(Value),
    /// A text of this pattern.
    Text(TextPattern),
}

impl PredicateType {
    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the conditions on builder, source and parameters mean something of it.
    pub(crate) fn is_provenance(&self) -> bool {
        self.0.starts_with("https://slsa.dev/provenance/")
    }
}

impl Attestation {
    /// The patterns in it, each with the key that it stands under.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (&'static str, &TextPattern)> {
        let named = [
            ("builder", &self.builder),
            ("build-type", &self.build_type),
            ("source", &self.source),
        ];
        let named = named.into_iter().filter_map(|(key, it)| Some((key, it.as_ref()?)));
        let of = |key, conditions| patterns_of(key, conditions);
        named.chain(of("parameters", &self.parameters)).chain(of("predicate", &self.predicate))
    }

    /// The path that stands in policy.yml under `rego`, if it is one.
    pub(super) fn rego_path(&self) -> Option<&str> {
        self.rego.as_deref().filter(|it| it.ends_with(".rego") && !it.contains('\n'))
    }

    /// The condition that only provenance can meet, if there is one.
    pub(crate) fn provenance_only(&self) -> Option<&'static str> {
        [
            ("builder", self.builder.is_some()),
            ("build-type", self.build_type.is_some()),
            ("source", self.source.is_some()),
            ("parameters", !self.parameters.is_empty()),
        ]
        .into_iter()
        .find_map(|(key, given)| given.then_some(key))
    }
}

fn patterns_of<'a>(
    key: &'static str,
    conditions: &'a BTreeMap<String, Condition>,
) -> impl Iterator<Item = (&'static str, &'a TextPattern)> {
    conditions.values().filter_map(move |condition| match condition {
        Condition::Text(pattern) => Some((key, pattern)),
        Condition::Equals(_) => None,
    })
}

impl From<String> for PredicateType {
    fn from(text: String) -> Self {
        Self(match text.as_str() {
            "slsaprovenance" | "slsaprovenance02" => "https://slsa.dev/provenance/v0.2".to_owned(),
            "slsaprovenance1" => "https://slsa.dev/provenance/v1".to_owned(),
            "link" => "https://in-toto.io/Link/v1".to_owned(),
            "spdx" | "spdxjson" => "https://spdx.dev/Document".to_owned(),
            "cyclonedx" => "https://cyclonedx.org/bom".to_owned(),
            "vuln" => "https://cosign.sigstore.dev/attestation/vuln/v1".to_owned(),
            "openvex" => "https://openvex.dev/ns".to_owned(),
            "custom" => "https://cosign.sigstore.dev/attestation/v1".to_owned(),
            _ => text,
        })
    }
}

impl From<PredicateType> for String {
    fn from(kind: PredicateType) -> Self {
        kind.0
    }
}

impl fmt::Display for PredicateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Condition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Equals(value) => value.serialize(serializer),
            Self::Text(pattern) => pattern.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let only = match &value {
            Value::Object(map) if map.len() == 1 => map.iter().next(),
            _ => None,
        };
        match only {
            Some((key, Value::String(text))) if key == "glob" => {
                Ok(Self::Text(TextPattern::Glob(text.clone())))
            }
            Some((key, Value::String(text))) if key == "regex" => {
                Ok(Self::Text(TextPattern::Regex(text.clone())))
            }
            Some((key, _)) if key == "glob" || key == "regex" => {
                Err(de::Error::custom("a pattern is a text"))
            }
            _ => Ok(Self::Equals(value)),
        }
    }
}
