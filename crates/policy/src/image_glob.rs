//! Globs over the repositories of images.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::runtime::{PathPattern, PatternError};

/// A glob over an image's repository, written in full and without tag or digest:
/// `docker.io/library/*`, `ghcr.io/acme/**`. `*` and `?` do not cross a `/`, `**` does, and
/// `{a,b}` is either.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct ImageGlob(PathPattern);

/// Why a text is no glob over repositories.
#[derive(Debug, thiserror::Error)]
pub enum ImageGlobError {
    /// Not a glob at all.
    #[error("image glob cannot be read")]
    Glob(#[source] PatternError),
    /// It could never match, as repositories are compared with their registry.
    #[error("image glob {0:?} begins with no registry; write {1:?}")]
    NoRegistry(String, String),
    /// It could never match, as tags and digests are not compared.
    #[error("image glob {0:?} has a tag or a digest; globs are over repositories")]
    TagOrDigest(String),
}

impl ImageGlob {
    /// The glob as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it covers this repository.
    pub fn is_match(&self, repository: &str) -> bool {
        self.0.is_match(repository)
    }

    /// The glob that covers every image.
    pub(crate) fn any() -> Option<Self> {
        "**".parse().ok()
    }
}

impl FromStr for ImageGlob {
    type Err = ImageGlobError;

    fn from_str(text: &str) -> Result<Self, ImageGlobError> {
        let (registry, path) = text.split_once('/').unwrap_or((text, ""));
        if text.contains('@') || path.contains(':') {
            return Err(ImageGlobError::TagOrDigest(text.to_owned()));
        }
        let names_registry =
            registry == "localhost" || registry.contains(['.', ':', '*', '{', '?', '[']);
        if !names_registry {
            let library = if path.is_empty() { "library/" } else { "" };
            let full = format!("docker.io/{library}{text}");
            return Err(ImageGlobError::NoRegistry(text.to_owned(), full));
        }
        text.parse().map(Self).map_err(ImageGlobError::Glob)
    }
}

impl fmt::Display for ImageGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TryFrom<String> for ImageGlob {
    type Error = ImageGlobError;

    fn try_from(text: String) -> Result<Self, ImageGlobError> {
        text.parse()
    }
}

impl From<ImageGlob> for String {
    fn from(glob: ImageGlob) -> Self {
        glob.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(glob: &str, repository: &str, expect: bool) {
        assert_eq!(glob.parse::<ImageGlob>().unwrap().is_match(repository), expect, "{glob}");
    }

    #[test]
    fn a_star_stays_within_a_segment_and_two_do_not() {
        check("ghcr.io/acme/*", "ghcr.io/acme/fn", true);
        check("ghcr.io/acme/*", "ghcr.io/acme/team/fn", false);
        check("ghcr.io/acme/**", "ghcr.io/acme/team/fn", true);
        check("ghcr.io/acme/**", "ghcr.io/acme-evil/fn", false);
        check("ghcr.io/acme/*", "ghcr.io.evil.example/acme/fn", false);
        check("**", "docker.io/library/alpine", true);
        check("*", "docker.io/library/alpine", false);
        check("127.0.0.1:5000/{a,b}", "127.0.0.1:5000/b", true);
    }

    #[test]
    fn a_glob_that_could_never_match_is_refused_with_one_that_can() {
        let error = |text: &str| text.parse::<ImageGlob>().unwrap_err().to_string();
        assert!(error("acme/*").contains("docker.io/acme/*"));
        assert!(error("alpine").contains("docker.io/library/alpine"));
        assert!(error("ghcr.io/acme/fn:latest").contains("tag"));
        assert!("ghcr.io/acme/[".parse::<ImageGlob>().is_err());
    }
}
