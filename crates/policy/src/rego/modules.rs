//! What stands in the user's modules: which rules there are, and what is said about them.

use std::collections::BTreeMap;

use regorus::unstable::{Expr, Lexer, Module, Ref, Rule, RuleHead, TokenKind};
use regorus::{Source, Value};

use super::RegoFile;
use super::annotation::{self, Annotation};
use super::evaluation;

/// Functions that would speak to the world. The evaluator has none of them, but tells only once
/// a call is reached.
const OUTSIDE: [&str; 2] = ["http.send", "net.lookup_ip_addr"];

/// A rule that the modules define.
#[derive(Clone)]
pub(super) struct FoundRule {
    /// The module and line of its first definition.
    pub(super) source: String,
    /// What is said about it in a `# METADATA` comment.
    pub(super) annotation: Annotation,
}

/// Refuses a module that calls what would speak to the world.
pub(super) fn refuse_calls_outside(module: &RegoFile) -> Result<(), String> {
    let failed = |why: String| format!("{} cannot be read: {why}", module.path);
    let most = evaluation::lengths().map_err(failed)?.max_col;
    let source = source_of(module).map_err(failed)?;
    let mut lexer = Lexer::new(&source);
    lexer.set_max_col(most);
    let mut words: Vec<String> = Vec::new();
    loop {
        let token = lexer.next_token().map_err(|error| failed(format!("{error:#}")))?;
        let word = match token.0 {
            TokenKind::Eof => return Ok(()),
            TokenKind::Ident | TokenKind::Symbol => token.1.text().to_owned(),
            _ => String::new(),
        };
        words.push(word);
        let call = words[words.len().saturating_sub(3)..].concat();
        if OUTSIDE.contains(&call.as_str()) {
            let line = token.1.line;
            return Err(format!(
                "{}:{line} calls {call}: rules reach nothing outside",
                module.path
            ));
        }
        if words.len() == 3 {
            words.remove(0);
        }
    }
}

fn source_of(module: &RegoFile) -> Result<Source, String> {
    let most = evaluation::lengths()?;
    let (path, text) = (module.path.clone(), module.text.clone());
    Source::from_contents_with_limits(path, text, most.max_file_bytes, most.max_lines)
        .map_err(|error| format!("{error:#}"))
}

/// The rules of all modules by package (`data.main`) and name.
pub(super) fn rules(
    modules: &[Ref<Module>],
) -> Result<BTreeMap<(String, String), FoundRule>, String> {
    let mut found: BTreeMap<(String, String), FoundRule> = BTreeMap::new();
    for module in modules {
        let span = &module.package.span;
        let path = span.source.file();
        let package = format!("data.{}", path_of(&module.package.refr).unwrap_or_default());
        let annotations = annotation::all(span.source.contents())
            .map_err(|why| format!("{path} cannot be read: {why}"))?;
        for rule in &module.policy {
            let Some(name) = name_of(rule, path)? else { continue };
            let line = rule.span().line;
            let annotation = annotations.iter().find(|(below, _)| *below == line);
            let annotation = annotation.map(|(_, it)| it.clone()).unwrap_or_default();
            let source = format!("{path}:{line}");
            found
                .entry((package.clone(), name))
                .and_modify(|known| {
                    // A result does not tell which definition gave it: of several, only what is
                    // said of all holds.
                    let of_all =
                        [&annotation, &known.annotation].into_iter().find(|it| it.of_document);
                    known.annotation = of_all.cloned().unwrap_or_default();
                })
                .or_insert(FoundRule { source, annotation });
        }
    }
    Ok(found)
}

/// The name of a rule that can be asked; a function has none.
fn name_of(rule: &Rule, path: &str) -> Result<Option<String>, String> {
    let refr = match rule {
        Rule::Spec { head: RuleHead::Func { .. }, .. } => return Ok(None),
        Rule::Spec { head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. }, .. } => refr,
        Rule::Default { args, .. } if !args.is_empty() => return Ok(None),
        Rule::Default { refr, .. } => refr,
    };
    let Some(name) = path_of(refr) else { return Ok(None) };
    match name.split_once('.') {
        // `deny.x contains …` would look like a rule that is asked, and would not be.
        Some((root, _)) if evaluation::kind(root).is_some() => {
            let line = rule.span().line;
            Err(format!("{path}:{line} defines {name}; write {}", name.replace('.', "_")))
        }
        _ => Ok(Some(name)),
    }
}

/// `a.b` of a reference, its variable parts left out; nothing if it does not begin with a name.
fn path_of(expr: &Expr) -> Option<String> {
    let text = |value: &Value| value.as_string().ok().map(|it| it.to_string());
    match expr {
        Expr::Var { value, .. } => text(value),
        Expr::RefDot { refr, field, .. } => Some(format!("{}.{}", path_of(refr)?, text(&field.1)?)),
        Expr::RefBrack { refr, index, .. } => match index.as_ref() {
            Expr::String { value, .. } => Some(format!("{}.{}", path_of(refr)?, text(value)?)),
            _ => Some(format!("{}.*", path_of(refr)?)),
        },
        _ => None,
    }
}
