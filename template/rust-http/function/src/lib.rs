//! The sample handler of the rust-http template.
