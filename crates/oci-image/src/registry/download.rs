//! A blob as it arrives: it waits for its reader, and goes on where a connection broke off.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header;
use reqwest::Response;
use tokio::sync::mpsc;

use crate::descriptor::Descriptor;
use crate::error::ImageError;
use crate::reference::Reference;
use crate::registry::client::RegistryClient;
use crate::registry::question::Question;

const BLOBS: &str = "application/octet-stream, */*";
/// How many chunks wait for the reader; a chunk is what one read of the socket gives.
const CHUNKS_AHEAD: usize = 16;
/// How often one blob goes on after its connection broke.
const RESUMES_MAX: u32 = 16;
/// How many connections one after the other may bring nothing at all.
const FRUITLESS_MAX: u32 = 3;
/// The longest wait before it goes on.
const PAUSE_MAX: Duration = Duration::from_secs(4);
/// A reader that has waited so long looks at its clock.
const PATIENCE: Duration = Duration::from_millis(250);

/// Asks for a blob, and goes on fetching it while it is read.
///
/// # Errors
/// When there is none, or the registry does not answer. What fails later fails the reader.
pub(crate) fn start(
    client: &Arc<RegistryClient>,
    reference: &Reference,
    descriptor: &Descriptor,
) -> Result<Box<dyn Read + Send>, ImageError> {
    let (chunks, waiting) = mpsc::channel(CHUNKS_AHEAD);
    let path = format!("blobs/{}", descriptor.digest);
    let download = Download {
        client: Arc::clone(client),
        reference: reference.clone(),
        path,
        size: descriptor.size,
        came: 0,
        chunks,
    };
    let (download, response) = client.wait(async move {
        let response = download.ask().await;
        (download, response)
    })?;
    let response = response?;
    client.spawn(download.run(response))?;
    Ok(Box::new(Chunks { waiting, current: Bytes::new() }))
}

struct Download {
    client: Arc<RegistryClient>,
    reference: Reference,
    path: String,
    size: u64,
    came: u64,
    chunks: mpsc::Sender<Result<Bytes, ImageError>>,
}

/// The reader wants no more.
struct Gone;

impl Download {
    async fn run(mut self, first: Response) {
        let (mut response, mut fruitless) = (first, 0);
        for resumed in 0..=RESUMES_MAX {
            let before = self.came;
            let broken = match self.pass_on(response).await {
                Ok(Ok(())) | Err(Gone) => return,
                Ok(Err(broken)) => broken,
            };
            fruitless = if self.came > before { 0 } else { fruitless + 1 };
            let again = if resumed == RESUMES_MAX || fruitless == FRUITLESS_MAX {
                Ok(Err(self.broken(broken)))
            } else {
                self.patiently(self.resume(resumed)).await
            };
            match again {
                Ok(Ok(again)) => response = again,
                Err(Gone) => return,
                Ok(Err(error)) => {
                    self.chunks.send(Err(error)).await.ok();
                    return;
                }
            }
        }
    }

    /// Hands out an answer's body until it ends or breaks.
    async fn pass_on(
        &mut self,
        mut response: Response,
    ) -> Result<Result<(), reqwest::Error>, Gone> {
        loop {
            match self.patiently(response.chunk()).await? {
                Ok(Some(chunk)) => {
                    self.came += chunk.len() as u64;
                    self.chunks.send(Ok(chunk)).await.map_err(|_| Gone)?;
                }
                Ok(None) => return Ok(Ok(())),
                // All has come that was promised: how it ended does not matter.
                Err(_) if self.came >= self.size => return Ok(Ok(())),
                Err(error) => return Ok(Err(error.without_url())),
            }
        }
    }

    /// Asks for what has not come yet.
    async fn resume(&self, resumed: u32) -> Result<Response, ImageError> {
        let pause = Duration::from_millis(50) * 2_u32.saturating_pow(resumed);
        tokio::time::sleep(pause.min(PAUSE_MAX)).await;
        let response = self.ask().await.map_err(|error| match error {
            ImageError::Source { source, .. } => {
                self.broken(format!("asked for the rest, {source}"))
            }
            error => error,
        })?;
        let begins = response.headers().get(header::CONTENT_RANGE).and_then(|it| it.to_str().ok());
        // Of other bytes the digest would be wrong, and the registry blamed for the wrong fault.
        if self.came > 0 && begins.and_then(first_byte) != Some(self.came) {
            return Err(self.broken("it goes on elsewhere"));
        }
        Ok(response)
    }

    async fn ask(&self) -> Result<Response, ImageError> {
        let question = Question { from: self.came, ..Question::new(&self.path, BLOBS) };
        let response = self.client.ask(&self.reference, &question).await?;
        response.ok_or_else(|| ImageError::NotFound(self.name()))
    }

    /// Waits for something, and has the reader look at its clock meanwhile.
    async fn patiently<T>(&self, awaited: impl Future<Output = T>) -> Result<T, Gone> {
        let mut awaited = std::pin::pin!(awaited);
        loop {
            match tokio::time::timeout(PATIENCE, &mut awaited).await {
                Ok(done) => return Ok(done),
                Err(_) => match self.chunks.try_send(Ok(Bytes::new())) {
                    // A reader that has chunks left to read looks at its clock as it is.
                    Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => {}
                    Err(mpsc::error::TrySendError::Closed(_)) => return Err(Gone),
                },
            }
        }
    }

    fn name(&self) -> String {
        format!("{} of {}", self.path, self.reference.name())
    }

    fn broken(&self, why: impl std::fmt::Display) -> ImageError {
        let why = format!("it broke off after {} of {} bytes: {why}", self.came, self.size);
        ImageError::Source { what: self.name(), source: why.into() }
    }
}

/// Where a part begins, by its `Content-Range: bytes FIRST-LAST/SIZE` (RFC 9110 §14.4).
fn first_byte(header: &str) -> Option<u64> {
    let range = header.strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}

/// A stream of chunks, read by a thread that may wait. An empty chunk interrupts it.
struct Chunks {
    waiting: mpsc::Receiver<Result<Bytes, ImageError>>,
    current: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty() {
            match self.waiting.blocking_recv() {
                Some(Ok(chunk)) if chunk.is_empty() => {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => return Err(error.into_io()),
                None => return Ok(0),
            }
        }
        let read = buffer.len().min(self.current.len());
        buffer[..read].copy_from_slice(&self.current.split_to(read));
        Ok(read)
    }
}
