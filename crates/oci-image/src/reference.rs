//! References to images in registries, parsed as Docker does (distribution/reference).

use std::fmt;
use std::str::FromStr;

use verdict::Digest;

use crate::error::ImageError;
use crate::store::Which;

/// The longest `registry/repository` that registries take.
const NAME_CHARS_MAX: usize = 255;
const TAG_CHARS_MAX: usize = 128;

/// An image of a registry: `ghcr.io/acme/fn:1`, `alpine`, `repo:tag@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Host, and port if one is given: `docker.io`, `127.0.0.1:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path in the registry: `library/alpine`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Registry and repository: `docker.io/library/alpine`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The tag, if one is given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one is given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Which manifest it names. A digest wins over the tag beside it, as Docker has it; without
    /// either it is the tag `latest`.
    pub fn which(&self) -> Which {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Which::Digest(*digest),
            (None, Some(tag)) => Which::Tag(tag.clone()),
            (None, None) => Which::Tag("latest".to_owned()),
        }
    }

    /// The host that serves the registry's API: Docker Hub's is not the one in the name.
    pub fn api_host(&self) -> &str {
        match self.registry.as_str() {
            "docker.io" => "registry-1.docker.io",
            host => host,
        }
    }
}

impl FromStr for Reference {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let wrong = |why: &str| ImageError::Name { text: shortened(text), why: why.to_owned() };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse().map_err(|error| wrong(&format!("{error}")))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        // A colon after the last slash starts a tag; before it, a port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(wrong(&format!("{tag:?} is not a tag")));
        }
        let (registry, path) = split_registry(name);
        let repository = match (registry, path.contains('/')) {
            ("docker.io", false) => format!("library/{path}"),
            _ => path.to_owned(),
        };
        if !is_registry(registry) {
            return Err(wrong(&format!("{registry:?} is not a registry's host[:port]")));
        }
        if registry.len() + 1 + repository.len() > NAME_CHARS_MAX {
            return Err(wrong(&format!("its name is longer than {NAME_CHARS_MAX} characters")));
        }
        if path.chars().any(|it| it.is_ascii_uppercase()) {
            return Err(wrong("repository names are lower case"));
        }
        if !repository.split('/').all(is_component) {
            return Err(wrong(&format!("{repository:?} is not a repository")));
        }
        let tag = tag.map(str::to_owned);
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match (&self.tag, &self.digest) {
            (Some(tag), _) => write!(f, ":{tag}")?,
            (None, None) => f.write_str(":latest")?,
            (None, Some(_)) => {}
        }
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// The first part is a registry if it looks like a host; otherwise the image is Docker Hub's.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((host, path))
            if host.contains(['.', ':'])
                || host == "localhost"
                || host.chars().any(|it| it.is_ascii_uppercase()) =>
        {
            match host {
                "index.docker.io" | "registry-1.docker.io" => ("docker.io", path),
                host => (host, path),
            }
        }
        _ => ("docker.io", name),
    }
}

fn is_registry(registry: &str) -> bool {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_address = |host: &str| {
        host.strip_prefix('[')
            .and_then(|it| it.strip_suffix(']'))
            .is_some_and(|it| it.parse::<std::net::Ipv6Addr>().is_ok())
    };
    (is_address(host) || host.split('.').all(is_label))
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    tag.len() <= TAG_CHARS_MAX
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|it| is_word(it) || matches!(it, b'.' | b'-'))
}

/// `[a-z0-9]+` parts between separators `.`, `_`, `__` or any number of `-`.
fn is_component(component: &str) -> bool {
    let is_alphanumeric = |it: char| matches!(it, 'a'..='z' | '0'..='9');
    let sound_separators = component
        .split(is_alphanumeric)
        .all(|it| matches!(it, "" | "." | "_" | "__") || it.bytes().all(|it| it == b'-'));
    component.starts_with(is_alphanumeric)
        && component.ends_with(is_alphanumeric)
        && sound_separators
}

/// What is quoted back is no longer than a reference may be.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn check(text: &str, expect: &str) {
        assert_eq!(text.parse::<Reference>().unwrap().to_string(), expect, "{text}");
    }

    #[test]
    fn names_as_docker_reads_them() {
        check("alpine", "docker.io/library/alpine:latest");
        check("acme/fn:1", "docker.io/acme/fn:1");
        check("docker.io/alpine", "docker.io/library/alpine:latest");
        check("index.docker.io/alpine", "docker.io/library/alpine:latest");
        check("ghcr.io/acme/fn", "ghcr.io/acme/fn:latest");
        check("localhost/fn:2", "localhost/fn:2");
        check("localhost:5000/fn", "localhost:5000/fn:latest");
        check("127.0.0.1:5000/a/b/c:v1.2-rc_3", "127.0.0.1:5000/a/b/c:v1.2-rc_3");
        check("[::1]:5000/fn", "[::1]:5000/fn:latest");
        check("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest");
        check(&format!("r.io/fn@sha256:{HEX}"), &format!("r.io/fn@sha256:{HEX}"));
        check(&format!("r.io/fn:1@sha256:{HEX}"), &format!("r.io/fn:1@sha256:{HEX}"));
    }

    #[test]
    fn a_digest_wins_over_its_tag() {
        let reference: Reference = format!("fn:1@sha256:{HEX}").parse().unwrap();
        assert_eq!(reference.which(), Which::Digest(format!("sha256:{HEX}").parse().unwrap()));
    }

    #[test]
    fn what_is_no_reference_says_why() {
        for (text, why) in [
            ("", "not a repository"),
            ("Alpine", "lower case"),
            ("acme/Fn", "lower case"),
            ("a//b", "not a repository"),
            ("a/", "not a repository"),
            ("a:", "not a tag"),
            ("a:-x", "not a tag"),
            ("a@sha256:12", "not sha256"),
            ("a@md5:12", "not supported"),
            ("host:99999/a", "not a registry"),
            ("ho_st.x:1/a", "not a registry"),
            ("a b", "not a repository"),
            ("../etc/passwd", "not a registry"),
            ("a___b", "not a repository"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
        assert!("a/".repeat(200).parse::<Reference>().is_err());
    }
}
