//! What the program finds around it: the environment and the home folder. Nothing else in the
//! program looks there.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use oci_image::{Access, Addresses, Credentials, Daemon, Proxies};

use crate::failure::Failure;

/// Certificate authorities of the system's own, where SSL_CERT_FILE names them.
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// How this person reaches images: with their docker login and their daemon, at any address.
pub(crate) fn access(insecure_registries: Vec<String>) -> Result<Access, Failure> {
    Ok(Access {
        credentials: credentials()?,
        insecure_registries,
        addresses: Addresses::Any,
        proxies: proxies()?,
        roots: roots()?,
        daemon: daemon()?,
        ..Access::default()
    })
}

/// Says so if the person relies on Docker Content Trust, which decides nothing here.
pub(crate) fn note_content_trust() {
    let set = variable("DOCKER_CONTENT_TRUST").is_some_and(|it| it != "0" && it != "false");
    if set {
        let (why, instead) = (::signature::ContentTrust::WHY, ::signature::ContentTrust::INSTEAD);
        note(&format!("DOCKER_CONTENT_TRUST is set and decides nothing here: {why}; {instead}"));
    }
}

/// Tells the person what is no part of the answer.
pub(crate) fn note(text: &str) {
    // Nobody is left to be told when standard error is closed.
    let _ = writeln!(anstream::stderr().lock(), "note: {text}");
}

/// The home folder.
pub(crate) fn home() -> Option<PathBuf> {
    env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

/// A variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn credentials() -> Result<Credentials, Failure> {
    let folder = variable("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| home().map(|home| home.join(".docker")));
    let mut credentials = Credentials::default();
    let Some(path) = folder.map(|folder| folder.join("config.json")) else {
        return Ok(credentials);
    };
    let unusable = |error: &dyn std::error::Error| {
        let what = format!("the docker configuration {} cannot be used", path.display());
        Failure::usage(what, "mend or remove it; `docker login` writes a sound one").because(error)
    };
    match fs::read(&path) {
        Ok(json) => {
            credentials.add(&json).map_err(|error| unusable(&error))?;
            credentials.run_helpers();
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(&error)),
    }
    Ok(credentials)
}

fn daemon() -> Result<Option<Daemon>, Failure> {
    let host = variable("DOCKER_HOST").unwrap_or_default();
    let daemon = Daemon::from_host(&host).map_err(|error| {
        Failure::usage("DOCKER_HOST names a daemon that cannot be asked", error.remedy())
            .because(&error)
    })?;
    Ok(Some(daemon))
}

fn proxies() -> Result<Proxies, Failure> {
    Proxies::read(variable).map_err(|error| Failure::usage(error.to_string(), error.remedy()))
}

fn roots() -> Result<Vec<oci_image::Certificate>, Failure> {
    let Some(path) = variable(CERTIFICATES) else { return Ok(Vec::new()) };
    let wrong = |error: &dyn std::error::Error| {
        let what = format!("{CERTIFICATES} names {path}, which cannot be used");
        Failure::usage(what, "name a file of PEM certificates, or unset it").because(error)
    };
    oci_image::certificates(Path::new(&path)).map_err(|error| wrong(&error))
}
