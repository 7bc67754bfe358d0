//! The evaluation itself, within the evaluator's process: load, ask each rule, judge its answers.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use regorus::{Engine, PolicyLengthConfig, Value};
use serde_json::Value as Json;
use verdict::Severity;

use super::modules::{self, FoundRule};
use super::question::{Question, RegoAnswers, RegoKind, RegoResult};
use super::{Namespace, RegoVersion};

const MESSAGE_CHARS_MAX: usize = 2_000;

/// Asks every rule, or says why it cannot.
pub(super) fn evaluate(
    question: &Question,
    doing: &mut dyn FnMut(&str),
) -> Result<RegoAnswers, String> {
    let mut engine = engine(question)?;
    for module in &question.modules {
        doing(&format!("reading {}", module.path));
        modules::refuse_calls_outside(module)?;
        engine
            .add_policy(module.path.clone(), module.text.clone())
            .map_err(|error| format!("{} cannot be read: {error:#}", module.path))?;
    }
    for document in &question.documents {
        doing(&format!("reading {}", document.path));
        let read = match document.path.ends_with(".json") {
            true => Value::from_json_str(&document.text),
            false => Value::from_yaml_str(&document.text),
        };
        read.and_then(|value| engine.add_data(value))
            .map_err(|error| format!("{} cannot be read: {error:#}", document.path))?;
    }
    doing("reading the input");
    engine
        .set_input_json(question.input.get())
        .map_err(|error| format!("the input cannot be read: {error:#}"))?;
    let rules = modules::rules(engine.get_modules())?;
    let mut answers = RegoAnswers::default();
    for namespace in &question.namespaces {
        ask(&mut engine, namespace, &rules, question.results_max, doing, &mut answers)?;
    }
    Ok(answers)
}

fn engine(question: &Question) -> Result<Engine, String> {
    let mut engine = Engine::new();
    engine.set_rego_v0(question.version == RegoVersion::V0);
    engine.set_gather_prints(true);
    // An error of a builtin is an error, not an absent denial.
    engine.set_strict_builtin_errors(true);
    engine.set_policy_length_config(lengths()?);
    Ok(engine)
}

/// The sizes were bounded when the policy was loaded; long lines are nothing bad in themselves.
pub(super) fn lengths() -> Result<PolicyLengthConfig, String> {
    let most = NonZeroUsize::new(16 << 20).ok_or("no limits")?;
    Ok(PolicyLengthConfig { max_col: NonZeroU32::MAX, max_file_bytes: most, max_lines: most })
}

/// Asks the rules of one package.
fn ask(
    engine: &mut Engine,
    namespace: &Namespace,
    rules: &BTreeMap<(String, String), FoundRule>,
    results_max: u32,
    doing: &mut dyn FnMut(&str),
    answers: &mut RegoAnswers,
) -> Result<(), String> {
    let package = format!("data.{}", namespace.as_str());
    let of_package = || rules.iter().filter(|((of, _), _)| *of == package);
    let mut asked = of_package().filter_map(|((_, name), rule)| Some((name, kind(name)?, rule)));
    let Some(first) = asked.next() else {
        return Err(format!("package {} has no deny, violation or warn rule", namespace.as_str()));
    };
    let has_exceptions = of_package().any(|((_, name), _)| name == "exception");
    let exceptions = match has_exceptions {
        true => query(engine, &format!("{package}.exception"), doing)?,
        false => None,
    };
    for (name, kind, rule) in std::iter::once(first).chain(asked) {
        let path = format!("{package}.{name}");
        let values = query(engine, &path, doing)?;
        answers.rules.push(path.clone());
        let suffix = name.split_once('_').map_or("", |(_, suffix)| suffix);
        if exceptions.as_ref().is_some_and(|exceptions| excepts(exceptions, suffix)) {
            answers.excepted.push(path);
            continue;
        }
        let Some(Json::Array(values)) = values else {
            return Err(format!(
                "{path} is not a set; write `{name} contains msg if {{ … }}` ({})",
                rule.source
            ));
        };
        for value in values {
            if answers.results.len() >= results_max as usize {
                return Err(format!("{path} gives more than {results_max} results"));
            }
            answers.results.push(result(&path, kind, rule, value)?);
        }
    }
    Ok(())
}

/// What a path comes to; nothing if it is undefined.
fn query(
    engine: &mut Engine,
    path: &str,
    doing: &mut dyn FnMut(&str),
) -> Result<Option<Json>, String> {
    doing(&format!("asking {path}"));
    let failed = |why: String| format!("{path} fails: {why}");
    let answer =
        engine.eval_query(path.to_owned(), false).map_err(|it| failed(format!("{it:#}")))?;
    let value = answer.result.into_iter().flat_map(|result| result.expressions).next();
    match value.map(|expression| expression.value) {
        None | Some(Value::Undefined) => Ok(None),
        Some(value) => serde_json::to_value(&value).map(Some).map_err(|it| failed(it.to_string())),
    }
}

/// Which way the rules of this name weigh, if they are asked (Conftest's `^warn(_[a-zA-Z0-9]+)*$`
/// and `^(deny|violation)(_[a-zA-Z0-9]+)*$`).
pub(super) fn kind(name: &str) -> Option<RegoKind> {
    let mut words = name.split('_');
    let kind = match words.next()? {
        "deny" | "violation" => RegoKind::Deny,
        "warn" => RegoKind::Warn,
        _ => return None,
    };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    words.all(is_word).then_some(kind)
}

/// Conftest's `exception[_][_] == "suffix"`.
fn excepts(exceptions: &Json, suffix: &str) -> bool {
    fn members(value: &Json) -> Vec<&Json> {
        match value {
            Json::Array(items) => items.iter().collect(),
            Json::Object(fields) => fields.values().collect(),
            _ => Vec::new(),
        }
    }
    members(exceptions).into_iter().flat_map(members).any(|it| it == suffix)
}

fn result(path: &str, kind: RegoKind, rule: &FoundRule, value: Json) -> Result<RegoResult, String> {
    let (message, mut metadata) = match value {
        Json::String(message) => (message, serde_json::Map::new()),
        Json::Object(mut fields) => match fields.remove("msg") {
            Some(Json::String(message)) => (message, fields),
            _ => return Err(format!("{path} gives an object without a string `msg`")),
        },
        other => return Err(format!("{path} gives {other}, which is neither text nor an object")),
    };
    let mut word = |key: &str| match metadata.get(key) {
        Some(Json::String(_)) => metadata.remove(key).and_then(|it| it.as_str().map(short)),
        _ => None,
    };
    let severity =
        match word("severity") {
            Some(word) => Some(severity(&word).ok_or_else(|| {
                format!("{path} gives the severity {word:?}, which is none of ours")
            })?),
            None => rule.annotation.severity,
        };
    Ok(RegoResult {
        rule: path.to_owned(),
        kind,
        severity,
        remedy: word("remedy").or_else(|| rule.annotation.remedy.clone()),
        title: word("title").or_else(|| rule.annotation.title.clone()),
        message: short(&message),
        source: rule.source.clone(),
        metadata,
    })
}

/// A severity as people write it: `HIGH`, `high`.
pub(super) fn severity(word: &str) -> Option<Severity> {
    Severity::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(word))
}

fn short(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}
