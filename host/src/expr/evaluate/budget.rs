//! What one rendering may spend: steps, levels and bytes.

use std::cell::Cell;
use std::fmt;

use crate::expr::error::Problem;
use crate::expr::limits;
use crate::expr::value::Value;

/// The steps and levels left.
pub(in crate::expr) struct Budget {
    steps: Cell<u64>,
    level: Cell<usize>,
    /// Where the stack was when the rendering began.
    stack: usize,
}

impl Budget {
    pub(in crate::expr) fn new() -> Self {
        Self {
            steps: Cell::new(limits::STEPS),
            level: Cell::new(0),
            stack: stack_position(),
        }
    }

    /// Takes so many steps.
    pub(in crate::expr) fn spend(&self, steps: u64) -> Result<(), Problem> {
        match self.steps.get().checked_sub(steps) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => Err(Problem::limit("the template takes too long to evaluate")
                .with_hint("it loops too often, or over values that are too large")),
        }
    }

    /// Takes the steps that handling a value of this weight is worth.
    pub(in crate::expr) fn spend_on(&self, weight: usize) -> Result<(), Problem> {
        self.spend(1 + weight as u64 / 32)
    }

    /// Goes one level deeper.
    pub(super) fn enter(&self) -> Result<(), Problem> {
        let level = self.level.get();
        if level >= limits::EVALUATION || self.stack.abs_diff(stack_position()) > limits::STACK {
            return Err(Problem::limit("the evaluation is nested too deeply")
                .with_hint("a macro or `render` may be calling itself"));
        }
        self.level.set(level + 1);
        self.spend(1)
    }

    /// Comes back from a level.
    pub(super) fn leave(&self) {
        self.level.set(self.level.get().saturating_sub(1));
    }

    /// Lets a value in unless it has grown too large or too deep.
    pub(in crate::expr) fn admit(&self, value: Value) -> Result<Value, Problem> {
        let measure = value.measure();
        if measure.depth > limits::DEPTH {
            return Err(Problem::limit(format!(
                "the value is nested more than {} levels deep",
                limits::DEPTH
            )));
        }
        if measure.weight > limits::WEIGHT {
            return Err(Problem::limit(format!(
                "the value grows beyond {} bytes",
                limits::WEIGHT
            )));
        }
        Ok(value)
    }
}

/// About where the stack is, to tell how much of it is used.
#[inline(never)]
pub(in crate::expr) fn stack_position() -> usize {
    let marker = 0u8;
    std::ptr::from_ref(&marker).addr()
}

/// Writes into a text until it has grown too long.
pub(in crate::expr) struct Limited<'o>(pub &'o mut String);

impl fmt::Write for Limited<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > limits::OUTPUT {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
