//! Who we are, to which registry: Docker's `config.json`, from a home folder or a mounted secret,
//! with its credential helpers.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

const CONFIG_BYTES_MAX: usize = 1 << 20;
const HELPER_BYTES_MAX: u64 = 64 << 10;
const HELPER_TIME_MAX: Duration = Duration::from_secs(10);
/// What Docker calls Docker Hub in its configuration.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// What is shown to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user and a password or token.
    Basic {
        /// The user.
        username: String,
        /// The password or token.
        password: String,
    },
    /// A refresh token (OAuth 2), as some logins leave one.
    IdentityToken(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// Whose credentials may be used. Never printed.
#[derive(Clone, Default)]
pub struct Credentials {
    configs: Vec<DockerConfig>,
    helpers: bool,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} files)", self.configs.len())
    }
}

/// Why a configuration or a helper gave no credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Larger than any such file.
    #[error("docker configuration has more than {CONFIG_BYTES_MAX} bytes")]
    TooLarge,
    /// Not Docker's configuration.
    #[error("docker configuration is malformed")]
    Malformed(#[source] serde_json::Error),
    /// An `auth` that is not base64 of `user:password`.
    #[error("docker configuration has an unreadable `auth` for {0}")]
    Auth(String),
    /// The credential helper could not be run.
    #[error("credential helper {name} cannot be run")]
    Helper {
        /// The program.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// The credential helper ran, and did not answer as one.
    #[error("credential helper {name} {fault}")]
    HelperAnswer {
        /// The program.
        name: String,
        /// What it did.
        fault: String,
    },
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DockerConfig {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entry(..)")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

impl Credentials {
    /// Adds a `config.json`; one that was added earlier goes first.
    ///
    /// # Errors
    /// When it is too large or malformed.
    pub fn add(&mut self, json: &[u8]) -> Result<(), CredentialsError> {
        if json.len() > CONFIG_BYTES_MAX {
            return Err(CredentialsError::TooLarge);
        }
        let config = serde_json::from_slice(json).map_err(CredentialsError::Malformed)?;
        self.configs.push(config);
        Ok(())
    }

    /// Lets the configurations name programs that are run for credentials: right for a person's
    /// own configuration, wrong for one that came from elsewhere.
    pub fn run_helpers(&mut self) {
        self.helpers = true;
    }

    /// The credential for a registry; `None` is anonymous.
    pub(crate) fn find(&self, registry: &str) -> Result<Option<Credential>, CredentialsError> {
        for config in &self.configs {
            if let Some(credential) = config.find(registry, self.helpers)? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }
}

impl DockerConfig {
    fn find(&self, registry: &str, helpers: bool) -> Result<Option<Credential>, CredentialsError> {
        let hub = registry == "docker.io";
        let address = if hub { DOCKER_HUB } else { registry };
        let helper = self.cred_helpers.get(registry).or_else(|| self.cred_helpers.get(address));
        let store = Some(&self.creds_store).filter(|store| !store.is_empty());
        if let Some(helper) = helper.or(store).filter(|_| helpers)
            && let Some(credential) = ask_helper(helper, address)?
        {
            return Ok(Some(credential));
        }
        let keys = [
            address.to_owned(),
            format!("https://{registry}"),
            format!("https://{registry}/"),
            format!("https://{registry}/v1/"),
            format!("https://{registry}/v2/"),
            registry.to_owned(),
        ];
        let entry = keys.iter().find_map(|key| self.auths.get(key));
        entry.map_or(Ok(None), |entry| entry.credential(registry))
    }
}

impl Entry {
    fn credential(&self, registry: &str) -> Result<Option<Credential>, CredentialsError> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Credential::IdentityToken(self.identitytoken.clone())));
        }
        if !self.auth.is_empty() {
            let wrong = || CredentialsError::Auth(registry.to_owned());
            let bytes = STANDARD.decode(self.auth.trim()).map_err(|_| wrong())?;
            let text = String::from_utf8(bytes).map_err(|_| wrong())?;
            let (username, password) = text.split_once(':').ok_or_else(wrong)?;
            // Some tools leave NUL bytes behind the password.
            let (username, password) =
                (username.to_owned(), password.trim_end_matches('\0').to_owned());
            return Ok(Some(Credential::Basic { username, password }));
        }
        let (username, password) = (self.username.clone(), self.password.clone());
        let given = !username.is_empty() && !password.is_empty();
        Ok(given.then_some(Credential::Basic { username, password }))
    }
}

/// Runs `docker-credential-NAME get` (docker/docker-credential-helpers).
fn ask_helper(helper: &str, address: &str) -> Result<Option<Credential>, CredentialsError> {
    let name = format!("docker-credential-{helper}");
    let answered = |fault: &str| CredentialsError::HelperAnswer {
        name: name.clone(),
        fault: fault.to_owned(),
    };
    let sound = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if helper.is_empty() || !helper.chars().all(sound) {
        return Err(answered("has a name that is no program's"));
    }
    let failed = |source| CredentialsError::Helper { name: name.clone(), source };
    let mut child = Command::new(&name)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that ends before it reads has still answered; its answer is looked at below.
        let _ = stdin.write_all(address.as_bytes());
    }
    let output = finish(&mut child).map_err(failed)?;
    let Some((success, output)) = output else {
        return Err(answered("did not answer in time"));
    };
    let text = String::from_utf8_lossy(&output);
    if !success && text.contains("credentials not found") {
        return Ok(None);
    }
    if !success {
        return Err(answered("failed"));
    }
    let answer: HelperAnswer =
        serde_json::from_slice(&output).map_err(|_| answered("did not answer with JSON"))?;
    Ok(Some(match answer.username.as_str() {
        "<token>" => Credential::IdentityToken(answer.secret),
        _ => Credential::Basic { username: answer.username, password: answer.secret },
    }))
}

/// Waits for a child and what it prints, both bounded; `None` if it took too long.
fn finish(child: &mut Child) -> std::io::Result<Option<(bool, Vec<u8>)>> {
    let stdout = child.stdout.take();
    let (printed, output) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.map(|it| it.take(HELPER_BYTES_MAX).read_to_end(&mut output));
        // Whoever waited may have given up.
        let _ = printed.send(read.transpose().map(|_| output));
    });
    let end = Instant::now() + HELPER_TIME_MAX;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if Instant::now() > end => {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    // A child of the helper may hold its output open for longer than the helper lives.
    match output.recv_timeout(end.saturating_duration_since(Instant::now())) {
        Ok(output) => Ok(Some((status.success(), output?))),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(json: &str, registry: &str) -> Option<Credential> {
        let mut credentials = Credentials::default();
        credentials.add(json.as_bytes()).unwrap();
        credentials.find(registry).unwrap()
    }

    fn basic(username: &str, password: &str) -> Option<Credential> {
        Some(Credential::Basic { username: username.into(), password: password.into() })
    }

    #[test]
    fn entries_are_found_by_the_names_that_docker_writes() {
        let json = r#"{"auths":{"ghcr.io":{"auth":"YTpi"},"https://r.io/v2/":{"username":"c","password":"d"},
            "https://index.docker.io/v1/":{"auth":"aDpp"},"t.io":{"identitytoken":"x"}}}"#;
        assert_eq!(find(json, "ghcr.io"), basic("a", "b"));
        assert_eq!(find(json, "r.io"), basic("c", "d"));
        assert_eq!(find(json, "docker.io"), basic("h", "i"));
        assert_eq!(find(json, "t.io"), Some(Credential::IdentityToken("x".into())));
        assert_eq!(find(json, "other.io"), None);
        assert_eq!(find(json, "hcr.io"), None);
    }

    #[test]
    fn an_unreadable_entry_is_an_error_and_not_anonymous() {
        let mut credentials = Credentials::default();
        credentials.add(br#"{"auths":{"r.io":{"auth":"%%"}}}"#).unwrap();
        assert!(credentials.find("r.io").is_err());
        assert!(credentials.add(b"{").is_err());
        assert!(credentials.add(&vec![b' '; CONFIG_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn helpers_run_only_where_they_may_and_have_plain_names() {
        let json = br#"{"credHelpers":{"r.io":"no-such-helper-here"}}"#;
        let mut credentials = Credentials::default();
        credentials.add(json).unwrap();
        assert_eq!(credentials.find("r.io").unwrap(), None);
        credentials.run_helpers();
        assert!(matches!(credentials.find("r.io"), Err(CredentialsError::Helper { .. })));
        let mut hostile = Credentials::default();
        hostile.run_helpers();
        hostile.add(br#"{"credsStore":"../../bin/sh"}"#).unwrap();
        assert!(matches!(hostile.find("r.io"), Err(CredentialsError::HelperAnswer { .. })));
    }

    #[test]
    fn secrets_are_not_printed() {
        let shown = format!("{:?}", basic("a", "hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
