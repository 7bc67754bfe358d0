//! Black-box tests: one file a promise.
