//! Who signed this image, and is that who the policy trusts?
