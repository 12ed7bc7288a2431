//! Operators, loosest first.

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{At, Expression, ExpressionKind};

const LOGICAL: &[&str] = &["and", "or", "xor"];
const BITWISE: &[&str] = &["band", "bor", "bxor"];
/// Those that have a form with `c` before it, and one with `i`.
const CASED: &[&str] = &[
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
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
];
const UNCASED: &[&str] = &["join", "is", "isnot", "as", "shl", "shr"];

type Level = fn(&mut Parser) -> Result<Expression, Stop>;

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expression, Stop> {
        let left = self.operators()?;
        self.lexer.skip_blanks()?;
        let at = self.at();
        if self.lexer.peek() == Some('?') && !self.lexer.starts_with("??") {
            self.lexer.position += 1;
            self.lexer.skip_lines()?;
            let yes = self.nested(Self::expression)?;
            self.lexer.skip_lines()?;
            self.lexer.expect(":")?;
            self.lexer.skip_lines()?;
            let no = self.nested(Self::expression)?;
            return Ok(Expression {
                at,
                kind: ExpressionKind::Choice(Box::new(left), Box::new(yes), Box::new(no)),
            });
        }
        if self.lexer.peek() == Some('-') && self.lexer.ahead(1).is_some_and(char::is_alphabetic) {
            self.lexer.position += 1;
            return Err(Stop::unsupported(format!("the operator `-{}`", self.lexer.name()), at));
        }
        Ok(left)
    }

    fn operators(&mut self) -> Result<Expression, Stop> {
        self.binary(LOGICAL, |parser| parser.binary(BITWISE, Self::comparison))
    }

    fn comparison(&mut self) -> Result<Expression, Stop> {
        let mut left = self.coalesce()?;
        loop {
            self.lexer.skip_blanks()?;
            let at = self.at();
            let Some(operator) = self.comparing() else {
                return Ok(left);
            };
            self.lexer.skip_lines()?;
            if matches!(operator.as_str(), "is" | "isnot" | "as") && self.lexer.peek() == Some('[') {
                let place = self.at();
                let kind = ExpressionKind::Type(self.type_name()?);
                left = join(operator, left, Expression { at: place, kind }, at);
                continue;
            }
            left = join(operator, left, self.coalesce()?, at);
        }
    }

    /// Takes a comparison operator: `eq` for `-eq` and `-ieq`, `ceq` for `-ceq`.
    fn comparing(&mut self) -> Option<String> {
        let start = self.lexer.position;
        if self.lexer.eat("-") {
            let name = self.lexer.name().to_ascii_lowercase();
            if CASED.contains(&name.as_str()) || UNCASED.contains(&name.as_str()) {
                return Some(name);
            }
            if let Some(rest) = name.strip_prefix('i').filter(|rest| CASED.contains(rest)) {
                return Some(rest.to_owned());
            }
            if name.strip_prefix('c').is_some_and(|rest| CASED.contains(&rest)) {
                return Some(name);
            }
        }
        self.lexer.position = start;
        None
    }

    fn coalesce(&mut self) -> Result<Expression, Stop> {
        let mut left = self.additive()?;
        loop {
            self.lexer.skip_blanks()?;
            let at = self.at();
            if self.lexer.starts_with("??=") || !self.lexer.eat("??") {
                return Ok(left);
            }
            self.lexer.skip_lines()?;
            left = join("??".to_owned(), left, self.additive()?, at);
        }
    }

    /// Reads a default value or an argument of a method, where a comma ends it.
    pub(super) fn expression_without_commas(&mut self) -> Result<Expression, Stop> {
        let before = std::mem::replace(&mut self.commas, false);
        let read = self.expression();
        self.commas = before;
        read
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
            if !self.commas || !self.lexer.eat(",") {
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
                    kind: ExpressionKind::Step {
                        target: Box::new(target),
                        by,
                        before: true,
                    },
                });
            }
        }
        let operator = match self.lexer.peek() {
            Some('!') => Some("not".to_owned()),
            Some(',') => Some(",".to_owned()),
            Some('+') => Some("+".to_owned()),
            Some('-') if !self.lexer.ahead(1).is_some_and(char::is_alphabetic) => Some("-".to_owned()),
            Some('-') => {
                let Some(operator) = self.lexer.dashed(&["not", "bnot", "split", "join"]) else {
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
            return self.typed();
        }
        self.primary()
    }

    /// Reads what starts with a type: a cast, a member of the type, or the type itself.
    fn typed(&mut self) -> Result<Expression, Stop> {
        let (at, start) = (self.at(), self.lexer.position);
        let name = self.type_name()?;
        let next = self.lexer.peek();
        if self.lexer.starts_with("::") || next == Some('.') {
            self.lexer.position = start;
            return self.primary();
        }
        self.lexer.skip_blanks()?;
        let starts = |next: char| next.is_alphanumeric() || "$@('\"[{+-!,".contains(next);
        let dashed = self.lexer.peek() == Some('-') && self.lexer.ahead(1).is_some_and(char::is_alphabetic);
        if !self.lexer.peek().is_some_and(starts) || dashed || (self.lexer.peek() == Some(',')) {
            let kind = ExpressionKind::Type(name);
            return Ok(Expression { at, kind });
        }
        let operand = Box::new(self.unary()?);
        let kind = ExpressionKind::Cast(name, operand);
        Ok(Expression { at, kind })
    }
}

fn join(operator: String, left: Expression, right: Expression, at: At) -> Expression {
    Expression {
        at,
        kind: ExpressionKind::Binary(operator, Box::new(left), Box::new(right)),
    }
}
