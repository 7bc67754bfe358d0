//! Images judged by the functions that are deployed behind a gateway.

use std::path::Path;
use std::time::Duration;

use event_bus::Question;
use jiff::{SignedDuration, Timestamp};
use oci_image::ImageError;
use openfaas::{Address, Call, FunctionName, Gateway, GatewayLimits};
use policy::Policy;
use tokio::runtime::Runtime;
use verdict::{
    Envelope, EnvelopeError, Finding, Platform, PolicyDocument, SealingKey, Verdict, common,
};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::judge::{self, Candidate, Judge};
use crate::round::Judging;
use crate::stack::Named;
use crate::surroundings;

const ORCHESTRATOR: &str = "orchestrator";
/// What is added to the time of a check for the gateway and the queue before it.
const TRAVEL_TIME: Duration = Duration::from_secs(15);

/// Who seals, as the functions see it.
const SOURCE: &str = "/cli";
/// How old a sealed answer may be.
const SEAL_AGE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// The functions behind a gateway.
pub(crate) struct Cluster {
    sealing: Option<Sealing>,
    gateway: Gateway,
    orchestrator: FunctionName,
    policy: Option<PolicyDocument>,
    parsed: Policy,
    runtime: Runtime,
}

/// What a sealed question takes: the key, and a way to resolve the image before it is asked about.
struct Sealing {
    key: SealingKey,
    resolver: Judge,
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
    #[error("image cannot be resolved")]
    Image(#[source] ImageError),
    #[error("no random nonce could be had: {0}")]
    Nonce(getrandom::Error),
    #[error("the question or its answer is not sealed as it ought to be")]
    Seal(#[source] EnvelopeError),
    #[error("the orchestrator's answer is no verdict")]
    Malformed(#[source] serde_json::Error),
    #[error("the orchestrator's verdict is about {found}, and {asked} was asked about")]
    OtherImage { asked: String, found: String },
}

impl Cluster {
    /// The gateway that is named, by faas-cli's rules. A policy that is named goes along with
    /// each question; without one the orchestrator's own holds. With the installation's key the
    /// questions are sealed, and only sealed answers count: what a bare one says anybody could
    /// have said who stands between here and the function.
    pub(crate) fn new(
        flag: &str,
        stack: Option<&str>,
        policy: Option<&Path>,
        key: Option<&Path>,
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
        let sealing = match key {
            Some(path) => {
                let (key, resolver) = (sealing_key(path)?, Judge::for_inventory(policy)?);
                Some(Sealing { key, resolver })
            }
            None => None,
        };
        let policy = policy.map(|path| judge::document(Some(path))).transpose()?;
        let parsed = match &policy {
            Some(document) => judge::parsed(document)?,
            None => Policy::default(),
        };
        let runtime = Runtime::new().map_err(|error| unusable(&error))?;
        Ok(Self { sealing, gateway, orchestrator, policy, parsed, runtime })
    }

    fn ask(&self, candidate: &Candidate, platform: &Platform) -> Result<Verdict, NoVerdict> {
        let verdict = match &self.sealing {
            Some(sealing) => self.ask_sealed(sealing, candidate, platform)?,
            None => self.ask_bare(candidate, platform)?,
        };
        if verdict.subject.declared != candidate.image {
            let (asked, found) = (candidate.image.clone(), verdict.subject.declared);
            return Err(NoVerdict::OtherImage { asked, found });
        }
        Ok(verdict)
    }

    fn ask_sealed(
        &self,
        sealing: &Sealing,
        candidate: &Candidate,
        platform: &Platform,
    ) -> Result<Verdict, NoVerdict> {
        let Sealing { key, resolver } = sealing;
        let image = resolver.open_candidate(candidate, platform).map_err(NoVerdict::Image)?;
        let request = resolver.request(candidate, platform, &image);
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(NoVerdict::Nonce)?;
        let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let envelope = Envelope::seal(&request, SOURCE, &nonce, Timestamp::now(), key)
            .map_err(NoVerdict::Seal)?;
        let body = serde_json::to_vec(&envelope)
            .map_err(|error| NoVerdict::Question(self.gateway.address().to_string(), error))?;
        let reply = self.call(body, "application/cloudevents+json")?;
        Envelope::parse(&reply)
            .and_then(|it| it.open_answer(key, Timestamp::now(), SEAL_AGE_MAX, &nonce))
            .map_err(NoVerdict::Seal)
    }

    fn ask_bare(&self, candidate: &Candidate, platform: &Platform) -> Result<Verdict, NoVerdict> {
        let name = self.gateway.address().to_string();
        let mut question = candidate.question(platform);
        question.policy.clone_from(&self.policy);
        let body = serde_json::to_vec::<Question>(&question)
            .map_err(|error| NoVerdict::Question(name, error))?;
        let reply = self.call(body, "application/json")?;
        serde_json::from_slice(&reply).map_err(NoVerdict::Malformed)
    }

    fn call(&self, body: Vec<u8>, media_type: &'static str) -> Result<Vec<u8>, NoVerdict> {
        let time_max = Duration::from_millis(self.parsed.limits.check_ms_max) + TRAVEL_TIME;
        let call = Call { body: body.into(), media_type, time_max, callback: None };
        let reply = self
            .runtime
            .block_on(self.gateway.invoke(&self.orchestrator, call))
            .map_err(|error| NoVerdict::Call(self.gateway.address().to_string(), error))?;
        if !reply.status.is_success() {
            let (status, told) = (reply.status.as_u16(), reply.told());
            return Err(NoVerdict::Refused { status, told });
        }
        Ok(reply.body.into())
    }
}

fn sealing_key(path: &Path) -> Result<SealingKey, Failure> {
    let wrong = |error: &dyn std::error::Error| {
        let what = format!("the validation key {} cannot be used", path.display());
        Failure::usage(what, "name the file that the secret `validation-key` was made of")
            .because(error)
    };
    let secret = std::fs::read(path).map_err(|error| wrong(&error))?;
    SealingKey::new(&secret).map_err(|error| wrong(&error))
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
