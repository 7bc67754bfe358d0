//! Single files over HTTP that lie in no registry. They are reached as registries are, through the
//! same proxies and with the same roots, but nowhere else than where they are asked for: no
//! redirect is followed.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use reqwest::{Client, redirect};
use tokio::runtime::Runtime;
use url::Url;

use crate::registry::Access;
use crate::registry::{Guard, connection};

/// Fetches files. It blocks.
pub struct Download {
    http: Client,
    runtime: Runtime,
    guard: Guard,
    time_max: Duration,
}

/// Why a file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// TLS or the client's own thread cannot be set up.
    #[error("the HTTP client cannot be set up")]
    SetUp(#[source] Box<dyn Error + Send + Sync>),
    /// Not the address of a file over HTTP, or one that may not be reached.
    #[error("{0:?} is no http or https address that may be reached")]
    Address(String),
    /// Nobody answered, or not to the end.
    #[error("{url} did not answer")]
    Unreachable {
        /// The file.
        url: Url,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// It took too long, all together.
    #[error("{url} took longer than {ms_max} ms")]
    Time {
        /// The file.
        url: Url,
        /// How long it may take.
        ms_max: u64,
    },
    /// An answer that is no file; a redirect is one too.
    #[error("{url} answered {status}")]
    Status {
        /// The file.
        url: Url,
        /// The answer.
        status: u16,
    },
    /// Larger than was asked for.
    #[error("{url} has more than {bytes_max} bytes")]
    TooLarge {
        /// The file.
        url: Url,
        /// How many it may have.
        bytes_max: u64,
    },
}

impl Download {
    /// A client with this access; no credential of it is used.
    ///
    /// # Errors
    /// When TLS or the client's own thread cannot be set up.
    pub fn new(access: &Access) -> Result<Self, DownloadError> {
        let client = connection::builder(access).map_err(DownloadError::SetUp)?;
        let http = client.redirect(redirect::Policy::none()).build();
        let http = http.map_err(|error| DownloadError::SetUp(error.into()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| DownloadError::SetUp(error.into()))?;
        Ok(Self { http, runtime, guard: Guard::of(access), time_max: access.answer_time_max })
    }

    /// The file at this address; nothing if there is none (404, or 403, which is what object
    /// stores answer).
    ///
    /// # Errors
    /// When it cannot be had, or has more than `bytes_max` bytes.
    pub fn get(&self, url: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, DownloadError> {
        let address = || DownloadError::Address(url.to_owned());
        let url = Url::parse(url).map_err(|_| address())?;
        if !matches!(url.scheme(), "http" | "https") || self.guard.allow(&url).is_err() {
            return Err(address());
        }
        let asked = self.read(&url, bytes_max);
        let in_time = async { tokio::time::timeout(self.time_max, asked).await };
        self.runtime.block_on(in_time).unwrap_or_else(|_| {
            let ms_max = u64::try_from(self.time_max.as_millis()).unwrap_or(u64::MAX);
            Err(DownloadError::Time { url: url.clone(), ms_max })
        })
    }

    async fn read(&self, url: &Url, bytes_max: u64) -> Result<Option<Vec<u8>>, DownloadError> {
        let broken = |source: reqwest::Error| DownloadError::Unreachable {
            url: url.clone(),
            source: source.without_url(),
        };
        let mut answer = self.http.get(url.clone()).send().await.map_err(broken)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => return Ok(None),
            status => {
                return Err(DownloadError::Status { url: url.clone(), status: status.as_u16() });
            }
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if (bytes.len() + chunk.len()) as u64 > bytes_max {
                return Err(DownloadError::TooLarge { url: url.clone(), bytes_max });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Download(..)")
    }
}
