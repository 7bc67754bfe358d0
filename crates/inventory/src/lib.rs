//! Layers to packages: squash, package databases, languages; one file each.
