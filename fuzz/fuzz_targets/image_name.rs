//! Names of images: what is read is written so that it is read, and written, the same again.
#![no_main]

use oci_image::Transport;

libfuzzer_sys::fuzz_target!(|text: &str| match text.parse::<Transport>() {
    Ok(transport) => {
        // A path may hold what ends it in the notation; a reference may not.
        if matches!(
            transport,
            Transport::Registry(_) | Transport::Daemon(_) | Transport::Anywhere(_)
        ) {
            // A name alone is written with the tag that it means.
            let written = transport.to_string();
            let again = written.parse::<Transport>().map(|it| it.to_string());
            assert_eq!(again.ok(), Some(written));
        }
    }
    Err(error) => assert!(!error.remedy().is_empty()),
});
