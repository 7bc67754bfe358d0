//! How bad a flaw is: by score, by the distribution's word, by the database's word.

use serde_json::Value;
use verdict::Severity;

use crate::osv::{Affected, Record, Score};

/// The severity of a record for one package. The package's own scores go before the record's;
/// of several scores the newest system counts; a word counts where there is no score. What nobody
/// has rated is `unknown`, not harmless.
pub(crate) fn of(record: &Record, affected: &Affected) -> Severity {
    // Packages that are malicious as a whole carry no score (ossf/malicious-packages).
    if record.id.starts_with("MAL-") {
        return Severity::Critical;
    }
    let words = [
        word_in(affected.ecosystem_specific.as_ref()),
        word_in(affected.database_specific.as_ref()),
        word_in(record.database_specific.as_ref()),
    ];
    scored(affected.severity.as_deref())
        .or_else(|| words[0])
        .or_else(|| scored(record.severity.as_deref()))
        .or(words[1])
        .or(words[2])
        .or_else(|| before_colon(record.summary.as_deref()?))
        .unwrap_or(Severity::Unknown)
}

fn scored(scores: Option<&[Score]>) -> Option<Severity> {
    let scores = scores?;
    let by = |system: &str| scores.iter().find(|it| it.system == system);
    ["CVSS_V4", "CVSS_V3", "CVSS_V2"]
        .into_iter()
        .find_map(|system| by(system).and_then(|it| vector(&it.score)))
        .or_else(|| by("Ubuntu").and_then(|it| word(&it.score)))
}

/// The severity of a CVSS vector, such as `CVSS:3.1/AV:N/…`.
fn vector(text: &str) -> Option<Severity> {
    let cvss: cvss::Cvss = text.trim_end_matches('/').parse().ok()?;
    Some(Severity::of_cvss_score(cvss.score()))
}

/// AlmaLinux has its word only before what a summary says: `Important: openssl security update`.
fn before_colon(summary: &str) -> Option<Severity> {
    summary.split_once(": ").and_then(|it| word(it.0))
}

fn word_in(value: Option<&Value>) -> Option<Severity> {
    let value = value?;
    ["urgency", "severity", "cvss"].into_iter().find_map(|key| match value.get(key)? {
        Value::String(text) => word(text).or_else(|| vector(text)),
        _ => None,
    })
}

/// The words of GitHub's, Debian's and Ubuntu's databases.
fn word(text: &str) -> Option<Severity> {
    match text.to_ascii_lowercase().trim_end_matches('*') {
        "critical" => Some(Severity::Critical),
        "high" | "important" => Some(Severity::High),
        "medium" | "moderate" => Some(Severity::Medium),
        "low" => Some(Severity::Low),
        "negligible" | "unimportant" => Some(Severity::Negligible),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: &str, expect: Severity) {
        let record: Record = serde_json::from_str(record).unwrap();
        let affected = &record.affected.as_ref().unwrap()[0];
        assert_eq!(of(&record, affected), expect, "{}", record.id);
    }

    #[test]
    fn scores_words_and_nothing() {
        let v3 = r#"{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}"#;
        let v4 = r#"{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N"}"#;
        check(&format!(r#"{{"id":"a","severity":[{v3}],"affected":[{{}}]}}"#), Severity::Critical);
        check(
            &format!(r#"{{"id":"b","severity":[{v3},{v4}],"affected":[{{}}]}}"#),
            Severity::Medium,
        );
        check(
            r#"{"id":"c","affected":[{}],"database_specific":{"severity":"MODERATE"}}"#,
            Severity::Medium,
        );
        check(
            &format!(
                r#"{{"id":"d","severity":[{v3}],"affected":[{{"ecosystem_specific":{{"urgency":"unimportant"}}}}]}}"#
            ),
            Severity::Negligible,
        );
        check(
            r#"{"id":"e","affected":[{"ecosystem_specific":{"urgency":"not yet assigned"}}]}"#,
            Severity::Unknown,
        );
        check(
            r#"{"id":"ALSA-2023:1405","summary":"Important: openssl security update","affected":[{}]}"#,
            Severity::High,
        );
        check(
            r#"{"id":"ALSA-1","summary":"openssl: high load","affected":[{}]}"#,
            Severity::Unknown,
        );
        check(r#"{"id":"MAL-2024-1","affected":[{}]}"#, Severity::Critical);
        check(
            r#"{"id":"f","severity":[{"type":"CVSS_V3","score":"nonsense"}],"affected":[{}]}"#,
            Severity::Unknown,
        );
    }
}
