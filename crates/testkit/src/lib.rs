//! What tests stand on: image builder, registries, containers, a fake gateway. Never a dependency of the product.
