//! Reads a script into its tree, by recursive descent.

mod command;
mod expression;
mod primary;
mod statement;
mod text;

use crate::fault::Stop;
use crate::lexer::Lexer;
use crate::syntax::{At, Body};

/// How deep brackets and blocks may nest.
const NESTING: usize = 60;

/// Reads one script.
pub struct Parser {
    pub(super) lexer: Lexer,
    nesting: usize,
}

/// Parses a whole script.
pub fn parse(script: &str) -> Result<Body, Stop> {
    let mut parser = Parser {
        lexer: Lexer::new(script),
        nesting: 0,
    };
    let parameters = parser.parameters()?;
    let statements = parser.statements()?;
    match parser.lexer.peek() {
        None => Ok(Body { parameters, statements }),
        Some(character) => Err(Stop::syntax(format!("unexpected `{character}`"), parser.at())),
    }
}

impl Parser {
    fn at(&self) -> At {
        self.lexer.at()
    }

    /// Reads something that may contain itself.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.nesting >= NESTING {
            return Err(Stop::Fault(format!(
                "the script nests deeper than {NESTING} at {}",
                self.at()
            )));
        }
        self.nesting += 1;
        let read = read(self);
        self.nesting -= 1;
        read
    }
}
