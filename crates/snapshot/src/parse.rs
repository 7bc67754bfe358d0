//! Readers of the kernel's text formats. Each takes bytes and never fails by panicking; parts of
//! them (names, paths) are written by the container.

pub mod fdinfo;
pub mod link;
pub mod maps;
pub mod mountinfo;
pub mod sockets;
pub mod stat;
pub mod status;
