//! Names of images: what is read is written so that it is read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oci_image::{ImageError, Transport};

fuzz_target!(|text: &str| match text.parse::<Transport>() {
    Ok(transport) => {
        let again: Result<Transport, ImageError> = transport.to_string().parse();
        // A path may hold what ends it in the notation; a reference may not.
        if matches!(
            transport,
            Transport::Registry(_) | Transport::Daemon(_) | Transport::Anywhere(_)
        ) {
            assert_eq!(again.ok(), Some(transport));
        }
    }
    Err(error) => assert!(!error.remedy().is_empty()),
});
