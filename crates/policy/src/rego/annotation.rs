//! `# METADATA` comments: what a module says about its rules (OPA, "Annotations").

use serde::Deserialize;
use verdict::Severity;

use super::evaluation;
use crate::yaml;

/// What is said about a rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Annotation {
    pub(super) title: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) remedy: Option<String>,
    /// Whether it holds for every rule of the name, not only for the next one.
    pub(super) of_document: bool,
}

/// As it is written. What is not named here is for other tools.
#[derive(Deserialize)]
struct Written {
    title: Option<String>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    custom: Custom,
}

#[derive(Default, Deserialize)]
struct Custom {
    severity: Option<String>,
    remedy: Option<String>,
}

/// The annotations of a module, each with the line of code (from 1) that it stands above.
pub(super) fn all(text: &str) -> Result<Vec<(u32, Annotation)>, String> {
    let mut found = Vec::new();
    let mut lines = (1_u32..).zip(text.lines().map(str::trim)).peekable();
    while let Some((start, line)) = lines.next() {
        if line.strip_prefix('#').is_none_or(|rest| rest.trim() != "METADATA") {
            continue;
        }
        let mut yaml = String::new();
        while let Some((_, comment)) = lines.next_if(|(_, line)| line.starts_with('#')) {
            yaml.push_str(comment.strip_prefix('#').unwrap_or(comment));
            yaml.push('\n');
        }
        while lines.next_if(|(_, line)| line.is_empty() || line.starts_with('#')).is_some() {}
        let Some((below, _)) = lines.peek() else { break };
        let annotation = read(&yaml).map_err(|why| format!("METADATA at line {start}: {why}"))?;
        found.push((*below, annotation));
    }
    Ok(found)
}

fn read(yaml: &str) -> Result<Annotation, String> {
    // Comments are indented alike behind their `#`, most by one space.
    let written: Written = yaml::read(yaml).map_err(|fault| fault.to_string())?;
    let severity = match &written.custom.severity {
        Some(word) => {
            Some(evaluation::severity(word).ok_or_else(|| format!("{word:?} is no severity"))?)
        }
        None => None,
    };
    Ok(Annotation {
        title: written.title,
        severity,
        remedy: written.custom.remedy,
        of_document: written.scope == "document",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = "# METADATA
# title: the package
package main

# METADATA
# title: no root
# custom:
#   severity: HIGH
#   remedy: add USER 10001

deny contains \"x\" if true
";

    #[test]
    fn an_annotation_belongs_to_the_code_below_it() {
        let all = all(MODULE).unwrap();
        assert_eq!(all[0].0, 3);
        assert_eq!(all[1].0, 11);
        assert_eq!(all[1].1.severity, Some(Severity::High));
        assert_eq!(all[1].1.remedy.as_deref(), Some("add USER 10001"));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let error = |yaml: &str| all(&format!("# METADATA\n{yaml}\nx := 1\n")).unwrap_err();
        assert!(error("# title: [").contains("line 1"));
        assert!(error("# custom: {severity: urgent}").contains("urgent"));
        assert_eq!(all("# METADATA\nx := 1").unwrap()[0].1, Annotation::default());
        assert!(all("# METADATA").unwrap().is_empty());
    }
}
