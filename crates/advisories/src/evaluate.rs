//! Whether a version is affected: the evaluation that the OSV schema prescribes.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use verdict::Severity;

use crate::order::VersionOrder;
use crate::osv::Event;

/// What an advisory says of one package, as the index keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The advisory's place in the index.
    pub(crate) record: u32,
    /// How bad it is for this package.
    pub(crate) severity: Severity,
    /// Each range's events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ranges: Vec<Vec<Event>>,
    /// Versions that are affected, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) versions: Vec<String>,
}

/// What an entry says of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Says {
    /// It is affected; `fixed` is the first later version that is not, if there is one.
    Affected { fixed: Option<String> },
    /// It is not.
    Unaffected,
    /// The advisory has a version that cannot be compared.
    Unreadable(String),
}

impl Entry {
    /// What this says of a version of that order.
    pub(crate) fn judge(&self, version: &str, order: VersionOrder) -> Says {
        let same = |listed: &String| {
            listed == version || order.compare(listed, version) == Some(Ordering::Equal)
        };
        let mut affected = self.versions.iter().any(same);
        let mut unreadable = None;
        for events in self.ranges.iter().filter(|it| is_about(it, version, order)) {
            match contains(events, version, order) {
                Ok(inside) => affected |= inside,
                Err(text) => unreadable = Some(text),
            }
        }
        match (affected, unreadable) {
            (true, _) => Says::Affected { fixed: self.fixed_after(version, order) },
            (false, Some(text)) => Says::Unreadable(text),
            (false, None) => Says::Unaffected,
        }
    }

    /// The least fixed version above this one.
    fn fixed_after(&self, version: &str, order: VersionOrder) -> Option<String> {
        let fixes = self.ranges.iter().flatten().filter_map(|event| match event {
            Event::Fixed(fixed) => Some(fixed),
            _ => None,
        });
        fixes
            .filter(|it| order.compare(it, version) == Some(Ordering::Greater))
            .min_by(|a, b| order.compare(a, b).unwrap_or(Ordering::Equal))
            .cloned()
    }
}

/// Whether a range is about builds such as this version at all.
fn is_about(events: &[Event], version: &str, order: VersionOrder) -> bool {
    events.iter().all(|event| match event {
        Event::Introduced(at) | Event::Limit(at) if matches!(at.as_str(), "0" | "*") => true,
        Event::Introduced(at) | Event::Fixed(at) | Event::LastAffected(at) | Event::Limit(at) => {
            order.are_alike(at, version)
        }
    })
}

/// Whether a range contains the version; an error is the event's version that cannot be compared.
fn contains(events: &[Event], version: &str, order: VersionOrder) -> Result<bool, String> {
    let mut sorted: Vec<(&Event, Ordering)> = Vec::with_capacity(events.len());
    let (mut limited, mut below_a_limit) = (false, false);
    for event in events {
        let (Event::Introduced(at) | Event::Fixed(at) | Event::LastAffected(at) | Event::Limit(at)) =
            event;
        // How the event stands to the version. "0" is before and "*" after every version.
        let order = match (event, at.as_str()) {
            (Event::Introduced(_), "0") => Ordering::Less,
            (Event::Limit(_), "*") => Ordering::Greater,
            _ => order.compare(at, version).ok_or_else(|| at.clone())?,
        };
        if matches!(event, Event::Limit(_)) {
            limited = true;
            below_a_limit |= order == Ordering::Greater;
        } else {
            sorted.push((event, order));
        }
    }
    if limited && !below_a_limit {
        return Ok(false);
    }
    sort(&mut sorted, order);
    let mut inside = false;
    for (event, stands) in sorted {
        match event {
            Event::Introduced(_) if stands != Ordering::Greater => inside = true,
            Event::Fixed(_) if stands != Ordering::Greater => inside = false,
            Event::LastAffected(_) if stands == Ordering::Less => inside = false,
            _ => {}
        }
    }
    Ok(inside)
}

/// By version; at one version what comes in goes before what goes out.
fn sort(events: &mut [(&Event, Ordering)], order: VersionOrder) {
    let key = |event: &Event| match event {
        Event::Introduced(at) if at == "0" => (None, 0),
        Event::Introduced(at) => (Some(at.clone()), 0),
        Event::Fixed(at) | Event::LastAffected(at) | Event::Limit(at) => (Some(at.clone()), 1),
    };
    events.sort_by(|(a, _), (b, _)| match (key(a), key(b)) {
        ((None, _), (None, _)) => Ordering::Equal,
        ((None, _), _) => Ordering::Less,
        (_, (None, _)) => Ordering::Greater,
        ((Some(a), a_rank), (Some(b), b_rank)) => {
            order.compare(&a, &b).unwrap_or(Ordering::Equal).then(a_rank.cmp(&b_rank))
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(ranges: &str, versions: &[&str]) -> Entry {
        let ranges = serde_json::from_str(ranges).unwrap();
        let versions = versions.iter().map(|it| (*it).to_owned()).collect();
        Entry { record: 0, severity: Severity::High, ranges, versions }
    }

    fn check(ranges: &str, affected: &[&str], unaffected: &[&str]) {
        let entry = entry(ranges, &[]);
        for version in affected {
            let says = entry.judge(version, VersionOrder::Semver);
            assert!(matches!(says, Says::Affected { .. }), "{version} in {ranges}: {says:?}");
        }
        for version in unaffected {
            let says = entry.judge(version, VersionOrder::Semver);
            assert_eq!(says, Says::Unaffected, "{version} in {ranges}");
        }
    }

    #[test]
    fn ranges_as_the_schema_evaluates_them() {
        check(
            r#"[[{"introduced":"0"},{"fixed":"1.2.0"}]]"#,
            &["0.0.1", "1.2.0-rc.1"],
            &["1.2.0", "2.0.0"],
        );
        check(
            r#"[[{"introduced":"1.0.0"},{"last_affected":"1.5.0"}]]"#,
            &["1.0.0", "1.5.0"],
            &["0.9.0", "1.5.1"],
        );
        check(
            r#"[[{"fixed":"3.0.1"},{"introduced":"3.0.0"},{"fixed":"2.1.0"},{"introduced":"2.0.0"}]]"#,
            &["2.0.5", "3.0.0"],
            &["1.0.0", "2.1.0", "2.5.0", "3.0.1"],
        );
        check(r#"[[{"introduced":"0"}]]"#, &["9.9.9"], &[]);
        check(r#"[[{"introduced":"0"},{"limit":"2.0.0"}]]"#, &["1.0.0"], &["2.0.0"]);
        check(r#"[[{"introduced":"0"},{"limit":"*"}]]"#, &["9.0.0"], &[]);
        check("[]", &[], &["1.0.0"]);
        check("[[]]", &[], &["1.0.0"]);
    }

    #[test]
    fn a_fix_of_zero_was_never_affected() {
        let entry = entry(r#"[[{"introduced":"0"},{"fixed":"0"}]]"#, &[]);
        assert_eq!(entry.judge("1.2.3-r0", VersionOrder::Apk), Says::Unaffected);
    }

    #[test]
    fn listed_versions_count_however_they_are_written() {
        let entry = entry("[]", &["1.0", "2.0rc1"]);
        for version in ["1.0", "1.0.0", "2.0.rc1"] {
            assert!(matches!(entry.judge(version, VersionOrder::Pep440), Says::Affected { .. }));
        }
        assert_eq!(entry.judge("2.0", VersionOrder::Pep440), Says::Unaffected);
    }

    #[test]
    fn the_next_fix_is_named_and_not_the_last() {
        let ranges =
            r#"[[{"introduced":"0"},{"fixed":"1.1.0"},{"introduced":"2.0.0"},{"fixed":"2.3.0"}]]"#;
        let says = entry(ranges, &[]).judge("1.0.0", VersionOrder::Semver);
        assert_eq!(says, Says::Affected { fixed: Some("1.1.0".to_owned()) });
    }

    #[test]
    fn an_event_that_cannot_be_compared_is_not_unaffected() {
        let says = entry(r#"[[{"introduced":"0"},{"fixed":"<end-of-life>"}]]"#, &[])
            .judge("1.0", VersionOrder::Dpkg);
        assert_eq!(says, Says::Unreadable("<end-of-life>".to_owned()));
    }
}
