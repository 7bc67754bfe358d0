//! Attached bills of materials as a person reads them: one line each, and where they disagree.

use std::fmt::Write as _;

use inventory::{BillPlace, ClaimedBill, Comparison};

use crate::render::one_line;

/// How many disagreements of one kind are shown; the rest are counted.
const SHOWN_MAX: usize = 5;

/// The lines about these bills; empty if there are none.
pub(crate) fn table(bills: &[ClaimedBill]) -> String {
    let mut text = String::new();
    let agrees = |it: &&ClaimedBill| {
        matches!(it.place, BillPlace::Inside { .. })
            && it.comparison.as_ref().is_some_and(Comparison::is_agreement)
    };
    // A distribution may lay down one for each package.
    let (agreeing, others): (Vec<_>, Vec<_>) = bills.iter().partition(agrees);
    if !agreeing.is_empty() {
        let _ = writeln!(text, "{} bills of materials in the image agree", agreeing.len());
    }
    for bill in others {
        let format = one_line(bill.format.as_deref().unwrap_or("bill of materials"));
        let _ = match &bill.place {
            BillPlace::Inside { path, .. } => write!(text, "{format} at /{}", one_line(path)),
            BillPlace::Attached { by, manifest: Some(manifest), layer: Some(layer) } => {
                let by = one_line(by);
                write!(text, "{format} attached by {by} (layer {layer} of {manifest}, unverified)")
            }
            BillPlace::Attached { by, .. } => write!(text, "{format} attached by {}", one_line(by)),
        };
        match (&bill.comparison, &bill.trouble) {
            (Some(comparison), _) => disagreement(&mut text, comparison),
            (None, trouble) => {
                let why = trouble.as_deref().unwrap_or_default();
                let _ = writeln!(text, ": not compared: {}", one_line(why));
            }
        }
    }
    text
}

fn disagreement(text: &mut String, comparison: &Comparison) {
    let Comparison { agreed, only_listed, only_found, other_versions, unnamed } = comparison;
    let _ = write!(text, ": agrees on {agreed} packages");
    if *unnamed > 0 {
        let _ = write!(text, ", names {unnamed} that nobody can tell");
    }
    text.push('\n');
    lines(text, "listed there, not found here", only_listed.iter().cloned());
    lines(text, "found here, not listed there", only_found.iter().cloned());
    let versions = other_versions.iter().map(|it| {
        format!("{}: {} there, {} here", it.name, it.listed.join(", "), it.found.join(", "))
    });
    lines(text, "in other versions", versions);
}

fn lines(text: &mut String, what: &str, all: impl ExactSizeIterator<Item = String>) {
    let count = all.len();
    if count == 0 {
        return;
    }
    let _ = writeln!(text, "  {count} {what}:");
    all.take(SHOWN_MAX).for_each(|it| {
        let _ = writeln!(text, "    {}", one_line(&it));
    });
    if count > SHOWN_MAX {
        let _ = writeln!(text, "    … and {} more (--output json)", count - SHOWN_MAX);
    }
}
