//! What the variables say: the watchdog's by its names, and the limits that are our own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use crate::go_duration;

/// How a function serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the function listens.
    pub listen: SocketAddr,
    /// Where `/metrics` is, unless a watchdog in front has them.
    pub metrics: Option<SocketAddr>,
    /// To read a request, and to wait for the next one on a connection.
    pub read_timeout: Duration,
    /// To write an answer.
    pub write_timeout: Duration,
    /// The longest call, if there is a limit.
    pub exec_timeout: Option<Duration>,
    /// How long to serve on after SIGTERM, until nobody sends any more.
    pub healthcheck_interval: Duration,
    /// Calls at once, if there is a limit.
    pub max_inflight: Option<usize>,
    /// The handler's path that says whether it is ready.
    pub ready_path: Option<String>,
    /// Whether health asks for a lock file.
    pub lock_file: bool,
    /// The body of one request.
    pub max_body_bytes: usize,
    /// The bodies of all requests that are in memory at once.
    pub max_buffered_bytes: usize,
    /// The head of one request.
    pub max_header_bytes: usize,
    /// Connections at once.
    pub max_connections: usize,
}

/// A variable is not what it ought to be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("variable {name} is {value:?}, and not {expected}")]
pub struct SettingsError {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What it ought to be.
    pub expected: &'static str,
}

impl Settings {
    /// Reads them; `variable` looks a variable up.
    ///
    /// # Errors
    /// When a variable is set and cannot be used.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let read = Reader { variable };
        let write_timeout = read.time("write_timeout")?.unwrap_or(Duration::from_secs(30));
        if write_timeout.is_zero() {
            return Err(read.wrong("write_timeout", "over 0s"));
        }
        let exec_timeout = read.time("exec_timeout")?.unwrap_or(Duration::from_secs(30));
        let max_inflight = read.parsed("max_inflight", "a number")?.unwrap_or(0);
        let address = read
            .parsed("listen_address", "an IP address")?
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let port = read.parsed("port", "a port")?.unwrap_or(8080);
        let metrics_port = read.parsed("metrics_port", "a port")?.unwrap_or(8081);
        let behind_watchdog = read.upstream()?;
        Ok(Self {
            listen: behind_watchdog.unwrap_or(SocketAddr::new(address, port)),
            metrics: behind_watchdog.is_none().then_some(SocketAddr::new(address, metrics_port)),
            read_timeout: read.time("read_timeout")?.unwrap_or(Duration::from_secs(30)),
            write_timeout,
            exec_timeout: (!exec_timeout.is_zero()).then_some(exec_timeout),
            healthcheck_interval: read.time("healthcheck_interval")?.unwrap_or(write_timeout),
            max_inflight: (max_inflight > 0).then_some(max_inflight),
            ready_path: read.path("ready_path")?,
            lock_file: behind_watchdog.is_none() && !read.is_on("suppress_lock")?,
            max_body_bytes: read.bytes("max_body_bytes", 0)?.unwrap_or(16 << 20),
            max_buffered_bytes: read.bytes("max_buffered_bytes", 0)?.unwrap_or(64 << 20),
            max_header_bytes: read.bytes("max_header_bytes", HEADER_BYTES_MIN)?.unwrap_or(64 << 10),
            max_connections: read.bytes("max_connections", 1)?.unwrap_or(512),
        })
    }
}

/// hyper reads heads into no less.
const HEADER_BYTES_MIN: usize = 8 << 10;

struct Reader<F> {
    variable: F,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn said(&self, name: &'static str) -> Option<String> {
        (self.variable)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn wrong(&self, name: &'static str, expected: &'static str) -> SettingsError {
        SettingsError { name, value: self.said(name).unwrap_or_default(), expected }
    }

    fn time(&self, name: &'static str) -> Result<Option<Duration>, SettingsError> {
        let expected = "a time such as 90 or 1m30s";
        let Some(value) = self.said(name) else { return Ok(None) };
        go_duration::parse(&value).map(Some).ok_or_else(|| self.wrong(name, expected))
    }

    fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, SettingsError> {
        let Some(value) = self.said(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| self.wrong(name, expected))
    }

    fn bytes(&self, name: &'static str, least: usize) -> Result<Option<usize>, SettingsError> {
        let number = self.parsed(name, "a number")?;
        match number {
            Some(number) if number < least => Err(self.wrong(name, "as much as is needed")),
            number => Ok(number),
        }
    }

    fn is_on(&self, name: &'static str) -> Result<bool, SettingsError> {
        match self.said(name).as_deref() {
            Some("true" | "1") => Ok(true),
            None | Some("false" | "0") => Ok(false),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    fn path(&self, name: &'static str) -> Result<Option<String>, SettingsError> {
        let Some(path) = self.said(name) else { return Ok(None) };
        let is_path = path.starts_with('/') && path.parse::<http::uri::PathAndQuery>().is_ok();
        is_path.then_some(Some(path)).ok_or_else(|| self.wrong(name, "a path"))
    }

    /// Behind of-watchdog, which hands its own variables down, `port` is the watchdog's: the
    /// function is where the watchdog looks for it.
    fn upstream(&self) -> Result<Option<SocketAddr>, SettingsError> {
        for name in ["upstream_url", "http_upstream_url"] {
            let Some(url) = self.said(name) else { continue };
            let port = url.parse::<http::Uri>().ok().map(|url| url.port_u16().unwrap_or(80));
            return match port {
                Some(port) => Ok(Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))),
                None => Err(self.wrong(name, "a URL such as http://127.0.0.1:3000")),
            };
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Settings::read(move |name| {
            variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn nothing_said_is_what_the_watchdog_does() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(settings.metrics.unwrap().to_string(), "0.0.0.0:8081");
        assert_eq!(settings.exec_timeout, Some(Duration::from_secs(30)));
        assert_eq!(settings.healthcheck_interval, settings.write_timeout);
        assert_eq!((settings.max_inflight, settings.lock_file), (None, true));
    }

    #[test]
    fn nought_is_no_limit_where_the_watchdog_says_so() {
        let settings = read(&[("exec_timeout", "0"), ("max_inflight", "0")]).unwrap();
        assert_eq!((settings.exec_timeout, settings.max_inflight), (None, None));
    }

    #[test]
    fn the_interval_follows_the_write_timeout() {
        let settings = read(&[("write_timeout", "1m5s")]).unwrap();
        assert_eq!(settings.healthcheck_interval, Duration::from_secs(65));
    }

    #[test]
    fn behind_a_watchdog_the_function_is_where_it_looks() {
        let variables = [("port", "8080"), ("upstream_url", "http://127.0.0.1:3000")];
        let settings = read(&variables).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:3000");
        assert_eq!((settings.metrics, settings.lock_file), (None, false));
    }

    #[test]
    fn what_is_set_wrongly_is_named() {
        for (name, value) in [
            ("write_timeout", "0"),
            ("exec_timeout", "soon"),
            ("port", "99999"),
            ("max_inflight", "-1"),
            ("suppress_lock", "perhaps"),
            ("ready_path", "ready"),
            ("max_header_bytes", "100"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!((error.name, error.value.as_str()), (name, value));
        }
    }
}
