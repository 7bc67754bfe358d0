//! Who we are to the gateway: what `faas-cli login` left in its configuration file.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::address::Address;

/// A configuration file that is larger is not faas-cli's.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// Credentials for the /system routes. They are never sent to a function.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user and a password, as base64 of `user:password`.
    Basic(String),
    /// A token.
    Bearer(String),
}

/// Why the configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file is there and does not open.
    #[error("read faas-cli's configuration {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is larger than such a file can be.
    #[error("faas-cli's configuration {0} is larger than 1 MiB")]
    TooLarge(PathBuf),
    /// It is not the YAML that it ought to be. (Its text may hold a password: it is not quoted.)
    #[error("faas-cli's configuration {0} is not readable as YAML")]
    Malformed(PathBuf),
    /// The entry's kind of login is unknown.
    #[error("faas-cli's configuration names a login of kind {0:?} (known: basic, oauth2)")]
    Kind(String),
}

/// What decides where faas-cli's configuration lies; the caller reads it from its environment.
#[derive(Debug, Clone, Copy)]
pub struct ConfigPath<'a> {
    /// `$OPENFAAS_CONFIG`: a folder.
    pub openfaas_config: Option<&'a Path>,
    /// `$HOME`.
    pub home: Option<&'a Path>,
    /// Whether `$CI` is `true` or `1`.
    pub ci: bool,
}

impl ConfigPath<'_> {
    /// The file (faas-cli config/config_file.go).
    pub fn file(&self) -> Option<PathBuf> {
        let folder = match (self.openfaas_config, self.ci) {
            (Some(folder), _) => folder.to_owned(),
            (None, true) => PathBuf::from(".openfaas"),
            (None, false) => self.home?.join(".openfaas"),
        };
        Some(folder.join("config.yml"))
    }
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    auths: Vec<Login>,
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    gateway: String,
    #[serde(default)]
    auth: String,
    #[serde(default)]
    token: String,
}

impl Credentials {
    /// A user and a password.
    pub fn basic(user: &str, password: &str) -> Self {
        Self::Basic(STANDARD.encode(format!("{user}:{password}")))
    }

    /// The credentials for this gateway in faas-cli's configuration file. A file that is not
    /// there, and one without an entry for the gateway, hold none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn of(gateway: &Address, file: &Path) -> Result<Option<Self>, CredentialsError> {
        let read = |source| CredentialsError::Read { path: file.to_owned(), source };
        let length = match std::fs::metadata(file) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read(error)),
        };
        if length > CONFIG_BYTES_MAX {
            return Err(CredentialsError::TooLarge(file.to_owned()));
        }
        let text = std::fs::read_to_string(file).map_err(read)?;
        let malformed = |_| CredentialsError::Malformed(file.to_owned());
        let config: Config = crate::stack::read_yaml(&text).map_err(malformed)?;
        let gateway = gateway.to_string();
        let login = config.auths.into_iter().find(|login| login.gateway == gateway);
        login.map(Self::of_login).transpose()
    }

    fn of_login(login: Login) -> Result<Self, CredentialsError> {
        match login.auth.as_str() {
            "basic" | "" => Ok(Self::Basic(login.token)),
            "oauth2" => Ok(Self::Bearer(login.token)),
            other => Err(CredentialsError::Kind(other.to_owned())),
        }
    }

    pub(crate) fn header(&self) -> String {
        match self {
            Self::Basic(token) => format!("Basic {token}"),
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic(_) => "Basic(..)",
            Self::Bearer(_) => "Bearer(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "auths:\n\
        - gateway: http://gw:8080\n  auth: basic\n  token: dTpw\n  options: []\n\
        - gateway: https://other\n  auth: oauth2\n  token: jwt\n\
        - gateway: https://third\n  auth: kerberos\n  token: t\n";

    fn of(gateway: &str, text: &str) -> Result<Option<Credentials>, CredentialsError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yml");
        std::fs::write(&file, text).unwrap();
        Credentials::of(&Address::parse(gateway).unwrap(), &file)
    }

    #[test]
    fn the_entry_of_the_gateway_is_taken_and_no_other() {
        assert_eq!(of("http://gw:8080/", CONFIG).unwrap(), Some(Credentials::basic("u", "p")));
        let bearer = Credentials::Bearer("jwt".to_owned());
        assert_eq!(of("https://other", CONFIG).unwrap(), Some(bearer));
        assert_eq!(of("http://gw:8081", CONFIG).unwrap(), None);
        assert!(matches!(of("https://third", CONFIG), Err(CredentialsError::Kind(_))));
    }

    #[test]
    fn any_number_of_lines_may_be_commented_out() {
        let text = format!("{}{CONFIG}", "# - gateway: http://old:8080\n".repeat(100));
        assert_eq!(of("http://gw:8080", &text).unwrap(), Some(Credentials::basic("u", "p")));
    }

    #[test]
    fn no_password_is_quoted() {
        let error = of("http://gw", "auths: [token: s3cret\n").unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        assert_eq!(format!("{:?}", Credentials::basic("u", "s3cret")), "Basic(..)");
    }

    #[test]
    fn the_file_lies_where_faas_cli_puts_it() {
        let home = Some(Path::new("/home/u"));
        let at = |openfaas_config, ci| ConfigPath { openfaas_config, home, ci }.file().unwrap();
        assert_eq!(at(None, false), Path::new("/home/u/.openfaas/config.yml"));
        assert_eq!(at(None, true), Path::new(".openfaas/config.yml"));
        assert_eq!(at(Some(Path::new("/etc/of")), true), Path::new("/etc/of/config.yml"));
    }
}
