//! One interface to run checks, several transports: embedded, gateway.
