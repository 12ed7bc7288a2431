//! Strings.

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{Expression, ExpressionKind, Piece};

impl Parser {
    /// Reads a string of any of the four kinds.
    pub(super) fn text(&mut self) -> Result<Vec<Piece>, Stop> {
        let at = self.at();
        if self.lexer.eat("@'") || self.lexer.starts_with("@\"") {
            let expanding = self.lexer.eat("@\"");
            self.lexer.skip_blanks()?;
            self.lexer.expect("\n")?;
            return match expanding {
                true => self.pieces("\n\"@", true),
                false => self.verbatim("\n'@"),
            };
        }
        if self.lexer.eat("\"") {
            return self.pieces("\"", false);
        }
        self.lexer.expect("'")?;
        let mut text = String::new();
        loop {
            match self.lexer.next() {
                Some('\'') if self.lexer.eat("'") => text.push('\''),
                Some('\'') => return Ok(vec![Piece::Plain(text)]),
                Some(character) => text.push(character),
                None => return Err(Stop::syntax("a string without its end", at)),
            }
        }
    }

    fn verbatim(&mut self, end: &str) -> Result<Vec<Piece>, Stop> {
        let at = self.at();
        let mut text = String::new();
        // An empty here-string has no line of its own: the line end after the head is the one before the tail.
        if self.lexer.eat(end.trim_start()) {
            return Ok(Vec::new());
        }
        while !self.lexer.eat(end) {
            match self.lexer.next() {
                Some(character) => text.push(character),
                None => return Err(Stop::syntax("a here-string without its end", at)),
            }
        }
        Ok(vec![Piece::Plain(text)])
    }

    fn pieces(&mut self, end: &str, here: bool) -> Result<Vec<Piece>, Stop> {
        let at = self.at();
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        if here && self.lexer.eat("\"@") {
            return Ok(pieces);
        }
        loop {
            if !here && self.lexer.eat("\"\"") {
                plain.push('"');
                continue;
            }
            if self.lexer.eat(end) {
                pieces.push(Piece::Plain(plain));
                return Ok(pieces);
            }
            match self.lexer.peek() {
                None => return Err(Stop::syntax("a string without its end", at)),
                Some('`') => plain.push_str(&self.escape()?),
                Some('$') if self.expands() => {
                    pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    pieces.push(Piece::Value(self.expanded()?));
                }
                Some(character) => {
                    plain.push(character);
                    self.lexer.position += 1;
                }
            }
        }
    }

    /// Whether the `$` that comes next starts a value.
    pub(super) fn expands(&self) -> bool {
        self.lexer
            .ahead(1)
            .is_some_and(|next| next.is_alphanumeric() || "_({?$^".contains(next))
    }

    /// Reads `$name`, `${name}` or `$(…)`.
    pub(super) fn expanded(&mut self) -> Result<Expression, Stop> {
        let at = self.at();
        if !self.lexer.eat("$(") {
            return Ok(Expression {
                at,
                kind: ExpressionKind::Variable(self.variable()?),
            });
        }
        let statements = self.enclosed(Self::statements)?;
        self.lexer.expect(")")?;
        Ok(Expression {
            at,
            kind: ExpressionKind::Sub(statements),
        })
    }

    pub(super) fn escape(&mut self) -> Result<String, Stop> {
        let at = self.at();
        self.lexer.expect("`")?;
        Ok(match self.lexer.next() {
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('r') => "\r".to_owned(),
            Some('0') => "\0".to_owned(),
            Some('a') => "\u{7}".to_owned(),
            Some('b') => "\u{8}".to_owned(),
            Some('e') => "\u{1b}".to_owned(),
            Some('f') => "\u{c}".to_owned(),
            Some('v') => "\u{b}".to_owned(),
            Some('u') => {
                self.lexer.expect("{")?;
                let digits = self.lexer.name();
                self.lexer.expect("}")?;
                let letter = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                letter
                    .ok_or_else(|| Stop::syntax("an escape that is no character", at))?
                    .to_string()
            }
            Some(other) => other.to_string(),
            None => return Err(Stop::syntax("unexpected end of the script", at)),
        })
    }
}
