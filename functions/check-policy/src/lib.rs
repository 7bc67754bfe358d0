//! Does the image meet the user's own rules?
