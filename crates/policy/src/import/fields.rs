//! A mapping whose fields are taken one by one; what is left is what cannot be said here.

use serde_json::{Map, Value};

use crate::image_glob::ImageGlobError;

/// Why a policy cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Longer than any.
    #[error("it has more than {bytes_max} bytes")]
    TooLarge {
        /// How many it may have.
        bytes_max: usize,
    },
    /// Not YAML.
    #[error("it is not YAML that can be read")]
    Yaml(#[source] Box<serde_saphyr::Error>),
    /// Nothing in it.
    #[error("there is no policy in it")]
    NoPolicy,
    /// Something else.
    #[error("it is a {kind:?} of {version:?}, not a ClusterImagePolicy of policy.sigstore.dev")]
    Kind {
        /// Its kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// A field that cannot be said here.
    #[error("{0} has no equivalent")]
    Unsupported(String),
    /// A field that must be there.
    #[error("{0} is missing")]
    Missing(String),
    /// A field of another type.
    #[error("{path} is not {expected}")]
    Type {
        /// The field.
        path: String,
        /// What it ought to be.
        expected: &'static str,
    },
    /// An image glob that means nothing here.
    #[error("{path} cannot be used")]
    Glob {
        /// The field.
        path: String,
        /// What is wrong with it.
        #[source]
        source: ImageGlobError,
    },
}

impl ImportError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "import the policies in several files",
            Self::Yaml(_) | Self::Missing(_) | Self::Type { .. } => {
                "compare it with what `kubectl get clusterimagepolicy -o yaml` writes"
            }
            Self::NoPolicy | Self::Kind { .. } => "name a file with a ClusterImagePolicy",
            Self::Unsupported(_) => {
                "take the field out, import the rest, and add by hand what policy.yml has for it"
            }
            Self::Glob { .. } => "write the repository in full, without a tag or digest",
        }
    }
}

/// The fields of a mapping that are not taken yet, and where it stands.
pub(super) struct Fields {
    at: String,
    map: Map<String, Value>,
}

impl Fields {
    pub(super) fn of(at: &str, value: Value) -> Result<Self, ImportError> {
        match value {
            Value::Object(map) => Ok(Self { at: at.to_owned(), map }),
            // `rfc3161timestamp:` without anything below it.
            Value::Null => Ok(Self { at: at.to_owned(), map: Map::new() }),
            _ => Err(ImportError::Type { path: at.to_owned(), expected: "a mapping" }),
        }
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    pub(super) fn missing(&self, key: &str) -> ImportError {
        ImportError::Missing(self.path(key))
    }

    pub(super) fn unsupported(&self, key: &str) -> ImportError {
        ImportError::Unsupported(self.path(key))
    }

    /// A text, if it is there.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, ImportError> {
        match self.map.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(ImportError::Type { path: self.path(key), expected: "a text" }),
        }
    }

    /// Whether it is there and true.
    pub(super) fn is_true(&mut self, key: &str) -> Result<bool, ImportError> {
        match self.map.remove(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(value)) => Ok(value),
            Some(_) => Err(ImportError::Type { path: self.path(key), expected: "true or false" }),
        }
    }

    /// A mapping that must be there.
    pub(super) fn inner(&mut self, key: &str) -> Result<Self, ImportError> {
        self.optional(key)?.ok_or_else(|| self.missing(key))
    }

    /// A mapping, if it is there.
    pub(super) fn optional(&mut self, key: &str) -> Result<Option<Self>, ImportError> {
        let path = self.path(key);
        self.map.remove(key).map(|value| Self::of(&path, value)).transpose()
    }

    /// A list of mappings; empty if it is not there.
    pub(super) fn list(&mut self, key: &str) -> Result<Vec<Self>, ImportError> {
        let path = self.path(key);
        match self.map.remove(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => (0..)
                .zip(items)
                .map(|(number, item): (usize, _)| Self::of(&format!("{path}[{number}]"), item))
                .collect(),
            Some(_) => Err(ImportError::Type { path, expected: "a list" }),
        }
    }

    /// Leaves a field out that says nothing of images.
    pub(super) fn drop_field(&mut self, key: &str) {
        self.map.remove(key);
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Result<(), ImportError> {
        self.map.keys().next().map_or(Ok(()), |key| Err(self.unsupported(key)))
    }
}
