//! What a function finds around it: its variables and its secrets. The function looks them up
//! (only functions read the environment); what they mean is said here, once for all of them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use verdict::{EnvelopeError, SealingKey};

use crate::door::DoorLimits;

/// Where OpenFaaS mounts the secrets of a function.
const SECRETS: &str = "/var/openfaas/secrets";
/// No secret of ours is longer.
const SECRET_BYTES_MAX: u64 = 1 << 20;
/// What is left of `exec_timeout` to write the answer.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// A function's variables and secrets.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The secret `validation-key`. Without it only bare questions are answered.
    pub key: Option<SealingKey>,
    /// The secret `registry-auth`, a docker config.json, if it is mounted.
    pub registry_auth: Option<PathBuf>,
    /// Variable `policy_file`: the policy of questions that bring none.
    pub policy_file: Option<PathBuf>,
    /// Variable `gateway_url`.
    pub gateway_url: Option<String>,
    /// Variables `exec_timeout` (how long a check may take, less a second for its answer) and
    /// `checks_max` (how many at once).
    pub limits: DoorLimits,
}

/// Why a function cannot be set up by what it finds.
#[derive(Debug, thiserror::Error)]
pub enum SurroundingsError {
    /// A secret is mounted and cannot be read.
    #[error("read the secret {path}")]
    Secret {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The secret `validation-key` is none.
    #[error("use the secret validation-key")]
    Key(#[source] EnvelopeError),
    /// A variable is not what it ought to be.
    #[error("variable {name} is {value:?}, and not {expected}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it ought to be.
        expected: &'static str,
    },
}

impl SurroundingsError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "see that the function may read its secrets",
            Self::Key(_) => "make the secret validation-key of 16 random bytes or more",
            Self::Variable { .. } => "mend it in stack.yml under `environment:`, and deploy again",
        }
    }
}

impl Surroundings {
    /// Reads them; `variable` looks a variable up.
    ///
    /// # Errors
    /// When something is there and cannot be used: what is set wrongly is not ignored.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SurroundingsError> {
        let said = |name| variable(name).filter(|value| !value.is_empty());
        let secrets = PathBuf::from(said("secret_mount_path").unwrap_or(SECRETS.to_owned()));
        let key = secret(&secrets.join("validation-key"))?;
        let key = key.map(|bytes| SealingKey::new(&bytes)).transpose();
        let mut limits = DoorLimits::default();
        if let Some(value) = said("exec_timeout") {
            let time = duration(&value).ok_or(SurroundingsError::Variable {
                name: "exec_timeout",
                value,
                expected: "a time such as 90s or 2m",
            })?;
            // As with the watchdog, none means that nothing is cut off: ours stays.
            let time = if time.is_zero() { limits.check_time_max } else { time };
            limits.check_time_max = time.saturating_sub(ANSWER_TIME).max(time / 2);
        }
        if let Some(value) = said("checks_max") {
            limits.checks_max = value.parse().ok().filter(|count| *count > 0).ok_or(
                SurroundingsError::Variable {
                    name: "checks_max",
                    value,
                    expected: "a number from 1",
                },
            )?;
        }
        Ok(Self {
            key: key.map_err(SurroundingsError::Key)?,
            registry_auth: Some(secrets.join("registry-auth")).filter(|path| path.exists()),
            policy_file: said("policy_file").map(PathBuf::from),
            gateway_url: said("gateway_url"),
            limits,
        })
    }
}

fn secret(path: &Path) -> Result<Option<Vec<u8>>, SurroundingsError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SurroundingsError::Secret { path: path.to_owned(), source }),
    }
}

/// A Go duration as the watchdog takes it: `90s`, `1m30s`, `500ms`, or plain seconds.
fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (mut rest, mut whole) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).filter(|at| *at > 0)?;
        let amount: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|char: char| char.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return None,
        };
        whole = whole.checked_add(unit.checked_mul(u32::try_from(amount).ok()?)?)?;
        rest = &rest[letters..];
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Surroundings, SurroundingsError> {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Surroundings::read(|name| {
            variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn durations_are_read_as_the_watchdog_reads_them() {
        let seconds = |text| duration(text).map(|it| it.as_secs_f64());
        assert_eq!(seconds("90"), Some(90.0));
        assert_eq!(seconds("1m30s"), Some(90.0));
        assert_eq!(seconds("500ms"), Some(0.5));
        for wrong in ["", "s", "5 s", "1x", "-1s", "99999999999999999h"] {
            assert_eq!(seconds(wrong).filter(|_| !wrong.is_empty()), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_check_ends_before_the_watchdog_cuts_it_off() {
        let limits = read(&[("exec_timeout", "30s")]).unwrap().limits;
        assert_eq!(limits.check_time_max, Duration::from_secs(29));
    }

    #[test]
    fn what_is_set_wrongly_is_said_and_a_short_key_is_none() {
        assert!(read(&[("exec_timeout", "soon")]).is_err());
        assert!(read(&[("checks_max", "0")]).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert!(read(&[("secret_mount_path", path)]).unwrap().key.is_none());
        std::fs::write(folder.path().join("validation-key"), "short").unwrap();
        let error = read(&[("secret_mount_path", path)]).unwrap_err();
        assert!(matches!(error, SurroundingsError::Key(_)), "{error}");
        std::fs::write(folder.path().join("validation-key"), "0123456789abcdef\n").unwrap();
        assert!(read(&[("secret_mount_path", path)]).unwrap().key.is_some());
    }
}
