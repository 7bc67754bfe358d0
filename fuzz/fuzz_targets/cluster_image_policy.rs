//! ClusterImagePolicies of anybody's making: what is imported can be written as a policy.
#![no_main]

use policy::import::{cluster_image_policies, to_yaml};

libfuzzer_sys::fuzz_target!(|yaml: &str| {
    if let Ok(signatures) = cluster_image_policies(yaml) {
        assert!(to_yaml(&signatures).is_ok());
    }
});
