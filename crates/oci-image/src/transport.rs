//! Where an image is said to lie, in skopeo's notation (containers-transports(5)).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::ImageError;
use crate::reference::Reference;

/// Where an image is said to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// `NAME`: the daemon if it has it, else the registry.
    Anywhere(Reference),
    /// `docker://NAME`: its registry.
    Registry(Reference),
    /// `docker-daemon:NAME`: the container daemon's own store.
    Daemon(Reference),
    /// `oci:DIR[:TAG]`: an OCI layout.
    Layout(PathBuf, Option<String>),
    /// `oci-archive:FILE[:TAG]`: an OCI layout in a tar.
    OciArchive(PathBuf, Option<String>),
    /// `docker-archive:FILE[:NAME]`: what `docker save` writes.
    DockerArchive(PathBuf, Option<String>),
}

impl FromStr for Transport {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        if let Some(name) = text.strip_prefix("docker://") {
            return Ok(Self::Registry(name.parse()?));
        }
        match text.split_once(':') {
            Some(("docker-daemon", name)) => Ok(Self::Daemon(name.parse()?)),
            Some(("oci", rest)) => located(text, rest).map(|(path, tag)| Self::Layout(path, tag)),
            Some(("oci-archive", rest)) => {
                located(text, rest).map(|(path, tag)| Self::OciArchive(path, tag))
            }
            Some(("docker-archive", rest)) => {
                located(text, rest).map(|(path, tag)| Self::DockerArchive(path, tag))
            }
            _ => Ok(Self::Anywhere(text.parse()?)),
        }
    }
}

/// `PATH[:TAG]`; skopeo too splits at the first colon.
fn located(text: &str, rest: &str) -> Result<(PathBuf, Option<String>), ImageError> {
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag.to_owned()).filter(|tag| !tag.is_empty())),
        None => (rest, None),
    };
    if path.is_empty() {
        let why = "it has no path after the transport".to_owned();
        return Err(ImageError::Name { text: text.to_owned(), why });
    }
    Ok((PathBuf::from(path), tag))
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, path, tag) = match self {
            Self::Anywhere(reference) => return reference.fmt(f),
            Self::Registry(reference) => return write!(f, "docker://{reference}"),
            Self::Daemon(reference) => return write!(f, "docker-daemon:{reference}"),
            Self::Layout(path, tag) => ("oci", path, tag),
            Self::OciArchive(path, tag) => ("oci-archive", path, tag),
            Self::DockerArchive(path, tag) => ("docker-archive", path, tag),
        };
        write!(f, "{name}:{}", path.display())?;
        tag.iter().try_for_each(|tag| write!(f, ":{tag}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(text.parse::<Transport>().unwrap().to_string(), expect);
    }

    #[test]
    fn transports_as_skopeo_names_them() {
        check("docker://alpine", "docker://docker.io/library/alpine:latest");
        check("docker-daemon:acme/fn:1", "docker-daemon:docker.io/acme/fn:1");
        check("oci:out/layout", "oci:out/layout");
        check("oci:/a/b:v1", "oci:/a/b:v1");
        check("oci-archive:a.tar:v1", "oci-archive:a.tar:v1");
        check("docker-archive:a.tar:acme/fn:1", "docker-archive:a.tar:acme/fn:1");
        check("ghcr.io/a/b:1", "ghcr.io/a/b:1");
        check("localhost:5000/b", "localhost:5000/b:latest");
    }

    #[test]
    fn a_transport_without_a_path_is_refused() {
        assert!("oci:".parse::<Transport>().is_err());
        assert!("oci-archive::tag".parse::<Transport>().is_err());
        assert!("docker://".parse::<Transport>().is_err());
    }
}
