//! What is attached to an image, as a tree: place, manifest, layer, and what each means.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value};
use verdict::{CheckOutcome, PinnedImage, Report};

use crate::render::one_line;

/// One line of the tree, and what hangs below it.
struct Node {
    line: String,
    below: Vec<Node>,
}

impl Node {
    fn leaf(line: String) -> Self {
        Self { line, below: Vec::new() }
    }
}

/// The tree of what verify-signature saw, and what it comes to.
pub(super) fn tree(image: &PinnedImage, report: &Report) -> String {
    let mut text = format!("{image}\n");
    let attached = report.evidence.get("attached").and_then(Value::as_array);
    let attached: Vec<Value> = attached.into_iter().flatten().map(cleaned).collect();
    if attached.is_empty() {
        text.push_str("└─ nothing is attached\n");
    }
    draw(&mut text, &places(&attached), "");
    text.push_str(&verdict(report));
    text
}

/// What is attached, gathered by the manifest that it hangs on; it comes in that order.
fn places(attached: &[Value]) -> Vec<Node> {
    let same = |a: &Value, b: &Value| {
        ["repository", "subject", "place", "manifest"].iter().all(|key| a[key] == b[key])
    };
    let groups = attached.chunk_by(|a, b| same(a, b) && !a["manifest"].is_null());
    groups.filter_map(|group| Some(place(group.first()?, group))).collect()
}

fn place(first: &Value, group: &[Value]) -> Node {
    let word = |key: &str| first[key].as_str().unwrap_or_default().to_owned();
    let mut line = word("place");
    if first["of"] == "index" {
        line.push_str(" of the index");
    }
    let _ = write!(line, " in {}", word("repository"));
    if first["manifest"].is_null() {
        let mut unanswered = Node::leaf(marked(false, "no answer"));
        unanswered.below.push(Node::leaf(word("why")));
        return Node { line, below: vec![unanswered] };
    }
    let _ = write!(line, ", {}", word("manifest"));
    Node { line, below: group.iter().map(layer).collect() }
}

fn layer(it: &Value) -> Node {
    let text = |key: &str| it[key].as_str();
    let Some(why) = text("why") else {
        let by = match (text("identity"), text("key")) {
            (Some(identity), _) => {
                format!("{identity}, vouched for by {}", text("issuer").unwrap_or_default())
            }
            (None, Some(key)) => {
                format!("key {key} ({})", text("algorithm").unwrap_or_default())
            }
            (None, None) => "nobody".to_owned(),
        };
        let authority = text("authority").unwrap_or_default();
        let what = match text("predicate-type") {
            Some(predicate) => format!("attestation {predicate} by {authority}"),
            None => format!("signed by {authority}"),
        };
        let below =
            ["reference", "annotations", "extensions", "claimed-time", "times", "only-logged"]
                .into_iter()
                .filter(|key| !is_empty(&it[key]))
                .map(|key| Node::leaf(format!("{key}: {}", plain(&it[key]))));
        let below = std::iter::once(Node::leaf(by)).chain(below).collect();
        return Node { line: format!("layer {}: {}", it["layer"], marked(true, &what)), below };
    };
    Node::leaf(format!("layer {}: {}", it["layer"], marked(false, why)))
}

/// The same with each text on one line: whoever may push wrote some of it.
fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(one_line(text)),
        Value::Array(list) => list.iter().map(cleaned).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, it)| (one_line(key), cleaned(it))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(map) => map
            .iter()
            .map(|(key, it)| format!("{key}={}", plain(it)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

fn marked(good: bool, text: &str) -> String {
    let (color, mark) = if good { (AnsiColor::Green, '✓') } else { (AnsiColor::Red, '✗') };
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{mark}{style:#} {text}")
}

fn draw(text: &mut String, nodes: &[Node], indent: &str) {
    for (index, node) in nodes.iter().enumerate() {
        let (branch, further) =
            if index + 1 == nodes.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let _ = writeln!(text, "{indent}{branch}{}", node.line);
        draw(text, &node.below, &format!("{indent}{further}"));
    }
}

/// What it comes to under the policy.
fn verdict(report: &Report) -> String {
    let outcome = report.outcome();
    let mut text = match outcome {
        CheckOutcome::Pass if report.evidence.get("required") == Some(&false.into()) => {
            "the policy asks no signature of it\n".to_owned()
        }
        _ => format!("{} {outcome} under the policy\n", marked(outcome == CheckOutcome::Pass, "")),
    };
    for finding in &report.findings {
        let _ = writeln!(text, "   {}  [{}]\n   → {}", finding.title, finding.rule, finding.remedy);
    }
    text
}
