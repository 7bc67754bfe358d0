//! policy.yml, waivers and the user's own Rego.

mod runtime;

pub use runtime::{
    CapabilityName, Demand, FunctionPattern, HostPattern, IdRange, PathPattern, PatternError,
    RuntimeAllowance, RuntimePolicy, RuntimeRules, SocketPattern, SocketPatternError, Transport,
};
