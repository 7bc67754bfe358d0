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
    let found = modules::rules(engine.get_modules())?;
    let mut asking = Asking { engine, found, doing, answers: RegoAnswers::default() };
    let rules = asking.rules_of(&question.namespaces)?;
    match &question.input {
        None => asking.answers.rules = rules.into_iter().map(|rule| rule.path()).collect(),
        Some(input) => {
            asking
                .engine
                .set_input_json(input.get())
                .map_err(|error| format!("the input cannot be read: {error:#}"))?;
            for rule in &rules {
                asking.ask(rule, question.results_max)?;
            }
        }
    }
    Ok(asking.answers)
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

/// A rule that is asked.
struct Asked {
    package: String,
    name: String,
    kind: RegoKind,
}

impl Asked {
    fn path(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }
}

struct Asking<'a> {
    engine: Engine,
    found: BTreeMap<(String, String), FoundRule>,
    doing: &'a mut dyn FnMut(&str),
    answers: RegoAnswers,
}

impl Asking<'_> {
    /// The rules that are asked. A package that has none answers nothing, which is no pass, and
    /// a rule that nobody asks is a mistake.
    fn rules_of(&self, namespaces: &[Namespace]) -> Result<Vec<Asked>, String> {
        let asked = |(package, name): &(String, String)| {
            let kind = kind(name)?;
            Some(Asked { package: package.clone(), name: name.clone(), kind })
        };
        if namespaces.is_empty() {
            let rules: Vec<Asked> = self.found.keys().filter_map(asked).collect();
            return match rules.is_empty() {
                true => Err("there is no deny, violation or warn rule".to_owned()),
                false => Ok(rules),
            };
        }
        let mut rules = Vec::new();
        for namespace in namespaces {
            let package = format!("data.{}", namespace.as_str());
            let before = rules.len();
            rules.extend(self.found.keys().filter(|(of, _)| *of == package).filter_map(asked));
            if rules.len() == before {
                let name = namespace.as_str();
                return Err(format!("package {name} has no deny, violation or warn rule"));
            }
        }
        let is_asked = |package: &str| rules.iter().any(|rule| rule.package == package);
        let forgotten =
            |(package, name): &&(String, String)| kind(name).is_some() && !is_asked(package);
        match self.found.iter().find(|(key, _)| forgotten(key)) {
            Some(((package, name), rule)) => Err(format!(
                "{} defines {name} in {package}, which rego.namespaces does not name",
                rule.source
            )),
            None => Ok(rules),
        }
    }

    fn ask(&mut self, rule: &Asked, results_max: u32) -> Result<(), String> {
        let (path, name) = (rule.path(), &rule.name);
        let Some(found) = self.found.get(&(rule.package.clone(), name.clone())) else {
            return Err(format!("{path} is nowhere defined"));
        };
        let found = found.clone();
        let values = self.query(&path)?;
        self.answers.rules.push(path.clone());
        if self.is_excepted(rule)? {
            self.answers.excepted.push(path);
            return Ok(());
        }
        let Some(Json::Array(values)) = values else {
            let text = format!("{path} is not a set; write `{name} contains msg if {{ … }}`");
            return Err(format!("{text} ({})", found.source));
        };
        for value in values {
            if self.answers.results.len() >= results_max as usize {
                return Err(format!("{path} gives more than {results_max} results"));
            }
            self.answers.results.push(result(&path, rule.kind, &found, value)?);
        }
        Ok(())
    }

    /// Whether an `exception` rule of the package sets this rule aside.
    fn is_excepted(&mut self, rule: &Asked) -> Result<bool, String> {
        if !self.found.contains_key(&(rule.package.clone(), "exception".to_owned())) {
            return Ok(false);
        }
        let suffix = rule.name.split_once('_').map_or("", |(_, suffix)| suffix);
        let exceptions = self.query(&format!("{}.exception", rule.package))?;
        Ok(exceptions.is_some_and(|exceptions| excepts(&exceptions, suffix)))
    }

    /// What a path comes to; nothing if it is undefined.
    fn query(&mut self, path: &str) -> Result<Option<Json>, String> {
        (self.doing)(&format!("asking {path}"));
        let failed = |why: String| format!("{path} fails: {why}");
        let answer = self.engine.eval_query(path.to_owned(), false);
        let answer = answer.map_err(|error| failed(format!("{error:#}")))?;
        let value = answer.result.into_iter().flat_map(|result| result.expressions).next();
        match value.map(|expression| expression.value) {
            None | Some(Value::Undefined) => Ok(None),
            Some(value) => {
                serde_json::to_value(&value).map(Some).map_err(|it| failed(it.to_string()))
            }
        }
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
