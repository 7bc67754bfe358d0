//! Which checks does this subject need, and what do their reports add up to?
