//! Takes connections, no more at once than there is room for. When the room is full a small
//! reserve is left in which only health is answered: a crowd must not look like a dead function.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::connection;
use crate::route::Routes;
use crate::settings::Settings;

/// Connections beyond the limit that may still ask for health.
const RESERVE: usize = 32;
/// How long one of them may take to say what it wants.
const RESERVE_READ_TIMEOUT: Duration = Duration::from_secs(1);
/// When the system has no descriptor left, the ones in use must end first.
const PAUSE: Duration = Duration::from_millis(20);

/// What a connection is let in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Welcome {
    /// Anything.
    Full,
    /// Health only: the room is full.
    HealthOnly,
}

/// The room for connections, and the word that tells them to end.
#[derive(Clone)]
pub(crate) struct Doorway {
    pub(crate) settings: Arc<Settings>,
    pub(crate) stopped: watch::Receiver<()>,
    room: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
}

impl Doorway {
    pub(crate) fn new(settings: Arc<Settings>, stopped: watch::Receiver<()>) -> Self {
        let room = Arc::new(Semaphore::new(settings.max_connections));
        Self { settings, stopped, room, reserve: Arc::new(Semaphore::new(RESERVE)) }
    }

    /// How long a connection may be silent.
    pub(crate) fn read_timeout(&self, welcome: Welcome) -> Duration {
        match welcome {
            Welcome::Full => self.settings.read_timeout,
            Welcome::HealthOnly => self.settings.read_timeout.min(RESERVE_READ_TIMEOUT),
        }
    }

    /// Waits until no connection is left, and says whether that came in time.
    pub(crate) async fn drained(&self, time: Duration) -> bool {
        let all = u32::try_from(self.settings.max_connections).unwrap_or(u32::MAX);
        tokio::time::timeout(time, self.room.acquire_many(all)).await.is_ok()
    }

    fn enter(&self) -> Option<(Welcome, OwnedSemaphorePermit)> {
        let enter = |room: &Arc<Semaphore>| room.clone().try_acquire_owned().ok();
        enter(&self.room)
            .map(|place| (Welcome::Full, place))
            .or_else(|| enter(&self.reserve).map(|place| (Welcome::HealthOnly, place)))
    }
}

/// Accepts for ever.
pub(crate) async fn accept<R: Routes>(listener: TcpListener, doorway: Doorway, routes: Arc<R>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some((welcome, place)) = doorway.enter() else { continue };
        let (doorway, routes) = (doorway.clone(), routes.clone());
        tokio::spawn(async move {
            connection::serve(stream, welcome, &doorway, routes).await;
            drop(place);
        });
    }
}
