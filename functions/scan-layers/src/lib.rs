//! Which vulnerable packages are in the image's layers?
