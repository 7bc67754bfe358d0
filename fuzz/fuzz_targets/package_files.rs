//! Package databases and metadata: any bytes are packages or trouble. The first line is the path
//! at which the rest lies.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut halves = bytes.splitn(2, |&byte| byte == b'\n');
    let (Some(path), Some(mut content)) = (halves.next(), halves.next()) else { return };
    inventory::read_file(path, &mut content);
});
