//! What the deployed functions answer.

use std::process::Command;

use serde_json::{Value, json};

use super::callback::Callbacks;
use super::gateway::{Answer, Gateway};
use super::subjects::Subjects;
use super::surroundings::{Surroundings, run};

/// The checks that look at images, and the rule by which each rejects the bad one.
const CHECKS: [(&str, &str); 3] = [
    ("scan-layers", "vulnerable-package"),
    ("verify-signature", "signed-by-other"),
    ("check-policy", "runs-as-root"),
];

/// Whom questions are asked of, and who hears the answers that come later.
pub(crate) struct Asked<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) callbacks: &'a mut Callbacks,
}

impl Asked<'_> {
    /// Each check, alone and bare: the good image passes, the bad one fails by the check's rule.
    pub(crate) fn checks_answer(&self, subjects: &Subjects) {
        for (check, rule) in CHECKS {
            let good = self.ask(check, &json!({"image": subjects.good}));
            assert_eq!(good["outcome"], "pass", "{check}: {good:#}");
            let bad = self.ask(check, &json!({"image": subjects.bad}));
            assert_eq!(bad["outcome"], "fail", "{check}: {bad:#}");
            assert!(rules(&bad).contains(&rule), "{check}: {bad:#}");
        }
    }

    /// The same through the queue.
    pub(crate) fn checks_call_back(&mut self, subjects: &Subjects) {
        for (check, rule) in CHECKS {
            let report = self.ask_later(check, &json!({"image": subjects.bad}));
            assert_eq!(report["check"], check);
            assert!(rules(&report).contains(&rule), "{check}: {report:#}");
        }
    }

    /// The verdict on the good image.
    pub(crate) fn accepted(&self, subjects: &Subjects) {
        let verdict = self.ask("orchestrator", &json!({"image": subjects.good}));
        assert_eq!(verdict["outcome"], "accepted", "{verdict:#}");
        assert_eq!(verdict["missing"], json!([]));
        let answered: Vec<&str> =
            reports(&verdict).map(|it| it["check"].as_str().unwrap()).collect();
        assert!(CHECKS.iter().all(|(check, _)| answered.contains(check)), "{verdict:#}");
    }

    /// The verdict on the bad image: every check has its rule in it, with a remedy.
    pub(crate) fn rejected(&self, subjects: &Subjects) {
        let verdict = self.ask("orchestrator", &json!({"image": subjects.bad}));
        is_rejected(&verdict);
    }

    /// The same through the queue.
    pub(crate) fn verdict_called_back(&mut self, subjects: &Subjects) {
        let verdict = self.ask_later("orchestrator", &json!({"image": subjects.bad}));
        is_rejected(&verdict);
        let verdict = self.ask_later("orchestrator", &json!({"image": subjects.good}));
        assert_eq!(verdict["outcome"], "accepted", "{verdict:#}");
    }

    /// What a deployed function is seen to do passes (this one speaks to nobody), and a policy that
    /// allows it no listener finds the one that every function has. faasd gives a function neither
    /// a system call filter nor a read-only root, whatever stack.yml asks, and the check says so.
    pub(crate) fn running_function_is_judged(&self, surroundings: &Surroundings) {
        let pid = pid_of("check-runtime", surroundings);
        let seen = snapshot::of_process(pid, &Default::default(), &Default::default()).unwrap();
        let question = json!({"function": "check-runtime", "snapshot": seen});
        let report = self.ask("check-runtime", &question);
        assert_eq!(report["outcome"], "pass", "{report:#}");
        assert_eq!(rules(&report), ["no-seccomp", "writable-root"], "{report:#}");
        let mut stricter = question;
        stricter["policy"] = json!({"body": "runtime: {defaults: {listeners: []}}\n"});
        let report = self.ask("check-runtime", &stricter);
        assert_eq!(report["outcome"], "fail", "{report:#}");
        assert!(rules(&report).contains(&"unexpected-listener"), "{report:#}");
    }

    /// Whoever reaches the gateway may bring a policy; it says by what is judged, and not what a
    /// function may connect to. `closed` is one whose operator allows it nothing.
    pub(crate) fn strangers_policy_opens_nothing(&self, closed: &str, subjects: &Subjects) {
        let question = json!({"image": subjects.good, "policy": {"body": subjects.policy}});
        let answer = self.gateway.invoke(closed, &question);
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains("no public address"), "{}", answer.text());
        assert!(answer.json()["remedy"].is_string(), "{}", answer.text());
    }

    fn ask(&self, function: &str, question: &Value) -> Value {
        let answer = self.gateway.invoke(function, question);
        succeeded(function, &answer);
        answer.json()
    }

    fn ask_later(&mut self, function: &str, question: &Value) -> Value {
        let call = self.gateway.invoke_async(function, question, self.callbacks.url());
        let called_back = self.callbacks.of(&call);
        assert_eq!(called_back.header("x-function-name"), function);
        assert_eq!(called_back.header("x-function-status"), "200", "{called_back:?}");
        called_back.json()
    }
}

fn succeeded(function: &str, answer: &Answer) {
    assert_eq!(answer.status, 200, "{function}: {}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/json", "{function}");
}

/// Rejected, by each check for its own reason, and no reason without a remedy.
pub(crate) fn is_rejected(verdict: &Value) {
    assert_eq!(verdict["outcome"], "rejected", "{verdict:#}");
    for (check, rule) in CHECKS {
        let report = reports(verdict).find(|it| it["check"] == check);
        let report = report.unwrap_or_else(|| panic!("{check} is missing: {verdict:#}"));
        assert!(rules(report).contains(&rule), "{check}: {report:#}");
        for finding in report["findings"].as_array().unwrap() {
            assert!(!finding["remedy"].as_str().unwrap().is_empty(), "{finding:#}");
        }
    }
}

fn reports(verdict: &Value) -> impl Iterator<Item = &Value> {
    verdict["reports"].as_array().unwrap().iter()
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

/// The process of a function on this machine, as containerd knows it.
fn pid_of(function: &str, surroundings: &Surroundings) -> u32 {
    let tasks = run(Command::new("ctr").arg("--address").arg(&surroundings.containerd).args([
        "--namespace",
        "openfaas-fn",
        "tasks",
        "ls",
    ]));
    let pid = tasks.lines().find_map(|line| {
        let mut columns = line.split_whitespace();
        (columns.next()? == function).then(|| columns.next()?.parse().ok())?
    });
    pid.unwrap_or_else(|| panic!("containerd has no task {function}:\n{tasks}"))
}
