//! The vulnerability database: OSV records to one memory-mapped index to matches.
