//! Images judged by the functions that are deployed behind a gateway.

use std::path::Path;
use std::time::Duration;

use event_bus::Question;
use openfaas::{Address, Call, FunctionName, Gateway, GatewayLimits};
use policy::Policy;
use tokio::runtime::Runtime;
use verdict::{Finding, Platform, PolicyDocument, Verdict, common};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::judge::{self, Candidate};
use crate::round::Judging;
use crate::stack::Named;
use crate::surroundings;

const ORCHESTRATOR: &str = "orchestrator";
/// What is added to the time of a check for the gateway and the queue before it.
const TRAVEL_TIME: Duration = Duration::from_secs(15);

/// The functions behind a gateway.
pub(crate) struct Cluster {
    gateway: Gateway,
    orchestrator: FunctionName,
    policy: Option<PolicyDocument>,
    parsed: Policy,
    runtime: Runtime,
}

/// Why a gateway gave no verdict.
#[derive(Debug, thiserror::Error)]
enum NoVerdict {
    #[error("gateway {0} was not asked")]
    Question(String, #[source] serde_json::Error),
    #[error("gateway {0} gave no answer")]
    Call(String, #[source] openfaas::GatewayError),
    #[error("the orchestrator answers {status}: {told}")]
    Refused { status: u16, told: String },
    #[error("the orchestrator's answer is no verdict")]
    Malformed(#[source] serde_json::Error),
    #[error("the orchestrator's verdict is about {found}, and {asked} was asked about")]
    OtherImage { asked: String, found: String },
}

impl Cluster {
    /// The gateway that is named, by faas-cli's rules. A policy that is named goes along with
    /// each question; without one the orchestrator's own holds.
    pub(crate) fn new(
        flag: &str,
        stack: Option<&str>,
        policy: Option<&Path>,
    ) -> Result<Self, Failure> {
        let environment = surroundings::variable("OPENFAAS_URL");
        let address = Address::choose(Some(flag), stack, environment.as_deref());
        let address = address.map_err(|error| {
            Failure::usage(
                "the gateway has no address that can be used",
                "name it as http(s)://HOST[:PORT]",
            )
            .because(&error)
        })?;
        let unusable = |error: &dyn std::error::Error| {
            Failure::usage("the gateway cannot be asked", "see that it can be reached")
                .because(error)
        };
        // Function routes take no credentials, and none are sent.
        let gateway = Gateway::new(address, None, GatewayLimits::default())
            .map_err(|error| unusable(&error))?;
        let orchestrator =
            ORCHESTRATOR.parse::<FunctionName>().map_err(|error| unusable(&error))?;
        let policy = policy.map(|path| judge::document(Some(path))).transpose()?;
        let parsed = match &policy {
            Some(document) => judge::parsed(document)?,
            None => Policy::default(),
        };
        let runtime = Runtime::new().map_err(|error| unusable(&error))?;
        Ok(Self { gateway, orchestrator, policy, parsed, runtime })
    }

    fn ask(&self, candidate: &Candidate, platform: &Platform) -> Result<Verdict, NoVerdict> {
        let name = self.gateway.address().to_string();
        let mut question = candidate.question(platform);
        question.policy.clone_from(&self.policy);
        let body = serde_json::to_vec::<Question>(&question)
            .map_err(|error| NoVerdict::Question(name.clone(), error))?;
        let time_max = Duration::from_millis(self.parsed.limits.check_ms_max) + TRAVEL_TIME;
        let call =
            Call { body: body.into(), media_type: "application/json", time_max, callback: None };
        let reply = self
            .runtime
            .block_on(self.gateway.invoke(&self.orchestrator, call))
            .map_err(|error| NoVerdict::Call(name, error))?;
        if !reply.status.is_success() {
            let (status, told) = (reply.status.as_u16(), reply.told());
            return Err(NoVerdict::Refused { status, told });
        }
        let verdict: Verdict = serde_json::from_slice(&reply.body).map_err(NoVerdict::Malformed)?;
        if verdict.subject.declared != candidate.image {
            let (asked, found) = (candidate.image.clone(), verdict.subject.declared);
            return Err(NoVerdict::OtherImage { asked, found });
        }
        Ok(verdict)
    }
}

impl Judging for Cluster {
    fn answer(&self, candidate: &Candidate, platform: &Platform) -> Answer {
        match self.ask(candidate, platform) {
            Ok(verdict) => Answer::Judged(Box::new(verdict)),
            Err(error) => {
                let remedy = "see that the orchestrator is deployed behind the gateway (faas-cli list) and that the image is in a registry which it can reach";
                let finding = Finding::could_not(&common::CHECK_FAILED, &error).remedy(remedy);
                let function = candidate.function.as_deref();
                Answer::unresolved(function, &candidate.image, finding, self.parsed.on_undecided)
            }
        }
    }

    fn unresolved(&self, named: &Named, finding: Finding) -> Answer {
        let function = Some(named.function.as_str());
        Answer::unresolved(function, &named.written, finding, self.parsed.on_undecided)
    }
}
