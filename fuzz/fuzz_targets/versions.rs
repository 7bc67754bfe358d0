//! Two versions of anybody's writing, a line each: every order answers both ways round, and alike.
#![no_main]

use advisories::VersionOrder::{Apk, Dpkg, Pep440, Rpm, Semver};

libfuzzer_sys::fuzz_target!(|versions: &str| {
    let (a, b) = versions.split_once('\n').unwrap_or((versions, ""));
    for order in [Apk, Dpkg, Rpm, Semver, Pep440] {
        let back = order.compare(b, a).map(std::cmp::Ordering::reverse);
        assert_eq!(order.compare(a, b), back, "{a:?} and {b:?} by {order:?}");
    }
});
