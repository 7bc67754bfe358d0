//! Times as the watchdog's variables and headers write them: plain seconds, or what Go's
//! `time.ParseDuration` reads.

use std::time::Duration;

/// Reads `30`, `1m30s`, `1.5h` or `500ms`. Negative times and anything else are `None`.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut whole = Duration::ZERO;
    while !rest.is_empty() {
        let unit_at = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (number, from_unit) = rest.split_at(unit_at);
        let next = from_unit
            .find(|char: char| char.is_ascii_digit() || char == '.')
            .unwrap_or(from_unit.len());
        let (unit, after) = from_unit.split_at(next);
        let seconds = number.parse::<f64>().ok()? * unit_seconds(unit)?;
        whole = whole.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = after;
    }
    Some(whole)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<f64>) {
        assert_eq!(parse(text).map(|time| time.as_secs_f64()), expect, "{text:?}");
    }

    #[test]
    fn seconds_and_go_durations_are_read() {
        check("0", Some(0.0));
        check("30", Some(30.0));
        check("30s", Some(30.0));
        check("1m30s", Some(90.0));
        check("1.5h", Some(5400.0));
        check("500ms", Some(0.5));
        check("250us", Some(0.00025));
        check("0s", Some(0.0));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in
            ["", "+", "s", "5 s", "1x", "-1s", "-1", "1.2.3s", "99999999999999999999h", "10s3"]
        {
            check(text, None);
        }
    }
}
