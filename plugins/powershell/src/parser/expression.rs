//! Operators, loosest first.

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{At, Expression, ExpressionKind};

const LOGICAL: &[&str] = &["and", "or", "xor"];
const COMPARING: &[&str] = &[
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "ieq",
    "ine",
    "ceq",
    "cne",
    "like",
    "notlike",
    "match",
    "notmatch",
    "contains",
    "notcontains",
    "in",
    "notin",
    "replace",
    "split",
    "join",
];
const UNSUPPORTED: &[&str] = &[
    "band",
    "bor",
    "bxor",
    "shl",
    "shr",
    "is",
    "isnot",
    "as",
    "cgt",
    "cge",
    "clt",
    "cle",
    "clike",
    "cmatch",
    "creplace",
    "csplit",
    "igt",
    "ilt",
    "ige",
    "ile",
    "ilike",
    "imatch",
    "ireplace",
    "isplit",
    "cnotlike",
    "cnotmatch",
    "ccontains",
    "cin",
    "bnot",
    "inotlike",
    "inotmatch",
    "icontains",
    "cnotcontains",
    "iin",
];

type Level = fn(&mut Parser) -> Result<Expression, Stop>;

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expression, Stop> {
        let left = self.binary(LOGICAL, |parser| parser.binary(COMPARING, Self::additive))?;
        self.lexer.skip_blanks()?;
        let at = self.at();
        if let Some(operator) = self.lexer.dashed(UNSUPPORTED) {
            return Err(Stop::unsupported(format!("the operator `-{operator}`"), at));
        }
        if matches!(self.lexer.peek(), Some('?')) {
            return Err(Stop::unsupported("the operator `?`", at));
        }
        Ok(left)
    }

    /// Reads a default value, where a comma ends it.
    pub(super) fn expression_without_commas(&mut self) -> Result<Expression, Stop> {
        self.unary()
    }

    fn binary(&mut self, operators: &[&str], next: Level) -> Result<Expression, Stop> {
        let mut left = next(self)?;
        loop {
            self.lexer.skip_blanks()?;
            let at = self.at();
            let Some(operator) = self.lexer.dashed(operators) else {
                return Ok(left);
            };
            self.lexer.skip_lines()?;
            left = join(operator, left, next(self)?, at);
        }
    }

    fn additive(&mut self) -> Result<Expression, Stop> {
        self.symbols(&['+', '-'], |parser| parser.symbols(&['*', '/', '%'], Self::format))
    }

    fn symbols(&mut self, symbols: &[char], next: Level) -> Result<Expression, Stop> {
        let mut left = next(self)?;
        loop {
            self.lexer.skip_blanks()?;
            let at = self.at();
            let Some(symbol) = self.lexer.peek().filter(|symbol| symbols.contains(symbol)) else {
                return Ok(left);
            };
            let after = self.lexer.ahead(1);
            let dashed = symbol == '-' && after.is_some_and(char::is_alphabetic);
            if after == Some('=') || dashed {
                return Ok(left);
            }
            self.lexer.position += 1;
            self.lexer.skip_lines()?;
            left = join(symbol.to_string(), left, next(self)?, at);
        }
    }

    fn format(&mut self) -> Result<Expression, Stop> {
        self.binary(&["f"], Self::range)
    }

    fn range(&mut self) -> Result<Expression, Stop> {
        let left = self.list()?;
        self.lexer.skip_blanks()?;
        let at = self.at();
        if !self.lexer.eat("..") {
            return Ok(left);
        }
        self.lexer.skip_lines()?;
        let right = self.list()?;
        Ok(join("..".to_owned(), left, right, at))
    }

    fn list(&mut self) -> Result<Expression, Stop> {
        let first = self.unary()?;
        let at = first.at;
        let mut items = vec![first];
        loop {
            self.lexer.skip_blanks()?;
            if !self.lexer.eat(",") {
                break;
            }
            self.lexer.skip_lines()?;
            items.push(self.unary()?);
        }
        match items.len() {
            1 => Ok(items.remove(0)),
            _ => Ok(Expression {
                at,
                kind: ExpressionKind::List(items),
            }),
        }
    }

    fn unary(&mut self) -> Result<Expression, Stop> {
        self.nested(Self::unary_inside)
    }

    fn unary_inside(&mut self) -> Result<Expression, Stop> {
        let at = self.at();
        for (text, by) in [("++", 1), ("--", -1)] {
            if self.lexer.eat(text) {
                let target = self.primary()?;
                return Ok(Expression {
                    at,
                    kind: ExpressionKind::Step(Box::new(target), by),
                });
            }
        }
        let operator = match self.lexer.peek() {
            Some('!') => Some("not".to_owned()),
            Some(',') => Some(",".to_owned()),
            Some('+') => Some("+".to_owned()),
            Some('-') if !self.lexer.ahead(1).is_some_and(char::is_alphabetic) => Some("-".to_owned()),
            Some('-') => {
                let Some(operator) = self.lexer.dashed(&["not", "split", "join"]) else {
                    return Err(Stop::unsupported("this operator", at));
                };
                self.lexer.position -= 1;
                Some(operator)
            }
            _ => None,
        };
        if let Some(operator) = operator {
            self.lexer.position += 1;
            self.lexer.skip_lines()?;
            let operand = Box::new(self.unary()?);
            return Ok(Expression {
                at,
                kind: ExpressionKind::Unary(operator, operand),
            });
        }
        if self.lexer.peek() == Some('[') {
            let name = self.type_name()?;
            if self.lexer.starts_with("::") {
                return Err(Stop::unsupported(format!("a member of the type `{name}`"), at));
            }
            self.lexer.skip_blanks()?;
            let operand = Box::new(self.unary()?);
            return Ok(Expression {
                at,
                kind: ExpressionKind::Cast(name, operand),
            });
        }
        self.primary()
    }
}

fn join(operator: String, left: Expression, right: Expression, at: At) -> Expression {
    Expression {
        at,
        kind: ExpressionKind::Binary(operator, Box::new(left), Box::new(right)),
    }
}
