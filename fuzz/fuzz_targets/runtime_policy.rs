//! Socket patterns of policy.yml: what is read and written again is the same pattern.
#![no_main]

use policy::SocketPattern;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(pattern) = text.parse::<SocketPattern>() {
        let again = pattern.to_string().parse::<SocketPattern>();
        assert_eq!(again.ok(), Some(pattern));
    }
});
