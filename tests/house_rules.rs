//! No rule without a remedy: every rule id has a section in docs/rules.md, and every section a rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use verdict::Rule;

/// Every rule that a check can find.
fn rules() -> Vec<Rule> {
    [
        verdict::common::RULES,
        scan_layers::RULES,
        verify_signature::RULES,
        check_policy::RULES,
        check_runtime::RULES,
    ]
    .concat()
}

fn sections() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let text = std::fs::read_to_string(path).unwrap();
    text.split("\n### ")
        .skip(1)
        .map(|section| {
            let (id, body) = section.split_once('\n').unwrap();
            (id.trim().to_owned(), body.to_owned())
        })
        .collect()
}

#[test]
fn every_rule_has_what_why_and_remedy() {
    let sections = sections();
    for rule in rules() {
        let section = sections
            .get(rule.id)
            .unwrap_or_else(|| panic!("docs/rules.md has no section {}", rule.id));
        for part in ["**What.**", "**Why.**", "**Remedy.**"] {
            assert!(section.contains(part), "{}: docs/rules.md lacks {part}", rule.id);
        }
        assert!(!rule.remedy.is_empty() && !rule.title.is_empty(), "{}", rule.id);
    }
}

#[test]
fn every_section_is_a_rule_and_ids_are_unique() {
    let mut ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is used twice");
    for id in sections().keys() {
        assert!(ids.contains(&id.as_str()), "docs/rules.md explains {id}, which no check finds");
    }
}

#[test]
fn ids_are_kebab_case() {
    for rule in rules() {
        let sound = rule.id.split('-').all(|word| {
            !word.is_empty()
                && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        });
        assert!(sound, "{:?}", rule.id);
    }
}
