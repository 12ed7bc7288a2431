//! Reads a script into its tree, by recursive descent.

mod command;
mod expression;
mod parameters;
mod primary;
mod statement;
mod text;

use crate::fault::Stop;
use crate::lexer::Lexer;
use crate::syntax::{At, Body, Stage};

/// How deep brackets and blocks may nest.
const NESTING: usize = 60;

/// Reads one script.
pub struct Parser {
    pub(super) lexer: Lexer,
    nesting: usize,
    /// Whether a comma makes an array here.
    commas: bool,
    /// The name given to the loop that comes next.
    labelled: Option<String>,
    /// Where the output of the command just read goes.
    redirected: Option<Stage>,
}

/// Parses a whole script.
pub fn parse(script: &str) -> Result<Body, Stop> {
    let mut parser = Parser {
        lexer: Lexer::new(script),
        nesting: 0,
        commas: true,
        labelled: None,
        redirected: None,
    };
    let body = parser.blocks()?;
    match parser.lexer.peek() {
        None => Ok(body),
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

    /// Reads something in brackets, where commas make arrays again.
    fn enclosed<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        let before = std::mem::replace(&mut self.commas, true);
        let result = self.nested(read);
        self.commas = before;
        result
    }
}
