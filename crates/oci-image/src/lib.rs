//! Images, modelled once and fed from registries, daemons, layouts, archives and memory.
