//! policy.yml, waivers and the user's own Rego.
