//! The gateway under test, through the same client that our orchestrator and watcher use, so that
//! the client meets a real gateway too.

use std::time::{Duration, Instant};

use http::HeaderMap;
use openfaas::{
    Address, Call, Credentials, Deployment, FunctionName, Gateway as Client, GatewayError,
    GatewayLimits, Status,
};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::surroundings::Surroundings;

/// A function's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("status {}, {error}: {}", self.status, self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The gateway.
pub(crate) struct Gateway {
    url: String,
    client: Client,
    runtime: Runtime,
}

impl Gateway {
    /// The gateway of these surroundings. Fails, with a remedy, when it does not answer.
    pub(crate) fn reached(surroundings: &Surroundings) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = Address::parse(&surroundings.openfaas_url).unwrap();
        let credentials = Credentials::basic("admin", &surroundings.password);
        let client = Client::new(address, Some(credentials), GatewayLimits::default()).unwrap();
        let gateway = Self { url: surroundings.openfaas_url.clone(), client, runtime };
        if let Err(error) = gateway.listed() {
            panic!(
                "{} does not list its functions: {error}; remedy: start OpenFaaS, and see \
                 OPENFAAS_URL and OPENFAAS_PASSWORD_FILE",
                surroundings.openfaas_url
            );
        }
        gateway
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What is deployed.
    pub(crate) fn listed(&self) -> Result<Vec<Status>, GatewayError> {
        self.runtime.block_on(self.client.list(None))
    }

    /// POSTs a question to `/function/<name>`.
    pub(crate) fn invoke(&self, function: &str, question: &Value) -> Answer {
        let name = FunctionName::new(function, None).unwrap();
        let invoked = self.client.invoke(&name, call(question, None));
        let reply = self.runtime.block_on(invoked).unwrap();
        Answer { status: reply.status.as_u16(), headers: reply.headers, body: reply.body.to_vec() }
    }

    /// POSTs a question to `/async-function/<name>`, the answer to go to `callback`; gives the
    /// call's id.
    pub(crate) fn invoke_async(&self, function: &str, question: &Value, callback: &str) -> String {
        let name = FunctionName::new(function, None).unwrap();
        let invoked = self.client.invoke_async(&name, call(question, Some(callback)));
        let reply = self.runtime.block_on(invoked).unwrap();
        reply.headers["x-call-id"].to_str().unwrap().to_owned()
    }

    /// What the provider says of a function; `None` when there is none.
    pub(crate) fn function(&self, name: &str) -> Option<Status> {
        let name = FunctionName::new(name, None).unwrap();
        self.runtime.block_on(self.client.get(&name)).unwrap()
    }

    /// Deploys a function.
    pub(crate) fn deploy(&self, deployment: &Deployment) {
        self.runtime.block_on(self.client.deploy(deployment)).unwrap();
    }

    /// Deletes a function and waits until the provider no longer has it.
    pub(crate) fn delete(&self, name: &str) {
        let function = FunctionName::new(name, None).unwrap();
        until(Duration::from_secs(30), &format!("{name} to be gone"), || {
            // faasd may answer 500 and have deleted it, or have left it with no replica: look,
            // and order again.
            let _ = self.runtime.block_on(self.client.delete(&function));
            self.function(name).is_none().then_some(())
        });
    }

    /// Waits until the provider counts a replica and the function itself answers: a body that is
    /// no question is turned away with 400.
    pub(crate) fn wait_until_ready(&self, function: &str) {
        until(Duration::from_secs(30), &format!("{function} to be ready"), || {
            let available = self.function(function)?.available_replicas;
            (available >= 1 && self.invoke(function, &Value::Null).status == 400).then_some(())
        });
    }
}

fn call(question: &Value, callback: Option<&str>) -> Call {
    Call {
        body: question.to_string().into(),
        media_type: "application/json",
        time_max: Duration::from_secs(70),
        callback: callback.map(|url| url.parse().unwrap()),
    }
}

/// Asks again and again, ten times a second, until there is an answer or the time is over.
pub(crate) fn until<T>(time: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + time;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {time:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
