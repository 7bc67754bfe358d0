//! What can be wrong with a policy, and what to do about it.

use std::io;
use std::path::PathBuf;

use verdict::Phase;

use crate::image_glob::ImageGlobError;
use crate::signatures::AuthorityFault;

/// Why a policy cannot be read, or does not mean what its author thinks.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A file that could not be read.
    #[error("read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A path that is absolute, or leads out of the policy's folder.
    #[error("{path:?} is not a path within the policy's folder")]
    Outside {
        /// The path as policy.yml has it.
        path: String,
    },
    /// Larger than a policy may be.
    #[error("{what} has more than {bytes_max} bytes")]
    TooLarge {
        /// The file, or all of them.
        what: String,
        /// How many it may have.
        bytes_max: u64,
    },
    /// More files than a policy may name.
    #[error("the policy names more than {max} files")]
    TooManyFiles {
        /// How many it may name.
        max: usize,
    },
    /// A key that means nothing, most likely misspelt.
    #[error("line {line}: unknown key {key:?}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The key that it looks like.
        nearest: Option<&'static str>,
        /// The keys that may stand there.
        known: &'static [&'static str],
        /// Where, from 1.
        line: u64,
    },
    /// Not YAML, or not of the shape that a policy has.
    #[error("line {line}, column {column}: not what a policy says there")]
    Yaml {
        /// Where, from 1.
        line: u64,
        /// Where in the line, from 1.
        column: u64,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file that the policy names and that did not come with it.
    #[error("{key} names {path:?}, and there is no such file")]
    NoSuchFile {
        /// The key that names it.
        key: &'static str,
        /// The path as policy.yml has it.
        path: String,
    },
    /// An authority that vouches for nothing, cannot, or not for what its author thinks.
    #[error("authority {authority:?} cannot be used")]
    Authority {
        /// The authority.
        authority: String,
        /// What is wrong with it.
        #[source]
        fault: AuthorityFault,
    },
    /// Two authorities that reports could not tell apart.
    #[error("two authorities are named {0:?}")]
    AuthorityTwice(String),
    /// More repositories of signatures than are asked.
    #[error("{named} repositories of signatures are named, and at most {most} are asked")]
    TooManyRepositories {
        /// How many are named: in `signatures.repositories`, or by all authorities together.
        named: usize,
        /// How many are asked there.
        most: usize,
    },
    /// A check that nobody carries out.
    #[error("there is no check {name:?}")]
    UnknownCheck {
        /// The name.
        name: String,
        /// The check that it looks like.
        nearest: Option<&'static str>,
    },
    /// A phase in which nothing would be asked.
    #[error("no check is required in the {0} phase")]
    NoChecks(Phase),
    /// Unrated flaws, listed where rated ones are.
    #[error("vulnerabilities.{0} lists `unknown`")]
    UnknownListed(&'static str),
    /// A waiver that names neither a rule nor an advisory.
    #[error("waiver {number} names neither a rule nor an advisory")]
    WaiverOfEverything {
        /// Which, from 1.
        number: usize,
    },
    /// A waiver that nobody answers for.
    #[error("waiver {number} has an empty {field}")]
    WaiverBlank {
        /// Which, from 1.
        number: usize,
        /// What it lacks.
        field: &'static str,
    },
    /// A waiver of something that was never looked at.
    #[error("waiver {number}: findings of {rule:?} cannot be waived")]
    NotWaivable {
        /// Which, from 1.
        number: usize,
        /// The rule.
        rule: String,
    },
    /// A waiver whose image is not a glob.
    #[error("waiver {number}: its image is not a glob over repositories")]
    WaiverImage {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        source: ImageGlobError,
    },
}

impl PolicyError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Read { .. } => "see that the file is there and may be read".to_owned(),
            Self::Outside { .. } => {
                "put the file beside policy.yml and name it by a relative path".to_owned()
            }
            Self::TooLarge { .. } | Self::TooManyFiles { .. } => {
                "split the policy, and leave out data that no rule looks at".to_owned()
            }
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean {nearest:?}?"),
            Self::UnknownKey { known, .. } => format!("write one of {}", known.join(", ")),
            Self::Yaml { .. } => "compare the line with docs/schema/policy.schema.json".to_owned(),
            Self::NoSuchFile { path, .. } => {
                format!("create {path:?} beside policy.yml, or take it out")
            }
            Self::Authority { fault, .. } => fault.remedy(),
            Self::AuthorityTwice(_) => "give them different names, or make them one".to_owned(),
            Self::TooManyRepositories { .. } => "name those where your signatures are".to_owned(),
            Self::UnknownCheck { nearest: Some(nearest), .. } => {
                format!("did you mean {nearest:?}?")
            }
            Self::UnknownCheck { .. } => {
                format!("write one of {}", crate::checks::KNOWN.join(", "))
            }
            Self::NoChecks(_) => "name at least one, or leave the key out".to_owned(),
            Self::UnknownListed(_) => {
                "say what unrated flaws do with `unknown: reject|undecided|warn|note`".to_owned()
            }
            Self::WaiverOfEverything { .. } => "add `rule:` or `advisory:`".to_owned(),
            Self::WaiverBlank { field, .. } => format!("fill in `{field}:`"),
            Self::NotWaivable { .. } => {
                "mend what keeps the check from looking; or say `on-undecided: warn`".to_owned()
            }
            Self::WaiverImage { .. } => {
                "write the repository in full, such as ghcr.io/acme/*".to_owned()
            }
        }
    }

    /// The line of policy.yml that it is about, from 1, where that is known.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::UnknownKey { line, .. } | Self::Yaml { line, .. } => Some(*line),
            _ => None,
        }
    }
}
