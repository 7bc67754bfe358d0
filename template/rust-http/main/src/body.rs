//! Reads request bodies into memory: each within its limit and its time, and all of them
//! together within one more, so that what a function needs does not grow with its callers.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is given out by pages, so that a body of millions of small chunks costs no more.
const PAGE: usize = 4096;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is larger than one may be.
    #[error("the body is larger than max_body_bytes")]
    TooLarge,
    /// All bodies together are larger than they may be.
    #[error("the bodies of all requests are larger than max_buffered_bytes")]
    NoRoom,
    /// It did not come in time.
    #[error("the body did not come within read_timeout")]
    TooSlow,
    /// The sender broke off, or it is not HTTP.
    #[error("the body broke off")]
    BrokeOff,
}

impl BodyError {
    /// What the sender is told.
    pub(crate) fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
            Self::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "no room for one more body"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
            Self::BrokeOff => (StatusCode::BAD_REQUEST, "the body broke off"),
        }
    }
}

/// Room for bodies.
#[derive(Clone)]
pub(crate) struct BodyRoom {
    pages: Arc<Semaphore>,
    one_max: usize,
}

/// A body's place in memory: kept until the call is over.
pub(crate) type Place = Option<OwnedSemaphorePermit>;

impl BodyRoom {
    pub(crate) fn new(one_max: usize, all_max: usize) -> Self {
        let pages = all_max.div_ceil(PAGE).min(Semaphore::MAX_PERMITS);
        Self { pages: Arc::new(Semaphore::new(pages)), one_max }
    }

    /// Reads a body, chunked or not.
    pub(crate) async fn read<B>(&self, body: B, time: Duration) -> Result<(Bytes, Place), BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        tokio::time::timeout(time, self.read_all(body)).await.map_err(|_| BodyError::TooSlow)?
    }

    async fn read_all<B>(&self, mut body: B) -> Result<(Bytes, Place), BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        // What is said to be too large is not begun with.
        if usize::try_from(body.size_hint().lower()).is_ok_and(|bytes| bytes > self.one_max) {
            return Err(BodyError::TooLarge);
        }
        let (mut whole, mut place, mut pages) = (BytesMut::new(), None, 0);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| BodyError::BrokeOff)?;
            // Trailers say nothing that a handler is given.
            let Ok(chunk) = frame.into_data() else { continue };
            let bytes = whole.len() + chunk.len();
            if bytes > self.one_max {
                return Err(BodyError::TooLarge);
            }
            let more = bytes.div_ceil(PAGE) - pages;
            pages += more;
            self.take(&mut place, more)?;
            whole.extend_from_slice(&chunk);
        }
        Ok((whole.freeze(), place))
    }

    fn take(&self, place: &mut Place, pages: usize) -> Result<(), BodyError> {
        if pages == 0 {
            return Ok(());
        }
        let pages = u32::try_from(pages).map_err(|_| BodyError::NoRoom)?;
        let room = self.pages.clone();
        let more = room.try_acquire_many_owned(pages).map_err(|_| BodyError::NoRoom)?;
        match place {
            Some(place) => place.merge(more),
            None => *place = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{Empty, Full};

    use super::*;

    async fn check(room: &BodyRoom, body: Bytes, expect: Result<usize, BodyError>) -> Place {
        let read = room.read(Full::new(body), Duration::from_secs(1)).await;
        assert_eq!(read.as_ref().map(|(bytes, _)| bytes.len()).map_err(|error| *error), expect);
        read.ok().and_then(|(_, place)| place)
    }

    #[tokio::test]
    async fn bodies_are_bounded_one_by_one_and_together() {
        let room = BodyRoom::new(2 * PAGE, 3 * PAGE);
        let body = |bytes| Bytes::from(vec![0; bytes]);
        check(&room, body(2 * PAGE + 1), Err(BodyError::TooLarge)).await;
        let held = check(&room, body(2 * PAGE), Ok(2 * PAGE)).await;
        check(&room, body(PAGE + 1), Err(BodyError::NoRoom)).await;
        drop(held);
        check(&room, body(PAGE + 1), Ok(PAGE + 1)).await;
        let (none, _) = room.read(Empty::new(), Duration::from_secs(1)).await.unwrap();
        assert!(none.is_empty());
    }
}
