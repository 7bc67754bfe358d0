//! policy.yml: any bytes are a policy or an error with a remedy.
#![no_main]

use policy::Policy;
use verdict::PolicyDocument;

libfuzzer_sys::fuzz_target!(|body: &str| {
    let document = PolicyDocument { body: body.to_owned(), files: Default::default() };
    for fault in Policy::faults(&document) {
        assert!(!fault.remedy().is_empty(), "{fault}");
    }
});
