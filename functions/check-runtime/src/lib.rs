//! Does the running container do only what the policy lets it do?
