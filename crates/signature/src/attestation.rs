//! What must have been attested to of an image: a predicate of a type, true to conditions (SLSA
//! provenance v0.2 and v1 by name, everything by JSON pointer) and to rules that the caller asks.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::exhibit::Fault;
use crate::identity::TextMatch;
use crate::statement::Statement;

/// SLSA provenance, whose places are known by name.
const PROVENANCE_V02: &str = "https://slsa.dev/provenance/v0.2";
const PROVENANCE_V1: &str = "https://slsa.dev/provenance/v1";
/// How many objections are told; the others are counted.
const OBJECTIONS_MAX: usize = 5;

/// An attestation that is asked for.
#[derive(Debug, Clone)]
pub struct AttestationDemand {
    /// The predicate's type. Types are compared exactly: an SBOM is no provenance.
    pub predicate_type: String,
    /// What must be true of the predicate.
    pub conditions: Vec<Condition>,
    /// Rules that must have nothing against it.
    pub rules: Option<Arc<dyn StatementRules>>,
}

/// Rules over whole statements that are no part of this crate: the user's own.
pub trait StatementRules: fmt::Debug + Send + Sync {
    /// What they have against a statement, which is given as the JSON that was signed.
    ///
    /// # Errors
    /// When they could not be asked: then nothing is known.
    fn objections(&self, statement: &RawValue)
    -> Result<Vec<String>, Box<dyn Error + Send + Sync>>;
}

/// Something that must be true of a predicate.
#[derive(Debug, Clone)]
pub struct Condition {
    /// What it is about.
    pub place: Place,
    /// What must stand there.
    pub asked: Asked,
}

/// A place in a predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The builder's id (SLSA provenance).
    Builder,
    /// The build's type (SLSA provenance).
    BuildType,
    /// The URI of the repository that was built (SLSA provenance).
    Source,
    /// What the build was told from outside, by name or JSON pointer (SLSA provenance).
    Parameter(String),
    /// By JSON pointer (RFC 6901) from the predicate's root.
    Pointer(String),
}

/// What must stand at a place.
#[derive(Debug, Clone)]
pub enum Asked {
    /// This value.
    Value(Value),
    /// A text that is covered.
    Text(TextMatch),
}

/// Why an attestation is not what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PredicateFault {
    /// cosign before 3.0.5 wrote statements without one.
    #[error("it has no predicate")]
    Missing,
    /// Not JSON that means one thing.
    #[error("its predicate cannot be read")]
    Unreadable,
    /// A provenance of a version whose places are not known by name.
    #[error("{0} is no provenance of SLSA v0.2 or v1")]
    NoProvenance(String),
    /// Nothing stands there.
    #[error("it says nothing of the {0}")]
    Silent(String),
    /// Something else stands there.
    #[error("the {place} is {said}")]
    Other {
        /// Where.
        place: String,
        /// What stands there, cut short.
        said: String,
    },
    /// The rules object to it.
    #[error("the rules say: {0}")]
    Objected(String),
}

impl AttestationDemand {
    /// Whether the statement says what is asked.
    ///
    /// # Errors
    /// When it does not, or when the rules could not be asked.
    pub(crate) fn is_met(&self, statement: &Statement) -> Result<(), Fault> {
        if self.conditions.is_empty() && self.rules.is_none() {
            return Ok(());
        }
        // Of nothing most rules have nothing to say, which is no consent.
        let json = statement.predicate.as_deref();
        let json = json.ok_or(Fault::Predicate(PredicateFault::Missing))?.get();
        self.conditions_met(&statement.predicate_type, json).map_err(Fault::Predicate)?;
        // They cost most, so they are asked last.
        let Some(rules) = &self.rules else { return Ok(()) };
        let objections = rules.objections(statement.json()).map_err(Fault::RulesUnanswered)?;
        match objections.as_slice() {
            [] => Ok(()),
            some => Err(Fault::Predicate(PredicateFault::Objected(told(some)))),
        }
    }

    fn conditions_met(&self, kind: &str, json: &str) -> Result<(), PredicateFault> {
        if self.conditions.is_empty() {
            return Ok(());
        }
        let predicate: Value =
            serde_json::from_str(json).map_err(|_| PredicateFault::Unreadable)?;
        self.conditions.iter().try_for_each(|condition| condition.is_met(kind, &predicate))
    }
}

/// The first objections, and how many more there are.
fn told(objections: &[String]) -> String {
    let first = objections.get(..OBJECTIONS_MAX).unwrap_or(objections).join("; ");
    match objections.len().saturating_sub(OBJECTIONS_MAX) {
        0 => first,
        more => format!("{first}; and {more} more"),
    }
}

impl Condition {
    fn is_met(&self, kind: &str, predicate: &Value) -> Result<(), PredicateFault> {
        let said = self.place.values(kind, predicate)?;
        let Some(first) = said.first() else {
            return Err(PredicateFault::Silent(self.place.to_string()));
        };
        // Where a source is told in several places, each must be the one that is asked.
        let other = said.iter().find(|said| !self.fits(said));
        match other {
            None => Ok(()),
            Some(_) => {
                let said = other.unwrap_or(first).to_string().chars().take(200).collect();
                Err(PredicateFault::Other { place: self.place.to_string(), said })
            }
        }
    }

    fn fits(&self, said: &Value) -> bool {
        let is = |said: &Value| match (&self.asked, said) {
            (Asked::Value(value), said) => value == said,
            (Asked::Text(pattern), Value::String(text)) => pattern.covers(text),
            (Asked::Text(_), _) => false,
        };
        let repository = match (&self.place, said) {
            (Place::Source, Value::String(uri)) => Some(Value::from(repository(uri))),
            _ => None,
        };
        is(said) || repository.is_some_and(|it| is(&it))
    }
}

/// The repository of a source's URI: `git+https://github.com/acme/fn@refs/heads/main` is one of
/// https://github.com/acme/fn.
fn repository(uri: &str) -> &str {
    let uri = uri.strip_prefix("git+").unwrap_or(uri);
    let host = uri.find("://").map_or(0, |at| at + 3);
    let path = uri.get(host..).and_then(|rest| rest.find('/')).map_or(uri.len(), |at| host + at);
    let at = uri.get(path..).and_then(|rest| rest.find('@')).map_or(uri.len(), |at| path + at);
    uri.get(..at).unwrap_or(uri)
}

impl Place {
    /// What stands there; a source may be told in several places.
    fn values<'v>(
        &self,
        kind: &str,
        predicate: &'v Value,
    ) -> Result<Vec<&'v Value>, PredicateFault> {
        if let Self::Pointer(pointer) = self {
            return Ok(predicate.pointer(pointer).into_iter().collect());
        }
        let pointers: &[&str] = match (kind, self) {
            (PROVENANCE_V02, Self::Builder) => &["/builder/id"],
            (PROVENANCE_V02, Self::BuildType) => &["/buildType"],
            (PROVENANCE_V02, Self::Source) => &["/invocation/configSource/uri"],
            (PROVENANCE_V02, _) => &["/invocation/parameters"],
            (PROVENANCE_V1, Self::Builder) => &["/runDetails/builder/id"],
            (PROVENANCE_V1, Self::BuildType) => &["/buildDefinition/buildType"],
            // Not its dependencies: these name what else went in, and a stranger's build may well
            // depend on the repository that is asked.
            (PROVENANCE_V1, Self::Source) => &[
                "/buildDefinition/externalParameters/workflow/repository",
                "/buildDefinition/externalParameters/source/uri",
                "/buildDefinition/externalParameters/source",
                "/buildDefinition/externalParameters/configSource/repository",
            ],
            (PROVENANCE_V1, _) => &["/buildDefinition/externalParameters"],
            (other, _) => return Err(PredicateFault::NoProvenance(other.to_owned())),
        };
        let found = pointers.iter().filter_map(|pointer| predicate.pointer(pointer));
        Ok(match self {
            Self::Parameter(name) if name.starts_with('/') => {
                found.filter_map(|it| it.pointer(name)).collect()
            }
            Self::Parameter(name) => found.filter_map(|it| it.get(name)).collect(),
            Self::Source => found.filter(|it| it.is_string()).collect(),
            _ => found.collect(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builder => f.write_str("builder"),
            Self::BuildType => f.write_str("build type"),
            Self::Source => f.write_str("source"),
            Self::Parameter(name) => write!(f, "parameter {name}"),
            Self::Pointer(pointer) => write!(f, "value at {pointer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(
        kind: &str,
        predicate: &Value,
        place: Place,
        asked: Asked,
    ) -> Result<(), PredicateFault> {
        Condition { place, asked }.is_met(kind, predicate)
    }

    fn exact(text: &str) -> Asked {
        Asked::Text(TextMatch::exact(text).unwrap())
    }

    #[test]
    fn provenance_is_asked_by_name_in_both_versions() {
        let old = json!({
            "builder": {"id": "https://b"}, "buildType": "t",
            "invocation": {
                "configSource": {"uri": "git+https://github.com/acme/fn@refs/heads/main"},
                "parameters": {"debug": false},
            },
        });
        let new = json!({
            "runDetails": {"builder": {"id": "https://b"}},
            "buildDefinition": {
                "buildType": "t",
                "externalParameters": {"workflow": {"repository": "https://github.com/acme/fn"}, "debug": false},
                "resolvedDependencies": [{"uri": "git+https://github.com/other/fn@refs/heads/main"}],
            },
        });
        for (kind, predicate) in [(PROVENANCE_V02, &old), (PROVENANCE_V1, &new)] {
            let check = |place, asked| check(kind, predicate, place, asked);
            check(Place::Builder, exact("https://b")).unwrap();
            check(Place::BuildType, exact("t")).unwrap();
            check(Place::Source, exact("https://github.com/acme/fn")).unwrap();
            let debug = || Place::Parameter("debug".to_owned());
            check(debug(), Asked::Value(false.into())).unwrap();
            assert!(check(debug(), Asked::Value("false".into())).is_err());
            assert!(check(Place::Builder, exact("https://c")).is_err());
            let other = check(Place::Source, exact("https://github.com/other/fn"));
            assert!(matches!(other, Err(PredicateFault::Other { .. })), "{other:?}");
            let silent = check(Place::Parameter("release".to_owned()), exact("x"));
            assert!(matches!(silent, Err(PredicateFault::Silent(_))));
        }
        let unknown = check("https://slsa.dev/provenance/v2", &new, Place::Builder, exact("x"));
        assert!(matches!(unknown, Err(PredicateFault::NoProvenance(_))));
    }

    #[test]
    fn a_source_that_is_told_twice_is_the_same_twice() {
        let predicate = json!({"buildDefinition": {"externalParameters": {
            "workflow": {"repository": "https://github.com/acme/fn"},
            "source": "https://github.com/other/fn",
        }}});
        let said =
            check(PROVENANCE_V1, &predicate, Place::Source, exact("https://github.com/acme/fn"));
        assert!(matches!(said, Err(PredicateFault::Other { .. })));
    }

    #[test]
    fn a_repository_ends_at_its_ref_and_not_within_its_host() {
        assert_eq!(repository("git+https://g.example/a/b@refs/x"), "https://g.example/a/b");
        assert_eq!(
            repository("https://g.example@evil.example/a/b@x"),
            "https://g.example@evil.example/a/b"
        );
        assert_eq!(repository("https://g.example"), "https://g.example");
        assert_eq!(repository("pkg"), "pkg");
    }

    #[test]
    fn any_predicate_is_asked_by_pointer() {
        let predicate = json!({"scanner": {"result": [{"severity": "LOW"}]}, "count": 1});
        let place = |pointer: &str| Place::Pointer(pointer.to_owned());
        let check = |place, asked| check("https://x", &predicate, place, asked);
        check(place("/scanner/result/0/severity"), exact("LOW")).unwrap();
        check(place("/count"), Asked::Value(1.into())).unwrap();
        assert!(check(place("/count"), exact("1")).is_err());
        assert!(check(place("/count/x"), exact("1")).is_err());
        assert!(check(Place::Builder, exact("x")).is_err());
    }
}
