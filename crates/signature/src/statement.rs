//! What an attestation says of which artifacts: the in-toto statement in a DSSE envelope
//! (in-toto Attestation Framework, Statement v0.1 and v1).

use serde::Deserialize;
use serde_json::value::RawValue;
use verdict::Digest;

/// The only payload type that holds a statement.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
/// More subjects than this are not compared: a release has hundreds of files, not millions.
const SUBJECTS_MAX: usize = 4096;

/// An in-toto statement. Whose it is, and whether it is true, is another question.
#[derive(Debug, Clone, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "subject")]
    subjects: Vec<Subject>,
    /// What kind of thing it says.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What it says, as JSON; cosign before 3.0.5 wrote none.
    pub predicate: Option<Box<RawValue>>,
    /// All of it, as it was signed.
    #[serde(skip)]
    json: Box<RawValue>,
}

/// One artifact that a statement is about.
#[derive(Debug, Clone, Deserialize)]
pub struct Subject {
    /// What the signer calls it.
    #[serde(default)]
    pub name: String,
    digest: Digests,
    /// The signer's annotations, as JSON.
    pub annotations: Option<Box<RawValue>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Digests {
    sha256: Option<String>,
}

/// Why bytes are no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The envelope holds something else.
    #[error("payload is {0:?}, not {PAYLOAD_TYPE:?}")]
    PayloadType(String),
    /// Not JSON of that shape; keys are taken in their exact case, and once.
    #[error("payload is not an in-toto statement")]
    Shape(#[source] serde_json::Error),
    /// A statement of a version that nobody here knows.
    #[error("statement is of the type {0:?}, not of in-toto v0.1 or v1")]
    Type(String),
    /// It is about nothing.
    #[error("statement names no subject")]
    NoSubject,
    /// It is about too much.
    #[error("statement names {0} subjects, and {SUBJECTS_MAX} are compared")]
    TooManySubjects(usize),
}

impl Statement {
    /// Reads the payload of an envelope.
    ///
    /// # Errors
    /// When it is no in-toto statement about at least one thing.
    pub fn parse(payload_type: &str, payload: &[u8]) -> Result<Self, StatementError> {
        if payload_type != PAYLOAD_TYPE {
            return Err(StatementError::PayloadType(payload_type.to_owned()));
        }
        let json: Box<RawValue> = serde_json::from_slice(payload).map_err(StatementError::Shape)?;
        let mut statement: Self =
            serde_json::from_str(json.get()).map_err(StatementError::Shape)?;
        statement.json = json;
        if !TYPES.contains(&statement.kind.as_str()) {
            return Err(StatementError::Type(statement.kind));
        }
        match statement.subjects.len() {
            0 => Err(StatementError::NoSubject),
            1..=SUBJECTS_MAX => Ok(statement),
            count => Err(StatementError::TooManySubjects(count)),
        }
    }

    /// The whole statement, as it was signed.
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// The subject with this SHA-256, if the statement is about it.
    pub fn subject(&self, digest: &Digest) -> Option<&Subject> {
        let hex = digest.hex();
        let is = |subject: &&Subject| {
            subject.digest.sha256.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(&hex))
        };
        self.subjects.iter().find(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(kind: &str, subjects: &str) -> Result<Statement, StatementError> {
        let text = format!(r#"{{"_type":"{kind}","subject":{subjects},"predicateType":"p"}}"#);
        Statement::parse(PAYLOAD_TYPE, text.as_bytes())
    }

    #[test]
    fn p21_a_statement_is_of_a_known_version_and_may_lack_its_predicate() {
        let digest = Digest::of(b"a");
        let subjects = format!(r#"[{{"digest":{{"sha256":"{}"}}}}]"#, digest.hex().to_uppercase());
        for kind in TYPES {
            let statement = statement(kind, &subjects).unwrap();
            assert!(statement.subject(&digest).is_some());
            assert!(statement.subject(&Digest::of(b"b")).is_none());
            assert!(statement.predicate.is_none());
        }
        for kind in ["https://in-toto.io/Statement/v2", "https://in-toto.io/statement/v1", ""] {
            assert!(matches!(statement(kind, &subjects), Err(StatementError::Type(_))), "{kind}");
        }
        assert!(matches!(statement(TYPES[0], "[]"), Err(StatementError::NoSubject)));
    }

    #[test]
    fn p13_keys_come_in_their_exact_case_and_once() {
        let digest = Digest::of(b"a").hex();
        for subjects in [
            format!(r#"[{{"digest":{{"sha256":"{digest}","sha256":"{digest}"}}}}]"#),
            format!(r#"[{{"digest":{{"sha256":"{digest}"}},"digest":{{}}}}]"#),
        ] {
            assert!(matches!(statement(TYPES[0], &subjects), Err(StatementError::Shape(_))));
        }
        let statement = statement(TYPES[0], &format!(r#"[{{"digest":{{"SHA256":"{digest}"}}}}]"#));
        assert!(statement.unwrap().subject(&Digest::of(b"a")).is_none());
    }

    #[test]
    fn an_envelope_of_another_type_holds_no_statement() {
        let error = Statement::parse("application/json", b"{}").unwrap_err();
        assert!(matches!(error, StatementError::PayloadType(_)));
    }
}
