//! The kernel's text formats that a snapshot reads, parts of which the container writes.
#![no_main]

use snapshot::parse::{fdinfo, link, maps, mountinfo, sockets, stat, status};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = stat::stat(bytes);
    let _ = status::status(bytes);
    let _ = fdinfo::fdinfo(bytes);
    let _ = link::link(bytes);
    for line in bytes.split(|&byte| byte == b'\n') {
        let _ = maps::map_line(line);
        let _ = mountinfo::mount_line(line);
        for (_, table) in sockets::TABLES {
            let _ = sockets::socket_line(table, line);
        }
    }
});
