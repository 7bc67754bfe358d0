//! What was seen in a container: processes, descriptors, sockets, capabilities.
