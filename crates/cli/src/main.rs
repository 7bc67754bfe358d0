//! The program `faas-validator`.
fn main() {}
