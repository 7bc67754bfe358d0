//! A secret stands in the image's environment.
//!
//! Told by the value, where secrets of a kind have a form of their own, or by the name. The value
//! itself goes nowhere.

use std::sync::LazyLock;

use regex::Regex;
use verdict::{Finding, Rule, Severity};

use crate::scene::{Scene, found};

pub(crate) const RULE: Rule = Rule {
    id: "secret-in-env",
    title: "the image's environment holds a secret",
    severity: Severity::Critical,
    remedy: "take the variable out of the Dockerfile, revoke the secret, and give the function a new one as an OpenFaaS secret; if it is none, add the name to `image.env-allowed` in policy.yml",
};

/// What secrets look like that have a form of their own. Each pattern is the issuer's documented
/// prefix and alphabet, at the least length that it has.
const FORMS: &[(&str, &str)] = &[
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})"),
    ("a GitLab token", r"\bgl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_-]{20}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10}"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}"),
    ("a PyPI token", r"\bpypi-AgE[A-Za-z0-9_-]{50}"),
    ("a Docker Hub token", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20}"),
    ("a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("a HashiCorp Vault token", r"\bhv[bsr]\.[A-Za-z0-9_-]{24}"),
    ("a DigitalOcean token", r"\bdo[opr]_v1_[a-f0-9]{64}"),
    ("an API key", r"\bsk-(?:[a-z]+-)?[A-Za-z0-9_-]{32}"),
    ("an age key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("an Azure storage key", r"\bAccountKey=[A-Za-z0-9+/]{80}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16}"),
    ("a URL with a password", r"\b[a-z][a-z0-9+.-]*://[^\s/:@?#]*:[^\s/:@?#$]{3,}@"),
];

/// Words in the names of variables that hold secrets.
const NAMES: &str = r"(?i)(?:^|[_.-])(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|SECRET_?KEY|PRIVATE_?KEY|ENCRYPTION_?KEY|SIGNING_?KEY|CREDENTIALS?)(?:$|[_.-](?:KEY|BASE64|B64|HEX|[0-9]+)$)";

struct Forms {
    all: Vec<(&'static str, Regex)>,
    names: Regex,
}

/// Compiled once. The patterns are constants, and a test compiles every one of them.
static COMPILED: LazyLock<Result<Forms, regex::Error>> = LazyLock::new(|| {
    let compile = |(what, pattern): &(&'static str, &str)| Ok((*what, Regex::new(pattern)?));
    let all = FORMS.iter().map(compile).collect::<Result<_, regex::Error>>()?;
    Ok(Forms { all, names: Regex::new(NAMES)? })
});

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let rules = &scene.policy.image;
    let allowed = |name: &str| rules.env_allowed.iter().any(|known| known == name);
    let judge_one = |entry: &String| {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        let what = if allowed(name) { None } else { secret(name, value) }?;
        let title = format!("the environment variable {:?} holds {what}", super::short(name));
        found(&RULE, rules.secret_in_env, title)
    };
    scene.config().config.env.iter().filter_map(judge_one).collect()
}

/// What kind of secret it is, if it is one.
fn secret(name: &str, value: &str) -> Option<&'static str> {
    // Without patterns nothing is known to be harmless.
    let Ok(forms) = &*COMPILED else { return Some("what could not be looked at") };
    let form = forms.all.iter().find(|(_, form)| form.is_match(value)).map(|(what, _)| *what);
    let is_named = || forms.names.is_match(name) && !is_harmless(name, value);
    form.or_else(|| is_named().then_some("what its name says is a secret"))
}

/// Values that are no secrets whatever the variable is called: nothing, a switch, a number of a
/// few digits, a file, another variable; and the shell's working folder.
fn is_harmless(name: &str, value: &str) -> bool {
    let value = value.trim();
    let is_switch = matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null"
    );
    let is_small = value.len() <= 3 && value.bytes().all(|b| b.is_ascii_digit());
    let is_elsewhere = value.starts_with(['/', '$']) || value.starts_with("file:");
    is_switch || is_small || is_elsewhere || matches!(name, "PWD" | "OLDPWD")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str, expect: Option<&str>) {
        let (name, value) = entry.split_once('=').unwrap();
        assert_eq!(secret(name, value), expect, "{entry}");
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(COMPILED.as_ref().unwrap().all.len(), FORMS.len());
    }

    #[test]
    fn secrets_are_told_by_their_form() {
        // Put together here, so that no scanner takes this file for a leak.
        let (x, h) = ("x".repeat(64), "a1".repeat(32));
        check("A=AKIAIOSFODNN7EXAMPLE", Some("an AWS access key"));
        check("A=-----BEGIN OPENSSH PRIVATE KEY-----\nabc", Some("a private key"));
        check("A=-----BEGIN PRIVATE KEY-----\nabc", Some("a private key"));
        check(&format!("A=ghp_{}", &x[..36]), Some("a GitHub token"));
        check(&format!("A=github_pat_{}", &x[..30]), Some("a GitHub token"));
        check(&format!("A=glpat-{}", &x[..20]), Some("a GitLab token"));
        check(&format!("A=xoxb-{}", &x[..20]), Some("a Slack token"));
        check(&format!("A=AIza{}", &x[..35]), Some("a Google API key"));
        check(&format!("A=sk_live_{}", &x[..24]), Some("a Stripe key"));
        check(&format!("A=npm_{}", &x[..36]), Some("an npm token"));
        check(&format!("A=dop_v1_{h}"), Some("a DigitalOcean token"));
        check(&format!("A=hvs.{}", &x[..24]), Some("a HashiCorp Vault token"));
        check(&format!("A=sk-proj-{}", &x[..40]), Some("an API key"));
        check(&format!("A=eyJ{0}.eyJ{0}.{0}", &x[..20]), Some("a JSON web token"));
        check("A=postgres://user:hunter2@db/x", Some("a URL with a password"));
        check("A=redis://:hunter2@db", Some("a URL with a password"));
    }

    #[test]
    fn secrets_are_told_by_their_name() {
        let named = Some("what its name says is a secret");
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "db_password",
            "MYSQL_ROOT_PASSWORD",
            "API_KEY",
            "APIKEY",
            "AWS_SECRET_ACCESS_KEY",
            "JWT_SECRET",
            "GITHUB_TOKEN",
            "DJANGO_SECRET_KEY",
            "app.password",
            "TOKEN_2",
            "SECRET_KEY_BASE64",
        ] {
            check(&format!("{name}=hunter2"), named);
        }
    }

    #[test]
    fn what_only_looks_like_a_secret_is_let_be() {
        for entry in [
            "PATH=/usr/local/sbin:/usr/bin",
            "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568",
            "PYTHON_SHA256=9b8a6e5d0c7f4e3b2a1908f7e6d5c4b3a291807f6e5d4c3b2a190f8e7d6c5b4a",
            "POSTGRES_PASSWORD_FILE=/run/secrets/db",
            "DB_PASSWORD=/run/secrets/db",
            "DB_PASSWORD=",
            "DB_PASSWORD=${DB_PASSWORD}",
            "USE_TOKEN=true",
            "MAX_TOKENS=4096",
            "TOKENIZERS_PARALLELISM=false",
            "PWD=/app",
            "OLDPWD=x",
            "URL=https://example.com:8443/a@b",
            "URL=https://user@example.com/",
            "HOMEPAGE=https://example.com/?q=a:b@c",
            "PASSWORDLESS=x",
            "SECRETARY=x",
            "fprocess=python3 index.py",
            "upstream_url=http://127.0.0.1:5000",
        ] {
            check(entry, None);
        }
    }
}
