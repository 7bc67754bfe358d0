//! How much of an image has been read so far, by all who read it: some limits are of all its
//! layers together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use verdict::Limits;

use crate::error::ImageError;

/// How much of an image has been read so far.
#[derive(Debug)]
pub(crate) struct Ledger {
    layers: Vec<AtomicU64>,
    inflated: AtomicU64,
    begun: OnceLock<Instant>,
    limits: Limits,
}

impl Ledger {
    /// Nothing yet.
    pub(crate) fn new(layers: usize, limits: &Limits) -> Self {
        let layers = (0..layers).map(|_| AtomicU64::new(0)).collect();
        Self { layers, inflated: AtomicU64::new(0), begun: OnceLock::new(), limits: *limits }
    }

    /// A layer has been inflated this far. Several checks may read the same layer, or one may read
    /// it twice: it counts once, as far as the farthest of them came.
    pub(crate) fn count(&self, layer: u32, inflated: u64) -> Result<(), ImageError> {
        let before = match self.layers.get(layer as usize) {
            Some(farthest) => farthest.fetch_max(inflated, Ordering::Relaxed),
            None => 0,
        };
        let more = inflated.saturating_sub(before);
        let all = self.inflated.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        let (limit, max) = ("inflated_bytes_max", self.limits.inflated_bytes_max);
        if all <= max {
            return Ok(());
        }
        let what = format!("image with layer {layer}, all layers inflated,");
        Err(ImageError::Limit { what, limit, max })
    }

    /// Whether there is time left. The clock runs from the first layer that is opened.
    pub(crate) fn look_at_clock(&self, layer: u32) -> Result<(), ImageError> {
        let (limit, max) = ("check_ms_max", self.limits.check_ms_max);
        if self.begun.get_or_init(Instant::now).elapsed() <= Duration::from_millis(max) {
            return Ok(());
        }
        let what = format!("reading the image, in layer {layer},");
        Err(ImageError::Limit { what, limit, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_that_is_read_twice_counts_once_and_two_layers_together() {
        let ledger = Ledger::new(2, &Limits { inflated_bytes_max: 100, ..Limits::default() });
        ledger.count(0, 60).unwrap();
        ledger.count(0, 30).unwrap();
        ledger.count(0, 60).unwrap();
        ledger.count(1, 40).unwrap();
        assert!(ledger.count(1, 41).is_err());
    }

    #[test]
    fn the_clock_runs_out() {
        let ledger = Ledger::new(1, &Limits { check_ms_max: 0, ..Limits::default() });
        ledger.look_at_clock(0).ok();
        while ledger.look_at_clock(0).is_ok() {
            std::thread::yield_now();
        }
    }
}
