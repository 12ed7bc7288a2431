//! Why a script stops before its end.

use std::rc::Rc;

use crate::syntax::At;
use crate::value::Value;

/// The exception that stands for most errors of a running script.
pub const RUNTIME: &str = "System.Management.Automation.RuntimeException";

/// What `catch` gets to see.
#[derive(Debug)]
pub struct ErrorRecord {
    /// The full names of the exception's type and of those it wraps.
    pub types: Vec<String>,
    pub message: String,
    pub id: String,
    /// What was thrown, where it was no text.
    pub target: Value,
    pub at: At,
}

/// Why a script, or a part of it, stops.
#[derive(Debug)]
pub enum Stop {
    Return,
    /// With the label of the loop that is meant.
    Break(Option<String>),
    Continue(Option<String>),
    Exit(i32),
    /// An error, which `catch` sees.
    Thrown {
        error: Rc<ErrorRecord>,
        /// Whether only the statement ends, where nothing catches it and errors do not stop the script.
        soft: bool,
    },
    /// What the simulation cannot or will not do; never caught.
    Fault(String),
    /// The task was told to stop; never caught, and `finally` blocks run.
    Told,
    /// `Select-Object -First` has what it wants from the pipeline with this number.
    Enough(u64),
}

/// What is wrong with values, before anyone knows where in the script.
#[derive(Debug)]
pub enum Wrong {
    /// The simulation does not do it.
    Unsupported(String),
    /// PowerShell reports it, with the types of the exception.
    Error(Vec<&'static str>, String),
}

impl Wrong {
    pub fn unsupported(what: impl Into<String>) -> Self {
        Wrong::Unsupported(what.into())
    }

    pub fn error(message: impl Into<String>) -> Self {
        Wrong::Error(vec![RUNTIME], message.into())
    }

    pub fn typed(types: &[&'static str], message: impl Into<String>) -> Self {
        Wrong::Error(types.to_vec(), message.into())
    }

    /// The same, at a place.
    pub fn at(self, at: At) -> Stop {
        match self {
            Wrong::Unsupported(what) => Stop::unsupported(what, at),
            Wrong::Error(types, message) => Stop::Thrown {
                error: Rc::new(ErrorRecord {
                    types: types.into_iter().map(str::to_owned).collect(),
                    id: "RuntimeException".to_owned(),
                    message,
                    target: Value::Null,
                    at,
                }),
                soft: true,
            },
        }
    }
}

impl Stop {
    pub fn unsupported(what: impl AsRef<str>, at: At) -> Self {
        Stop::Fault(format!("unsupported: {} at {at}", what.as_ref()))
    }

    pub fn syntax(what: impl AsRef<str>, at: At) -> Self {
        Stop::Fault(format!("syntax: {} at {at}", what.as_ref()))
    }

    /// An error that ends the statement.
    pub fn error(message: impl Into<String>, at: At) -> Self {
        Wrong::error(message).at(at)
    }
}
