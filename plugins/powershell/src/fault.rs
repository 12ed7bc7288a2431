//! Why a script stops before its end.

use crate::syntax::At;

/// Why a script, or a part of it, stops.
#[derive(Debug)]
pub enum Stop {
    Return,
    Break,
    Continue,
    Exit(i32),
    /// A terminating error, which `catch` sees.
    Thrown {
        message: String,
        at: At,
    },
    /// What the simulation cannot or will not do; never caught.
    Fault(String),
    /// `Select-Object -First` has what it wants from the pipeline with this number.
    Enough(u64),
}

impl Stop {
    pub fn unsupported(what: impl AsRef<str>, at: At) -> Self {
        Stop::Fault(format!("unsupported: {} at {at}", what.as_ref()))
    }

    pub fn syntax(what: impl AsRef<str>, at: At) -> Self {
        Stop::Fault(format!("syntax: {} at {at}", what.as_ref()))
    }

    pub fn thrown(message: impl Into<String>, at: At) -> Self {
        Stop::Thrown {
            message: message.into(),
            at,
        }
    }
}
