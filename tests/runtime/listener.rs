//! What runs in the container: it listens on the port that it is given and holds files open.

use std::fs::File;
use std::net::TcpListener;

fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    let _listener = TcpListener::bind(("0.0.0.0", port)).unwrap();
    let _kept = File::create("/tmp/kept").unwrap();
    let _gone = File::create("/tmp/gone").unwrap();
    std::fs::remove_file("/tmp/gone").unwrap();
    println!("ready");
    loop {
        std::thread::park();
    }
}
