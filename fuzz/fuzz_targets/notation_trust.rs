//! Trust policies, trust stores and names as they are typed: they are refused or read, and nothing
//! panics.
#![no_main]

use signature::{DistinguishedName, NotationTrust};

const POLICY: &str = include_str!("../corpus/notation_trust/trustpolicy.json");
const ROOT: &str = include_str!("../../tests/vectors/notation/es256-root.pem");

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(name) = DistinguishedName::parse(text) {
        let _ = name.to_string();
    }
    let Ok(now) = "2026-12-01T00:00:00Z".parse() else { return };
    for (policy, store) in [(text, ROOT), (POLICY, text)] {
        let stores = [("ca:acme".to_owned(), store.to_owned())].into();
        if let Ok(trust) = NotationTrust::read(policy, &stores, "registry.example/fn", now) {
            let _ = trust.unsafe_options();
        }
    }
});
