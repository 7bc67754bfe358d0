//! A verdict as a person reads it: the answer first, then what counts, then what was looked at.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use verdict::{CheckOutcome, Effect, Finding, Outcome, Report, Severity, Verdict};

/// Findings that only inform are counted, not listed, beyond this many.
const NOTES_MAX: usize = 3;

/// The verdict, coloured; whoever prints it strips colour where it does not belong.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    let mut text = String::new();
    heading(&mut text, verdict);
    for report in &verdict.reports {
        section(&mut text, report);
    }
    for check in &verdict.missing {
        let style = color(AnsiColor::Yellow);
        let _ = writeln!(text, "\n  {style}? {check}{style:#}  gave no report");
    }
    footing(&mut text, verdict);
    text
}

/// An image that could not be resolved to a digest.
pub(crate) fn unresolved(function: Option<&str>, declared: &str, finding: &Finding) -> String {
    let style = outcome_style(Outcome::Undecided).bold();
    let function = function.map(|name| format!("{name}  ")).unwrap_or_default();
    let mut text = format!("{style}UNDECIDED{style:#}  {function}{declared}\n");
    line(&mut text, finding);
    text
}

fn heading(text: &mut String, verdict: &Verdict) {
    let style = outcome_style(verdict.outcome).bold();
    let word = verdict.outcome.to_string().to_uppercase();
    let function = verdict.subject.function.as_deref();
    let subject = function.map(|name| format!("{name}  ")).unwrap_or_default();
    let _ = writeln!(text, "{style}{word}{style:#}  {subject}{}", verdict.subject.declared);
    let _ = writeln!(text, "  {}", verdict.subject.image);
}

fn section(text: &mut String, report: &Report) {
    let outcome = report.outcome();
    let (style, mark) = match outcome {
        CheckOutcome::Pass => (color(AnsiColor::Green), "✓"),
        CheckOutcome::Undecided => (color(AnsiColor::Yellow), "?"),
        CheckOutcome::Fail => (color(AnsiColor::Red), "✗"),
    };
    let _ = writeln!(
        text,
        "\n  {style}{mark} {}{style:#}  {outcome}, {}{} ms",
        report.check,
        looked_at(report),
        report.took_ms
    );
    let mut notes = 0;
    for finding in &report.findings {
        if finding.effect == Effect::Note {
            notes += 1;
            if notes > NOTES_MAX {
                continue;
            }
        }
        line(text, finding);
    }
    if notes > NOTES_MAX {
        let _ = writeln!(text, "      … and {} more notes (--output json)", notes - NOTES_MAX);
    }
}

/// The one piece of evidence that says how much a pass is worth.
fn looked_at(report: &Report) -> String {
    let count = |at: &serde_json::Value| at["packages"].as_u64();
    let all = report.evidence.get("packages").and_then(serde_json::Value::as_u64);
    match (all, report.evidence.get("base").and_then(count)) {
        (Some(all), Some(of_base)) => format!("{all} packages ({of_base} of its base image), "),
        (Some(all), None) => format!("{all} packages, "),
        (None, _) => String::new(),
    }
}

fn line(text: &mut String, finding: &Finding) {
    let (style, word) = match finding.effect {
        Effect::Reject => (color(AnsiColor::Red), "rejects"),
        Effect::Undecided => (color(AnsiColor::Yellow), "not judged"),
        Effect::Warn => (color(AnsiColor::Yellow), "warns"),
        Effect::Note => (Style::new().dimmed(), "note"),
    };
    let severity = severity_style(finding.severity);
    let _ = writeln!(
        text,
        "    {style}{word:<10}{style:#} {severity}{:<10}{severity:#} {}  [{}]",
        finding.severity, finding.title, finding.rule
    );
    let indent = " ".repeat(26);
    if let Some(place) = place(finding) {
        let _ = writeln!(text, "{indent}{place}");
    }
    if let Some(waiver) = &finding.waiver {
        let (owner, expires) = (&waiver.owner, waiver.expires);
        let _ = writeln!(text, "{indent}waived until {expires} by {owner}: {}", waiver.reason);
    } else if finding.effect > Effect::Note {
        if !finding.detail.is_empty() {
            let _ = writeln!(text, "{indent}{}", first_lines(&finding.detail, &indent));
        }
        let _ = writeln!(text, "{indent}→ {}", finding.remedy);
    }
}

fn place(finding: &Finding) -> Option<String> {
    let location = &finding.location;
    let parts = [
        location.path.as_ref().map(|path| format!("/{}", path.trim_start_matches('/'))),
        location.source.clone(),
        location.pid.map(|pid| format!("process {pid}")),
        location.layer.map(|layer| match &location.layer_digest {
            Some(digest) => format!("layer {layer} ({}…)", &digest.hex()[..12]),
            None => format!("layer {layer}"),
        }),
        location.base.as_ref().map(|base| {
            format!("of the base image {}@sha256:{}…", base.repository, &base.digest.hex()[..12])
        }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("in {}", parts.join(", ")))
}

/// A detail may be long and comes in part from the image: a few lines of it, without control
/// characters that would rewrite the terminal.
fn first_lines(detail: &str, indent: &str) -> String {
    const LINES_MAX: usize = 4;
    const CHARS_MAX: usize = 160;
    let printable = |line: &str| {
        let mut chars = line.chars().filter(|it| !it.is_control());
        let mut shown: String = chars.by_ref().take(CHARS_MAX).collect();
        if chars.next().is_some() {
            shown.push('…');
        }
        shown
    };
    let lines: Vec<String> = detail.lines().take(LINES_MAX).map(printable).collect();
    lines.join(&format!("\n{indent}"))
}

fn footing(text: &mut String, verdict: &Verdict) {
    let advisories = match &verdict.advisories {
        Some(revision) => format!(", advisories {}", shortened(revision)),
        None => String::new(),
    };
    let _ = writeln!(
        text,
        "\n  policy {}{advisories}, holds until {}",
        shortened(&verdict.policy.hex()),
        verdict.valid_until.strftime("%Y-%m-%d %H:%M UTC"),
    );
    if verdict.outcome == Outcome::Undecided && verdict.admitted {
        let _ = writeln!(text, "  admitted all the same: the policy says `on-undecided: warn`");
    }
}

fn shortened(revision: &str) -> &str {
    let digits = revision.strip_prefix("sha256:").unwrap_or(revision);
    digits.get(..12).unwrap_or(digits)
}

fn outcome_style(outcome: Outcome) -> Style {
    color(match outcome {
        Outcome::Accepted => AnsiColor::Green,
        Outcome::Undecided => AnsiColor::Yellow,
        Outcome::Rejected => AnsiColor::Red,
    })
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => color(AnsiColor::Red).bold(),
        Severity::High => color(AnsiColor::Red),
        Severity::Medium => color(AnsiColor::Yellow),
        Severity::Low | Severity::Negligible | Severity::Unknown => Style::new(),
    }
}

fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(color.into()))
}
