//! Several images, judged at the same time, each image once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use verdict::{Platform, Role};

use crate::answer::Answer;
use crate::judge::Candidate;
use crate::stack::Named;

/// Images are read from the network and inflated: more than this at once helps nobody.
const AT_ONCE_MAX: usize = 4;

/// Whoever judges: this process, or a cluster.
pub(crate) trait Judging: Sync {
    /// Judges an image.
    fn answer(&self, candidate: &Candidate, platform: &Platform) -> Answer;

    /// What becomes of an image that nobody can resolve.
    fn unresolved(&self, named: &Named, finding: verdict::Finding) -> Answer;
}

/// Judges these images, and answers in their order. On a terminal bars show what is being done.
pub(crate) fn judge(images: Vec<Named>, judge: &dyn Judging) -> Vec<Answer> {
    let images = distinct(images);
    let bars = MultiProgress::new();
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(HashMap::new());
    let workers = thread::available_parallelism().map_or(1, usize::from).min(AT_ONCE_MAX);
    thread::scope(|scope| {
        for _ in 0..workers.min(images.len()) {
            scope.spawn(|| {
                while let Some((index, named)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    images.get(index).map(|named| (index, named))
                } {
                    let bar = bars.add(bar(named));
                    let answer = answer(named, judge);
                    bar.finish_and_clear();
                    let mut answers = answers.lock().unwrap_or_else(|it| it.into_inner());
                    answers.insert(index, answer);
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(|it| it.into_inner());
    (0..images.len()).filter_map(|index| answers.remove(&index)).collect()
}

fn answer(named: &Named, judge: &dyn Judging) -> Answer {
    match &named.candidate {
        Ok(candidate) => judge.answer(candidate, &named.platform),
        Err(finding) => judge.unresolved(named, (**finding).clone()),
    }
}

/// Functions of one template use the same images: each is judged once. What a function makes is
/// its own.
fn distinct(images: Vec<Named>) -> Vec<Named> {
    let mut seen = std::collections::HashSet::new();
    images
        .into_iter()
        .filter(|named| match &named.candidate {
            Ok(candidate) if candidate.role == Role::Used => {
                seen.insert((candidate.image.clone(), named.platform.to_string()))
            }
            Ok(_) | Err(_) => true,
        })
        .collect()
}

/// A bar that is drawn only where somebody sees it: indicatif hides it elsewhere.
fn bar(named: &Named) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(format!("judging {} of {}", named.written, named.function));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
