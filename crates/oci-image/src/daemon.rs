//! The container daemon's own store, over its Unix socket (Docker Engine API): `docker save`
//! without docker. The archive goes through an unlinked temporary file, because the daemon writes
//! the list of its content last; the limit on an image's bytes bounds it.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use verdict::Limits;

use crate::error::ImageError;
use crate::reference::Reference;

/// A container daemon.
#[derive(Debug, Clone)]
pub struct Daemon {
    socket: PathBuf,
}

/// What the daemon answered when it was asked for an image.
pub(crate) enum Saved {
    /// Its archive.
    Archive(File),
    /// It has no such image.
    NoImage,
    /// There is no daemon at the socket.
    NoDaemon,
}

impl Daemon {
    /// The daemon that listens at this Unix socket.
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The daemon that `DOCKER_HOST` names, or the one at Docker's default socket if it is empty.
    ///
    /// # Errors
    /// When it names a daemon that is not reached over a Unix socket.
    pub fn from_host(host: &str) -> Result<Self, ImageError> {
        match host.strip_prefix("unix://") {
            _ if host.is_empty() => Ok(Self::at("/var/run/docker.sock")),
            Some(socket) => Ok(Self::at(socket)),
            None => Err(ImageError::Name {
                text: host.to_owned(),
                why: "a daemon is reached by unix:// only; save the image and use docker-archive:"
                    .to_owned(),
            }),
        }
    }

    /// Saves an image, of at most `inflated_bytes_max` bytes and in `check_ms_max`.
    pub(crate) fn save(&self, reference: &Reference, limits: &Limits) -> Result<Saved, ImageError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.failed(error.into()))?;
        let time = Duration::from_millis(limits.check_ms_max);
        let asked = self.ask(reference, limits.inflated_bytes_max);
        match runtime.block_on(async { tokio::time::timeout(time, asked).await }) {
            Ok(saved) => saved,
            Err(_) => {
                let what = format!("the answer of the daemon at {}", self.name());
                let (limit, max) = ("check_ms_max", limits.check_ms_max);
                Err(ImageError::Limit { what, limit, max })
            }
        }
    }

    async fn ask(&self, reference: &Reference, bytes_max: u64) -> Result<Saved, ImageError> {
        // The image is looked up first: a daemon begins its archive with status 200.
        let path = format!("/images/{reference}/json");
        let Some(mut connection) = self.connect().await? else { return Ok(Saved::NoDaemon) };
        let response = connection.get(self, &path).await?;
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(Saved::NoImage),
            status => return Err(self.failed(format!("it answers {status}").into())),
        }
        let path = format!("/images/{reference}/get");
        let Some(mut connection) = self.connect().await? else { return Ok(Saved::NoDaemon) };
        let response = connection.get(self, &path).await?;
        match response.status().as_u16() {
            200 => self.spool(response, bytes_max).await.map(Saved::Archive),
            404 => Ok(Saved::NoImage),
            status => Err(self.failed(format!("it answers {status}").into())),
        }
    }

    async fn connect(&self) -> Result<Option<Connection>, ImageError> {
        use std::io::ErrorKind::{ConnectionRefused, NotFound};
        let stream = match UnixStream::connect(&self.socket).await {
            Ok(stream) => stream,
            Err(error) if matches!(error.kind(), NotFound | ConnectionRefused) => return Ok(None),
            Err(error) => return Err(self.failed(error.into())),
        };
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.failed(error.into()))?;
        tokio::spawn(connection);
        Ok(Some(Connection(sender)))
    }

    async fn spool(
        &self,
        response: http::Response<hyper::body::Incoming>,
        bytes_max: u64,
    ) -> Result<File, ImageError> {
        let mut file = tempfile::tempfile().map_err(|error| self.failed(error.into()))?;
        let (mut body, mut bytes) = (response.into_body(), 0_u64);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.failed(error.into()))?;
            let Some(chunk) = frame.data_ref() else { continue };
            bytes += chunk.len() as u64;
            if bytes > bytes_max {
                let (what, limit) = ("the daemon's archive".to_owned(), "inflated_bytes_max");
                return Err(ImageError::Limit { what, limit, max: bytes_max });
            }
            file.write_all(chunk).map_err(|error| self.failed(error.into()))?;
        }
        file.seek(SeekFrom::Start(0)).map_err(|error| self.failed(error.into()))?;
        Ok(file)
    }

    fn failed(&self, source: Box<dyn std::error::Error + Send + Sync>) -> ImageError {
        ImageError::Source { what: format!("from the daemon at {}", self.name()), source }
    }

    fn name(&self) -> std::path::Display<'_> {
        Path::display(&self.socket)
    }
}

struct Connection(hyper::client::conn::http1::SendRequest<Empty<Bytes>>);

impl Connection {
    async fn get(
        &mut self,
        daemon: &Daemon,
        path: &str,
    ) -> Result<http::Response<hyper::body::Incoming>, ImageError> {
        let request = http::Request::get(path)
            .header(http::header::HOST, "docker")
            .body(Empty::new())
            .map_err(|error| daemon.failed(error.into()))?;
        self.0.send_request(request).await.map_err(|error| daemon.failed(error.into()))
    }
}
