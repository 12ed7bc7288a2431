//! Reads characters: white space, comments, words and numbers. PowerShell's tokens depend on where they stand, so the
//! parser asks for the token it needs instead of taking a list of them.

use crate::fault::Stop;
use crate::syntax::At;

/// A position in the script.
pub struct Lexer {
    text: Vec<char>,
    pub position: usize,
}

impl Lexer {
    pub fn new(script: &str) -> Self {
        Lexer {
            text: script.replace("\r\n", "\n").chars().collect(),
            position: 0,
        }
    }

    pub fn at(&self) -> At {
        let before = &self.text[..self.position.min(self.text.len())];
        let line = before.iter().filter(|character| **character == '\n').count() + 1;
        let column = before.iter().rev().take_while(|character| **character != '\n').count() + 1;
        At { line, column }
    }

    /// The text from a place up to here.
    pub fn slice(&self, start: usize) -> String {
        self.text[start..self.position].iter().collect()
    }

    pub fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    pub fn ahead(&self, by: usize) -> Option<char> {
        self.text.get(self.position + by).copied()
    }

    pub fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += 1;
        Some(character)
    }

    pub fn starts_with(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(by, character)| self.ahead(by) == Some(character))
    }

    /// Takes this text where it comes next.
    pub fn eat(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.position += text.chars().count();
        }
        found
    }

    pub fn expect(&mut self, text: &str) -> Result<(), Stop> {
        match self.eat(text) {
            true => Ok(()),
            false => Err(Stop::syntax(format!("expected `{text}`"), self.at())),
        }
    }

    /// Skips blanks, continued lines and comments, but no end of line.
    pub fn skip_blanks(&mut self) -> Result<(), Stop> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\u{feff}') => self.position += 1,
                Some('`') if self.ahead(1) == Some('\n') => self.position += 2,
                Some('#') => {
                    while self.peek().is_some_and(|character| character != '\n') {
                        self.position += 1;
                    }
                }
                Some('<') if self.ahead(1) == Some('#') => self.skip_block_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn skip_block_comment(&mut self) -> Result<(), Stop> {
        let at = self.at();
        while !self.eat("#>") {
            if self.next().is_none() {
                return Err(Stop::syntax("a comment without its end", at));
            }
        }
        Ok(())
    }

    /// Skips blanks and ends of lines.
    pub fn skip_lines(&mut self) -> Result<(), Stop> {
        self.skip_blanks()?;
        while self.eat("\n") {
            self.skip_blanks()?;
        }
        Ok(())
    }

    /// Skips blanks, ends of lines and semicolons.
    pub fn skip_separators(&mut self) -> Result<(), Stop> {
        self.skip_lines()?;
        while self.eat(";") {
            self.skip_lines()?;
        }
        Ok(())
    }

    /// Takes letters, digits and `_`.
    pub fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(character) = self
            .peek()
            .filter(|character| character.is_alphanumeric() || *character == '_')
        {
            name.push(character);
            self.position += 1;
        }
        name
    }

    /// Takes a keyword, whole and whatever its case.
    pub fn keyword(&mut self, word: &str) -> bool {
        let start = self.position;
        if self.name().eq_ignore_ascii_case(word) && self.peek() != Some('-') {
            return true;
        }
        self.position = start;
        false
    }

    /// Takes an operator such as `-eq` out of a list.
    pub fn dashed(&mut self, operators: &[&str]) -> Option<String> {
        let start = self.position;
        if self.eat("-") {
            let name = self.name().to_ascii_lowercase();
            if operators.contains(&name.as_str()) {
                return Some(name);
            }
        }
        self.position = start;
        None
    }
}
