//! rpm's databases: any bytes that begin as one of the formats are packages or trouble. The first
//! byte says which format, and the second what it says of its pages.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [format, shape, rest @ ..] = bytes else { return };
    let mut database = rest.to_vec();
    let mut set = |at: usize, with: &[u8]| {
        if let Some(place) = database.get_mut(at..at + with.len()) {
            place.copy_from_slice(with);
        }
    };
    let page_bytes = 512_u32 << (shape % 8);
    match format % 4 {
        0 => {
            set(0, b"SQLite format 3\0");
            set(16, &u16::try_from(page_bytes).unwrap_or(1).to_be_bytes());
        }
        1 => {
            set(12, &0x0006_1561_u32.to_le_bytes());
            set(20, &page_bytes.to_le_bytes());
            set(24, &[0]);
        }
        2 => {
            set(12, &0x0006_1561_u32.to_be_bytes());
            set(20, &page_bytes.to_be_bytes());
            set(24, &[0]);
        }
        _ => set(0, b"RpmP\0\0\0\0"),
    }
    let path = b"var/lib/rpm/Packages";
    assert!(inventory::read_file(path, &mut database.as_slice()).is_some());
});
