//! What was found of images before. A signature is over a digest, so what it vouches for does not
//! change; who else has signed does, at any moment. So a pass is kept for an hour, what rejects for
//! seconds, and what could not be looked at not at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use policy::Policy;
use verdict::{Digest, Effect, Finding, Limits, PinnedImage, Place, Request, Role};

use crate::check::Looked;

const PASS_TIME: Duration = Duration::from_secs(3600);
const ABSENCE_TIME: Duration = Duration::from_secs(5);
const ENTRIES_MAX: usize = 1024;
/// A signer may note megabytes; then it is looked at anew each time.
const EVIDENCE_BYTES_MAX: usize = 32 << 10;

/// All that an answer depends on but the moment. The image is named by digest, never by tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    policy: Digest,
    image: PinnedImage,
    index: Option<Digest>,
    role: Role,
    place: Place,
}

/// What was found, by what was asked.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<Key, Entry>>);

#[derive(Clone)]
struct Entry {
    found: Found,
    limits: Limits,
    until: Instant,
}

/// What was found, and the policy that asked; what it waives depends on the day.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) policy: Arc<Policy>,
    pub(crate) looked: Arc<Looked>,
}

impl Key {
    /// What this request's answer depends on.
    pub(crate) fn of(request: &Request) -> Self {
        let subject = &request.subject;
        Self {
            policy: request.policy.digest(),
            image: subject.image.clone(),
            index: subject.index,
            role: subject.role,
            place: subject.place,
        }
    }
}

impl Cache {
    /// What was found before, if it still holds.
    pub(crate) fn get(&self, key: &Key, limits: &Limits, now: Instant) -> Option<Found> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key)?;
        (now < entry.until && entry.limits == *limits).then(|| entry.found.clone())
    }

    /// Keeps what was found for as long as it holds.
    pub(crate) fn put(&self, key: Key, limits: &Limits, found: Found, now: Instant) {
        let Some(until) = lifetime(&found.looked).and_then(|it| now.checked_add(it)) else {
            return;
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.retain(|_, entry| now < entry.until);
        }
        if entries.len() >= ENTRIES_MAX
            && let Some(soonest) =
                entries.iter().min_by_key(|(_, it)| it.until).map(|(key, _)| key.clone())
        {
            entries.remove(&soonest);
        }
        entries.insert(key, Entry { found, limits: *limits, until });
    }
}

/// How long it holds; `None` if it is not to be kept.
fn lifetime(looked: &Looked) -> Option<Duration> {
    let bytes: usize = looked.evidence.iter().map(|(_, value)| value.to_string().len()).sum();
    if bytes > EVIDENCE_BYTES_MAX {
        return None;
    }
    let worst = looked.findings.iter().map(|finding: &Finding| finding.effect).max();
    match worst {
        None | Some(Effect::Note) => Some(PASS_TIME),
        Some(Effect::Undecided) => None,
        Some(Effect::Warn | Effect::Reject) => Some(ABSENCE_TIME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    fn key(name: &str) -> Key {
        let image =
            PinnedImage { repository: "fn".to_owned(), digest: Digest::of(name.as_bytes()) };
        let policy = Digest::of(b"policy");
        Key { policy, image, index: None, role: Role::Made, place: Place::Registry }
    }

    fn found(findings: Vec<Finding>) -> Found {
        let looked = Looked { findings, evidence: Vec::new() };
        Found { policy: Arc::default(), looked: Arc::new(looked) }
    }

    fn kept(findings: Vec<Finding>, after: Duration) -> bool {
        let (cache, limits, now) = (Cache::default(), Limits::default(), Instant::now());
        cache.put(key("a"), &limits, found(findings), now);
        assert!(cache.get(&key("b"), &limits, now).is_none());
        let other = Limits { signatures_max: 1, ..limits };
        assert!(cache.get(&key("a"), &other, now).is_none());
        cache.get(&key("a"), &limits, now + after).is_some()
    }

    #[test]
    fn p3_a_pass_is_kept_for_long_an_absence_for_seconds_and_silence_not_at_all() {
        let unsigned = || vec![Finding::new(&rules::UNSIGNED, "unsigned")];
        let silent = || vec![Finding::undecided(&rules::SIGNATURES_UNREACHABLE, "silent")];
        assert!(kept(vec![], Duration::from_secs(3599)));
        assert!(!kept(vec![], Duration::from_secs(3600)));
        assert!(kept(unsigned(), Duration::from_secs(4)));
        assert!(!kept(unsigned(), Duration::from_secs(5)));
        assert!(!kept(silent(), Duration::ZERO));
    }

    #[test]
    fn it_holds_a_bounded_number_and_what_lives_longest() {
        let (cache, limits, now) = (Cache::default(), Limits::default(), Instant::now());
        let unsigned = vec![Finding::new(&rules::UNSIGNED, "unsigned")];
        cache.put(key("first"), &limits, found(unsigned), now);
        for n in 0..ENTRIES_MAX {
            cache.put(key(&n.to_string()), &limits, found(vec![]), now);
        }
        assert!(cache.get(&key("first"), &limits, now).is_none());
        assert!(cache.get(&key("0"), &limits, now).is_some());
        assert_eq!(cache.0.lock().unwrap().len(), ENTRIES_MAX);
    }

    #[test]
    fn large_evidence_is_not_kept() {
        let evidence = vec![("attached", "x".repeat(EVIDENCE_BYTES_MAX + 1).into())];
        let looked = Looked { findings: Vec::new(), evidence };
        assert_eq!(lifetime(&looked), None);
    }
}
