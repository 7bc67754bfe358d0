//! Who signed an image: cosign layouts, authorities, distinct outcomes.
