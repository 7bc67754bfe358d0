//! stack.yml, the Dockerfile behind it, the gateway client and the provider's types.
