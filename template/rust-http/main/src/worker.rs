//! Runs the handler: each call on a thread of its own, so that one that blocks, burns CPU or
//! panics is nobody else's trouble. What the handler spawns runs on the workers' runtime.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tokio::runtime::Handle;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tracing::Span;

/// A call's end.
pub(crate) enum Done {
    /// The handler answered.
    Answered(Response<Bytes>),
    /// The handler panicked; the log has it.
    Panicked,
}

/// Runs one call to its end, on the thread that it is called on, unless nobody waits any more.
type Run = dyn Fn(&Handle, Request<Bytes>, &mut Sender<Done>) -> Option<Done> + Send + Sync;

/// Where calls are run.
#[derive(Clone)]
pub(crate) struct Workers {
    runtime: Handle,
    run: Arc<Run>,
}

impl Workers {
    pub(crate) fn new<F, A>(runtime: Handle, handler: F) -> Self
    where
        F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Bytes>> + 'static,
    {
        let run = move |runtime: &Handle, request, done: &mut Sender<Done>| {
            // Whatever the handler shares is the handler's to keep sound.
            let answered = catch_unwind(AssertUnwindSafe(|| {
                runtime.block_on(async {
                    tokio::select! {
                        biased;
                        // Nobody waits any more: what the handler holds is let go of.
                        () = done.closed() => None,
                        response = handler(request) => Some(response),
                    }
                })
            }));
            answered.map_or(Some(Done::Panicked), |response| response.map(Done::Answered))
        };
        Self { runtime, run: Arc::new(run) }
    }

    /// Starts a call; `held` is let go of when the handler has really ended. To drop the receiver
    /// is to call the handler off.
    pub(crate) fn start<H>(&self, request: Request<Bytes>, held: H) -> Receiver<Done>
    where
        H: Send + 'static,
    {
        let (mut done, receiver) = oneshot::channel();
        let (runtime, run, span) = (self.runtime.clone(), self.run.clone(), Span::current());
        self.runtime.spawn_blocking(move || {
            let end = span.in_scope(|| run(&runtime, request, &mut done));
            // Before the answer: whoever has it finds the place free.
            drop(held);
            if let Some(end) = end {
                // The one who asked may have given up meanwhile.
                let _ = done.send(end);
            }
        });
        receiver
    }
}
