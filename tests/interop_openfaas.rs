//! The whole of it on a real OpenFaaS: the stock faas-cli on PATH lays the build folder that
//! testkit lays, deploys our stack to the OpenFaaS at `OPENFAAS_URL`, and every function answers
//! there. `make interop-openfaas` runs it; it is no part of `make test`, and fails where OpenFaaS
//! is missing.
//!
//! The provider must be faasd on this machine: images reach it through its containerd, and
//! functions reach the tests' registry through their network bridge.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and a long one says how far it is"
)]

mod interop;

use interop::callback::Callbacks;
use interop::claims::Claims;
use interop::deployment::Deployment;
use interop::gateway::Gateway;
use interop::registry::Registry;
use interop::stack::Stack;
use interop::subjects::{self, Subjects};
use interop::surroundings::Surroundings;
use interop::{judged, shrinkwrap, validate};

#[test]
fn faas_cli_lays_the_build_folders_that_testkit_lays() {
    shrinkwrap::holds(&Stack::ours());
}

#[test]
fn the_stack_runs_on_a_real_openfaas() {
    let surroundings = Surroundings::of_environment();
    let gateway = Gateway::reached(&surroundings);
    let stack = Stack::ours();
    stack.import(&surroundings);

    let address = Registry::free_address(&surroundings);
    let policy = subjects::policy(address);
    let deployment = Deployment::of(&stack, &gateway, &surroundings, &policy);
    let mut claims = Claims::default();
    claims.claim("every function is deployed and ready", || {
        stack.functions.keys().for_each(|name| gateway.wait_until_ready(name));
        deployment.is_listed_and_described();
    });
    // The bridge that the registry listens on is there once a function is.
    let registry = Registry::started(address);
    let subjects = Subjects::pushed(&registry, &policy);
    let mut callbacks = Callbacks::listening();
    let mut asked = judged::Asked { gateway: &gateway, callbacks: &mut callbacks };

    claims.claim("each check answers by its URL", || asked.checks_answer(&subjects));
    claims.claim("each check answers through the queue", || asked.checks_call_back(&subjects));
    claims.claim("the orchestrator accepts the good image", || asked.accepted(&subjects));
    claims.claim("the orchestrator rejects the bad one", || asked.rejected(&subjects));
    claims.claim("the orchestrator calls back with the verdict", || {
        asked.verdict_called_back(&subjects)
    });
    claims.claim("a running function is judged by what it does", || {
        asked.running_function_is_judged(&surroundings);
    });
    claims.claim("a stranger's policy opens no private address", || {
        asked.strangers_policy_opens_nothing(deployment.closed("verify-signature"), &subjects);
    });
    claims.claim("faas-cli validate judges in its own process", || {
        validate::in_its_own_process(&deployment.faas_cli, &subjects);
    });
    claims.claim("faas-cli validate --gateway lets the cluster judge", || {
        validate::on_the_cluster(&deployment.faas_cli, &subjects, &surroundings);
    });
    drop(deployment);
    claims.claim("nothing is left deployed", || {
        assert!(stack.functions.keys().all(|name| gateway.function(name).is_none()));
    });
    claims.judge();
}
