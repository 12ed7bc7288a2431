//! Commands and their arguments, where bare words are strings.

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{Argument, Command, Expression, ExpressionKind, Piece, Stage};

/// What ends a bare word.
const ENDS: &str = " \t\n;|&(){},<>";

impl Parser {
    pub(super) fn stage(&mut self) -> Result<Stage, Stop> {
        let at = self.at();
        let next = self.lexer.ahead(1);
        match self.lexer.peek() {
            Some('&') | Some('.') if self.lexer.peek() == Some('&') || next == Some(' ') => {
                if self.lexer.eat(".") {
                    return Err(Stop::unsupported("dot-sourcing", at));
                }
                self.lexer.position += 1;
                self.lexer.skip_blanks()?;
                let name = self.argument_value()?;
                Ok(Stage::Command(Command {
                    at,
                    name,
                    arguments: self.command_arguments()?,
                }))
            }
            Some(first) if first.is_alphabetic() || "_%?\\/.".contains(first) && !starts_number(first, next) => {
                let name = self.bare_word()?;
                Ok(Stage::Command(Command {
                    at,
                    name,
                    arguments: self.command_arguments()?,
                }))
            }
            _ => Ok(Stage::Expression(self.nested(Self::expression)?)),
        }
    }

    fn command_arguments(&mut self) -> Result<Vec<Argument>, Stop> {
        let mut arguments = Vec::new();
        loop {
            self.lexer.skip_blanks()?;
            let at = self.at();
            match self.lexer.peek() {
                None | Some('\n' | ';' | '|' | ')' | '}' | '&') => return Ok(arguments),
                Some('>' | '<') => return Err(Stop::unsupported("redirection", at)),
                Some('1'..='6' | '*') if self.lexer.ahead(1) == Some('>') => {
                    return Err(Stop::unsupported("redirection", at));
                }
                Some('-') if self.lexer.ahead(1).is_some_and(|next| next.is_alphabetic()) => {
                    self.lexer.position += 1;
                    let name = self.lexer.name().to_lowercase();
                    let value = match self.lexer.eat(":") {
                        true => {
                            self.lexer.skip_blanks()?;
                            Some(self.argument()?)
                        }
                        false => None,
                    };
                    arguments.push(Argument::Named { name, value, at });
                }
                Some('-') if self.lexer.ahead(1) == Some('-') => return Err(Stop::unsupported("`--`", at)),
                Some(_) => arguments.push(Argument::Value(self.argument()?)),
            }
        }
    }

    /// Reads one argument, or a list of them joined by commas.
    fn argument(&mut self) -> Result<Expression, Stop> {
        let at = self.at();
        let mut items = vec![self.argument_value()?];
        loop {
            let end = self.lexer.position;
            self.lexer.skip_blanks()?;
            if !self.lexer.eat(",") {
                self.lexer.position = end;
                break;
            }
            self.lexer.skip_lines()?;
            items.push(self.argument_value()?);
        }
        match items.len() {
            1 => Ok(items.remove(0)),
            _ => Ok(Expression {
                at,
                kind: ExpressionKind::List(items),
            }),
        }
    }

    fn argument_value(&mut self) -> Result<Expression, Stop> {
        let start = self.lexer.position;
        match (self.lexer.peek(), self.lexer.ahead(1)) {
            (Some('\'' | '"' | '(' | '{'), _) | (Some('@'), Some('(' | '{' | '\'' | '"')) => self.nested(Self::primary),
            (Some('@'), _) => Err(Stop::unsupported("splatting", self.at())),
            (Some('$'), _) if self.expands() => {
                let value = self.nested(Self::primary)?;
                if self.lexer.peek().is_none_or(|next| ENDS.contains(next)) {
                    return Ok(value);
                }
                self.lexer.position = start;
                self.bare_word()
            }
            _ => self.bare_word(),
        }
    }

    fn bare_word(&mut self) -> Result<Expression, Stop> {
        let at = self.at();
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut literal = true;
        while let Some(character) = self.lexer.peek().filter(|character| !ENDS.contains(*character)) {
            match character {
                '`' => plain.push_str(&self.escape()?),
                '$' if self.expands() => {
                    pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    pieces.push(Piece::Value(self.expanded()?));
                    continue;
                }
                '\'' | '"' => {
                    literal = false;
                    pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    pieces.extend(self.text()?);
                    continue;
                }
                _ => {
                    plain.push(character);
                    self.lexer.position += 1;
                }
            }
        }
        if plain.is_empty() && pieces.is_empty() {
            return Err(Stop::syntax("expected an argument", at));
        }
        if let Some(kind) = number(&plain).filter(|_| literal && pieces.is_empty()) {
            return Ok(Expression { at, kind });
        }
        pieces.push(Piece::Plain(plain));
        Ok(Expression {
            at,
            kind: ExpressionKind::Text(pieces),
        })
    }
}

fn starts_number(first: char, next: Option<char>) -> bool {
    first == '.' && next.is_some_and(|next| next.is_ascii_digit())
}

/// The number that a bare word is. Its digits are kept only where they print the same again.
fn number(word: &str) -> Option<ExpressionKind> {
    if let Ok(value) = word.parse::<i64>() {
        return (value.to_string() == word && value.abs() < crate::value::LARGEST)
            .then_some(ExpressionKind::Integer(value));
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    let plain = digits
        .chars()
        .all(|character| character.is_ascii_digit() || character == '.');
    let value = word.parse::<f64>().ok().filter(|_| plain)?;
    (value.to_string() == word).then_some(ExpressionKind::Double(value))
}
