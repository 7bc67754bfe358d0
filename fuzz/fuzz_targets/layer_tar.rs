//! A layer's tar: any bytes are entries or an error, within the limits.
#![no_main]

use std::io::Read;

use inventory::tar_walk::Walk;
use verdict::Limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let mut walk = Walk::new(bytes, &limits);
    while let Ok(Some(entry)) = walk.next_entry() {
        assert!(entry.name.len() as u64 <= u64::from(limits.path_bytes_max));
        let mut content = walk.content(&entry).take(1 << 20);
        let _ = std::io::copy(&mut content, &mut std::io::sink());
    }
});
