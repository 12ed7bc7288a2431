//! Commands and their arguments, where bare words are strings.

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{Argument, At, Command, Expression, ExpressionKind, Piece, Stage};

/// What ends a bare word.
const ENDS: &str = " \t\n;|&(){},<>";

impl Parser {
    pub(super) fn stage(&mut self) -> Result<Stage, Stop> {
        let at = self.at();
        let next = self.lexer.ahead(1);
        match self.lexer.peek() {
            Some('&') | Some('.') if self.lexer.peek() == Some('&') || next == Some(' ') => {
                let dotted = self.lexer.peek() == Some('.');
                self.lexer.position += 1;
                self.lexer.skip_blanks()?;
                let name = self.argument_value()?;
                self.command(name, dotted, at)
            }
            Some(first) if first.is_alphabetic() || "_%?\\/.".contains(first) && !starts_number(first, next) => {
                let name = self.bare_word()?;
                self.command(name, false, at)
            }
            _ => {
                let expression = self.nested(Self::expression)?;
                self.lexer.skip_blanks()?;
                while self.redirection()?.is_some() {
                    self.lexer.skip_blanks()?;
                }
                Ok(Stage::Expression(expression))
            }
        }
    }

    fn command(&mut self, name: Expression, dotted: bool, at: At) -> Result<Stage, Stop> {
        let (arguments, silent) = self.command_arguments()?;
        Ok(Stage::Command(Command {
            at,
            name,
            arguments,
            silent,
            dotted,
        }))
    }

    /// Reads a redirection where one comes next; true where errors go nowhere.
    fn redirection(&mut self) -> Result<Option<bool>, Stop> {
        let at = self.at();
        let (stream, skip) = match (self.lexer.peek(), self.lexer.ahead(1)) {
            (Some('>'), _) => ('1', 1),
            (Some(stream @ ('1'..='6' | '*')), Some('>')) => (stream, 2),
            _ => return Ok(None),
        };
        self.lexer.position += skip;
        let append = self.lexer.eat(">");
        if self.lexer.peek() == Some('&') {
            return Err(Stop::unsupported("merging of streams", at));
        }
        self.lexer.skip_blanks()?;
        let target = self.argument_value()?;
        let nowhere = matches!(&target.kind, ExpressionKind::Variable(name) if name == "null");
        if !nowhere && stream != '1' {
            return Err(Stop::unsupported("redirection of this stream to a file", at));
        }
        if !matches!(stream, '1' | '2' | '*') {
            return Err(Stop::unsupported("redirection of this stream", at));
        }
        if stream != '2' {
            let name = if nowhere { "out-null" } else { "out-file" };
            let mut arguments = Vec::new();
            if !nowhere {
                arguments.push(Argument::Value(target));
            }
            if append && !nowhere {
                arguments.push(Argument::Named {
                    name: "append".to_owned(),
                    value: None,
                    at,
                });
            }
            let pieces = vec![Piece::Plain(name.to_owned())];
            self.redirected = Some(Stage::Command(Command {
                at,
                name: Expression {
                    at,
                    kind: ExpressionKind::Text(pieces),
                },
                arguments,
                silent: false,
                dotted: false,
            }));
        }
        Ok(Some(stream != '1'))
    }

    fn command_arguments(&mut self) -> Result<(Vec<Argument>, bool), Stop> {
        let (mut arguments, mut silent) = (Vec::new(), false);
        loop {
            self.lexer.skip_blanks()?;
            let at = self.at();
            if let Some(mutes) = self.redirection()? {
                silent |= mutes;
                continue;
            }
            match self.lexer.peek() {
                None | Some('\n' | ';' | '|' | ')' | '}' | '&') => return Ok((arguments, silent)),
                Some('<') => return Err(Stop::unsupported("redirection of input", at)),
                Some('@')
                    if self
                        .lexer
                        .ahead(1)
                        .is_some_and(|next| next.is_alphabetic() || next == '_') =>
                {
                    self.lexer.position += 1;
                    let name = self.lexer.name().to_lowercase();
                    let kind = ExpressionKind::Variable(name);
                    arguments.push(Argument::Splat(Expression { at, kind }));
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

    pub(super) fn argument_value(&mut self) -> Result<Expression, Stop> {
        let start = self.lexer.position;
        match (self.lexer.peek(), self.lexer.ahead(1)) {
            (Some('\'' | '"' | '(' | '{'), _) | (Some('@'), Some('(' | '{' | '\'' | '"')) => self.nested(Self::primary),
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
        return (value.to_string() == word).then_some(ExpressionKind::Integer(value));
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    let plain = digits
        .chars()
        .all(|character| character.is_ascii_digit() || character == '.');
    let value = word.parse::<f64>().ok().filter(|_| plain)?;
    (value.to_string() == word).then_some(ExpressionKind::Double(value))
}
