//! stack.yml is deployed as faas-cli deploys it: PUT, POST of the same where there is no such
//! function yet, 202, secrets first.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use openfaas::stack::{Selection, Stack, StackFile, StackSource};
use openfaas::{
    Address, Credentials, Deployed, Deployment, FunctionName, Gateway, GatewayError, GatewayLimits,
    Secret,
};
use testkit::gateway::{FakeGateway, GatewaySettings};

/// All functions, as stack.yml names them.
const FUNCTIONS: [&str; 5] =
    ["check-policy", "check-runtime", "orchestrator", "scan-layers", "verify-signature"];

/// The keys of a deployment.
const KEYS: [&str; 10] = [
    "annotations",
    "envProcess",
    "envVars",
    "image",
    "labels",
    "limits",
    "readOnlyRootFilesystem",
    "requests",
    "secrets",
    "service",
];

async fn stack() -> Stack {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stack.yml");
    let file = StackFile::read(&StackSource::File(root)).await.unwrap();
    let prefix = |name: &str| (name == "OPENFAAS_PREFIX").then(|| "registry.example/of".to_owned());
    file.stack(Some(&prefix), &Selection::All).unwrap()
}

fn deployments(stack: &Stack) -> Vec<Deployment> {
    let none = BTreeMap::new();
    stack.functions.iter().map(|(name, it)| it.deployment(name, &none, Some("./main"))).collect()
}

fn guarded() -> FakeGateway {
    let basic_auth = Some(("admin".to_owned(), "s3cret".to_owned()));
    FakeGateway::start_with(GatewaySettings { basic_auth, ..GatewaySettings::default() })
}

fn client(gateway: &FakeGateway, credentials: Option<Credentials>) -> Gateway {
    let address = Address::parse(&gateway.url()).unwrap();
    Gateway::new(address, credentials, GatewayLimits::default()).unwrap()
}

async fn make_secrets(client: &Gateway, stack: &Stack) {
    for name in stack.functions.values().flat_map(|function| &function.secrets) {
        let secret = Secret { name: name.clone(), value: "{}".to_owned(), ..Secret::default() };
        client.put_secret(&secret).await.unwrap();
    }
}

#[tokio::test]
async fn every_function_is_created_and_then_updated() {
    let (gateway, stack) = (guarded(), stack().await);
    let client = client(&gateway, Some(Credentials::basic("admin", "s3cret")));
    assert!(stack.functions.keys().eq(FUNCTIONS), "{:?}", stack.functions.keys());
    make_secrets(&client, &stack).await;
    for expect in [Deployed::Created, Deployed::Updated] {
        for deployment in deployments(&stack) {
            assert_eq!(client.deploy(&deployment).await.unwrap(), expect, "{}", deployment.service);
        }
    }
    let to_functions: Vec<_> = gateway
        .orders()
        .into_iter()
        .filter(|(order, _)| order.ends_with("/system/functions"))
        .collect();
    let first =
        [("PUT /system/functions".to_owned(), 404), ("POST /system/functions".to_owned(), 202)];
    assert_eq!(to_functions[..2], first);
    assert_eq!(to_functions.len(), 3 * FUNCTIONS.len());
    let names: Vec<_> = client.list(None).await.unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, FUNCTIONS);
}

#[tokio::test]
async fn what_is_deployed_is_read_only_keyed_and_of_the_named_registry() {
    let (gateway, stack) = (guarded(), stack().await);
    let client = client(&gateway, Some(Credentials::basic("admin", "s3cret")));
    make_secrets(&client, &stack).await;
    for deployment in deployments(&stack) {
        client.deploy(&deployment).await.unwrap();
    }
    let deployed = gateway.deployments();
    for name in FUNCTIONS {
        let sent = &deployed[name];
        assert_eq!(sent["readOnlyRootFilesystem"], true, "{sent}");
        assert!(sent["image"].as_str().unwrap().starts_with("registry.example/of/"), "{sent}");
        let secrets = sent["secrets"].as_array().unwrap();
        assert!(secrets.contains(&"validation-key".into()), "{sent}");
        assert!(sent["limits"]["memory"].is_string(), "{sent}");
        // The very keys that faas-cli sends (seen of 0.18 with this file).
        let keys: Vec<_> = sent.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, KEYS, "{sent}");
    }
    let name: FunctionName = "scan-layers".parse().unwrap();
    client.delete(&name).await.unwrap();
    assert_eq!(client.get(&name).await.unwrap(), None);
}

#[tokio::test]
async fn what_the_gateway_says_reaches_the_user() {
    let (gateway, stack) = (guarded(), stack().await);
    let deployment = &deployments(&stack)[0];
    let known = client(&gateway, Some(Credentials::basic("admin", "s3cret")));
    let error = known.deploy(deployment).await.unwrap_err();
    assert!(error.to_string().contains("unable to find secret"), "{error}");
    let stranger = client(&gateway, None);
    let error = stranger.deploy(deployment).await.unwrap_err();
    let GatewayError::Refused { status, .. } = error else { panic!("{error}") };
    assert_eq!(status.as_u16(), 401);
    assert!(gateway.deployments().is_empty());
}
