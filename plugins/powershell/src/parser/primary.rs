//! Variables, numbers, brackets, and what follows them.

use std::rc::Rc;

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{Expression, ExpressionKind, Piece, Statement};

impl Parser {
    /// Reads `[name]`, in small letters.
    pub(super) fn type_name(&mut self) -> Result<String, Stop> {
        let at = self.at();
        self.lexer.expect("[")?;
        let (mut name, mut open) = (String::new(), 1);
        loop {
            match self.lexer.next() {
                Some(']') if open == 1 => break,
                Some(']') => {
                    open -= 1;
                    name.push(']');
                }
                Some('[') => {
                    open += 1;
                    name.push('[');
                }
                Some(letter) if letter.is_alphanumeric() || "._, `+".contains(letter) => name.push(letter),
                _ => return Err(Stop::syntax("a type without its end", at)),
            }
        }
        Ok(name.to_lowercase())
    }

    pub(super) fn primary(&mut self) -> Result<Expression, Stop> {
        let mut left = self.atom()?;
        loop {
            let at = self.at();
            let kind = match self.lexer.peek() {
                Some('[') => {
                    self.lexer.position += 1;
                    self.lexer.skip_lines()?;
                    let index = self.enclosed(Self::expression)?;
                    self.lexer.skip_lines()?;
                    self.lexer.expect("]")?;
                    ExpressionKind::Index(Box::new(left), Box::new(index))
                }
                Some('.') if self.lexer.ahead(1) != Some('.') => {
                    self.lexer.position += 1;
                    let name = Box::new(self.member_name()?);
                    match self.lexer.peek() {
                        Some('(') => ExpressionKind::Method(Box::new(left), name, self.arguments()?),
                        _ => ExpressionKind::Property(Box::new(left), name),
                    }
                }
                Some('+' | '-') if self.lexer.starts_with("++") || self.lexer.starts_with("--") => {
                    let by = if self.lexer.peek() == Some('+') { 1 } else { -1 };
                    self.lexer.position += 2;
                    ExpressionKind::Step {
                        target: Box::new(left),
                        by,
                        before: false,
                    }
                }
                Some(':') if self.lexer.ahead(1) == Some(':') => {
                    self.lexer.position += 2;
                    let ExpressionKind::Type(name) = left.kind else {
                        return Err(Stop::unsupported("`::` behind a value", at));
                    };
                    let member = self.lexer.name().to_lowercase();
                    let arguments = match self.lexer.peek() {
                        Some('(') => Some(self.arguments()?),
                        _ => None,
                    };
                    ExpressionKind::Static(name, member, arguments)
                }
                _ => return Ok(left),
            };
            left = Expression { at, kind };
        }
    }

    /// Reads the name of a member: a word, a string, a variable or an expression in brackets.
    fn member_name(&mut self) -> Result<Expression, Stop> {
        let at = self.at();
        match self.lexer.peek() {
            Some(letter) if letter.is_alphabetic() || letter == '_' => Ok(Expression {
                at,
                kind: ExpressionKind::Text(vec![Piece::Plain(self.lexer.name())]),
            }),
            Some('$' | '\'' | '"' | '(') => self.atom(),
            _ => Err(Stop::syntax("expected the name of a member", at)),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, Stop> {
        self.lexer.expect("(")?;
        let mut arguments = Vec::new();
        loop {
            self.lexer.skip_lines()?;
            if self.lexer.eat(")") {
                return Ok(arguments);
            }
            arguments.push(self.nested(Self::expression_without_commas)?);
            self.lexer.skip_lines()?;
            if !self.lexer.eat(",") && self.lexer.peek() != Some(')') {
                return Err(Stop::syntax("expected `,` or `)`", self.at()));
            }
        }
    }

    fn atom(&mut self) -> Result<Expression, Stop> {
        let at = self.at();
        let kind = match (self.lexer.peek(), self.lexer.ahead(1)) {
            (Some('$'), Some('(')) => ExpressionKind::Sub(self.bracketed("$(")?),
            (Some('@'), Some('(')) => ExpressionKind::Array(self.bracketed("@(")?),
            (Some('@'), Some('{')) => ExpressionKind::Hash(self.enclosed(Self::hash)?),
            (Some('$'), _) => ExpressionKind::Variable(self.variable()?),
            (Some('('), _) => self.group()?,
            (Some('{'), _) => ExpressionKind::Block(Rc::new(self.enclosed(Self::body)?)),
            (Some('['), _) => ExpressionKind::Type(self.type_name()?),
            (Some('\'' | '"'), _) | (Some('@'), Some('\'' | '"')) => ExpressionKind::Text(self.text()?),
            (Some(digit), _) if digit.is_ascii_digit() => self.number()?,
            (Some('.'), Some(digit)) if digit.is_ascii_digit() => self.number()?,
            (Some('@'), _) => return Err(Stop::unsupported("splatting here", at)),
            (Some(character), _) => return Err(Stop::syntax(format!("unexpected `{character}`"), at)),
            (None, _) => return Err(Stop::syntax("unexpected end of the script", at)),
        };
        Ok(Expression { at, kind })
    }

    fn bracketed(&mut self, open: &str) -> Result<Vec<Statement>, Stop> {
        self.lexer.expect(open)?;
        let statements = self.enclosed(Self::statements)?;
        self.lexer.expect(")")?;
        Ok(statements)
    }

    fn group(&mut self) -> Result<ExpressionKind, Stop> {
        self.lexer.expect("(")?;
        self.lexer.skip_lines()?;
        let inner = self.enclosed(Self::statement)?;
        self.lexer.skip_lines()?;
        self.lexer.expect(")")?;
        Ok(ExpressionKind::Group(Box::new(inner)))
    }

    fn hash(&mut self) -> Result<Vec<(Expression, Statement)>, Stop> {
        self.lexer.expect("@{")?;
        let mut entries = Vec::new();
        loop {
            self.lexer.skip_separators()?;
            if self.lexer.eat("}") {
                return Ok(entries);
            }
            let at = self.at();
            let key = match self.lexer.peek() {
                Some(first) if first.is_alphabetic() || first == '_' => Expression {
                    at,
                    kind: ExpressionKind::Text(vec![Piece::Plain(self.dashed_name())]),
                },
                _ => self.primary()?,
            };
            self.lexer.skip_lines()?;
            self.lexer.expect("=")?;
            self.lexer.skip_lines()?;
            entries.push((key, self.statement()?));
            self.lexer.skip_blanks()?;
            if !matches!(self.lexer.peek(), Some('\n' | ';' | '}')) {
                return Err(Stop::syntax("expected `;`, a new line or `}`", self.at()));
            }
        }
    }

    fn dashed_name(&mut self) -> String {
        let mut name = self.lexer.name();
        while self.lexer.peek() == Some('-') && self.lexer.ahead(1).is_some_and(char::is_alphanumeric) {
            self.lexer.position += 1;
            name = format!("{name}-{}", self.lexer.name());
        }
        name
    }

    /// Reads a variable's name with its scope, in small letters.
    pub(super) fn variable(&mut self) -> Result<String, Stop> {
        let at = self.at();
        self.lexer.expect("$")?;
        if self.lexer.eat("{") {
            let mut name = String::new();
            loop {
                match self.lexer.next() {
                    Some('}') => return Ok(name.to_lowercase()),
                    Some(character) if character != '\n' => name.push(character),
                    _ => return Err(Stop::syntax("`${` without `}`", at)),
                }
            }
        }
        if let Some(special) = self.lexer.peek().filter(|character| "?$^".contains(*character)) {
            self.lexer.position += 1;
            return match special {
                '?' => Ok("?".to_owned()),
                _ => Err(Stop::unsupported(format!("the variable `${special}`"), at)),
            };
        }
        let mut name = self.lexer.name();
        if name.is_empty() {
            return Err(Stop::syntax("`$` without a name", at));
        }
        let scoped = self.lexer.peek() == Some(':')
            && self
                .lexer
                .ahead(1)
                .is_some_and(|next| next.is_alphanumeric() || next == '_');
        if scoped {
            self.lexer.position += 1;
            name = format!("{name}:{}", self.lexer.name());
        }
        Ok(name.to_lowercase())
    }

    pub(super) fn number(&mut self) -> Result<ExpressionKind, Stop> {
        let at = self.at();
        let start = self.lexer.position;
        if self.lexer.eat("0x") || self.lexer.eat("0X") {
            let digits = self.lexer.name();
            return match i64::from_str_radix(digits.trim_end_matches(['l', 'L']), 16) {
                // Eight digits are the bits of an Int32, as in PowerShell.
                Ok(value) if digits.len() == 8 => Ok(ExpressionKind::Integer(i64::from(value as u32 as i32))),
                Ok(value) => Ok(ExpressionKind::Integer(value)),
                Err(_) => Err(Stop::unsupported(format!("the number `0x{digits}`"), at)),
            };
        }
        let mut fraction = false;
        while let Some(character) = self.lexer.peek() {
            let dot = character == '.' && !fraction && self.lexer.ahead(1).is_some_and(|next| next.is_ascii_digit());
            let sign = |by: usize| usize::from(matches!(self.lexer.ahead(by), Some('+' | '-')));
            let exponent = matches!(character, 'e' | 'E')
                && self.lexer.ahead(1 + sign(1)).is_some_and(|next| next.is_ascii_digit());
            if exponent {
                self.lexer.position += 1 + sign(1);
                fraction = true;
                continue;
            }
            if !character.is_ascii_digit() && !dot {
                break;
            }
            fraction |= dot;
            self.lexer.position += 1;
        }
        let text = self.lexer.slice(start);
        let suffix = self.lexer.name().to_lowercase();
        let scale: i64 = match suffix.as_str() {
            "" | "l" => 1,
            "kb" => 1 << 10,
            "mb" => 1 << 20,
            "gb" => 1 << 30,
            "tb" => 1 << 40,
            "pb" => 1 << 50,
            _ => return Err(Stop::unsupported(format!("the number `{text}{suffix}`"), at)),
        };
        let value = text.parse::<i64>().ok().and_then(|value| value.checked_mul(scale));
        match (value, text.parse::<f64>()) {
            (Some(value), _) if !fraction => Ok(ExpressionKind::Integer(value)),
            (_, Ok(value)) => Ok(ExpressionKind::Double(value * scale as f64)),
            _ => Err(Stop::unsupported(format!("the number `{text}{suffix}`"), at)),
        }
    }
}
