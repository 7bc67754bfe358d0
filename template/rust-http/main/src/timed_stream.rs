//! A stream that gives up on a peer who does not take its answer: from the first byte until all
//! is handed over, `write_timeout` may pass, however slowly the peer keeps reading.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream with a time for each answer.
pub(crate) struct TimedStream<S> {
    stream: S,
    write_timeout: Duration,
    /// Runs while an answer is being written.
    time: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    pub(crate) fn new(stream: S, write_timeout: Duration) -> Self {
        Self { stream, write_timeout, time: None }
    }

    /// What a write comes to, or an error when the time is over. The time is only started when
    /// the peer makes us wait: most answers never do.
    fn in_time<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_pending() {
            let timeout = self.write_timeout;
            let time = self.time.get_or_insert_with(|| Box::pin(sleep(timeout)));
            ready!(time.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.in_time(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has handed over all that it had: the answer is out.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.time = None;
        }
        self.in_time(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.in_time(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_drips_is_given_up() {
        let (ours, mut peer) = duplex(4);
        let mut stream = TimedStream::new(ours, Duration::from_secs(5));
        let drip = tokio::spawn(async move {
            let mut taken = 0;
            while peer.read_u8().await.is_ok() {
                taken += 1;
                sleep(Duration::from_secs(1)).await;
            }
            taken
        });
        let error = stream.write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(stream);
        assert!(drip.await.unwrap() < 20);
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_has_its_own_time() {
        let (ours, mut peer) = duplex(4);
        let mut stream = TimedStream::new(ours, Duration::from_secs(5));
        let slow = tokio::spawn(async move {
            for _ in 0..8 {
                sleep(Duration::from_secs(1)).await;
                peer.read_exact(&mut [0; 4]).await.unwrap();
            }
        });
        for _ in 0..4 {
            stream.write_all(&[0; 8]).await.unwrap();
            stream.flush().await.unwrap();
        }
        slow.await.unwrap();
    }
}
