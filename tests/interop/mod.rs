//! What the tests against a real OpenFaaS stand on: the surroundings they are told of by the
//! environment, the stock faas-cli, the gateway, a listener for callbacks and a registry that
//! functions reach.

pub(crate) mod callback;
pub(crate) mod claims;
pub(crate) mod deployment;
pub(crate) mod faas_cli;
pub(crate) mod gateway;
pub(crate) mod judged;
pub(crate) mod program;
pub(crate) mod registry;
pub(crate) mod shrinkwrap;
pub(crate) mod stack;
pub(crate) mod subjects;
pub(crate) mod surroundings;
pub(crate) mod validate;
