//! A Dockerfile: the images that its build uses.
#![no_main]

use openfaas::dockerfile::{BuildArguments, used_images};
use verdict::Platform;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let platform = Platform::linux_amd64();
    let arguments =
        BuildArguments { values: Default::default(), target: platform.clone(), host: platform };
    used_images(text, &arguments).ok();
});
