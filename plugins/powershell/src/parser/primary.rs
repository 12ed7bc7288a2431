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
        let mut name = String::new();
        while let Some(character) = self.lexer.next().filter(|character| *character != ']') {
            name.push(character);
        }
        let known = [
            "int",
            "long",
            "string",
            "bool",
            "switch",
            "double",
            "array",
            "object",
            "ordered",
            "pscustomobject",
            "string[]",
            "int[]",
            "object[]",
            "hashtable",
            "void",
        ];
        let name = name.to_lowercase();
        if !known.contains(&name.as_str()) {
            return Err(Stop::unsupported(format!("the type or attribute `[{name}]`"), at));
        }
        if name.ends_with("[]") {
            self.lexer.expect("]")?;
        }
        Ok(name)
    }

    pub(super) fn primary(&mut self) -> Result<Expression, Stop> {
        let mut left = self.atom()?;
        loop {
            let at = self.at();
            let kind = match self.lexer.peek() {
                Some('[') => {
                    self.lexer.position += 1;
                    self.lexer.skip_lines()?;
                    let index = self.nested(Self::expression)?;
                    self.lexer.skip_lines()?;
                    self.lexer.expect("]")?;
                    ExpressionKind::Index(Box::new(left), Box::new(index))
                }
                Some('.')
                    if self
                        .lexer
                        .ahead(1)
                        .is_some_and(|next| next.is_alphabetic() || next == '_') =>
                {
                    self.lexer.position += 1;
                    let name = self.lexer.name();
                    match self.lexer.peek() {
                        Some('(') => ExpressionKind::Method(Box::new(left), name, self.arguments()?),
                        _ => ExpressionKind::Property(Box::new(left), name),
                    }
                }
                Some('.') if self.lexer.ahead(1) != Some('.') => {
                    return Err(Stop::unsupported("a computed member name", at));
                }
                Some('+' | '-') if self.lexer.starts_with("++") || self.lexer.starts_with("--") => {
                    let by = if self.lexer.peek() == Some('+') { 1 } else { -1 };
                    self.lexer.position += 2;
                    ExpressionKind::Step(Box::new(left), by)
                }
                Some(':') if self.lexer.ahead(1) == Some(':') => return Err(Stop::unsupported("`::`", at)),
                _ => return Ok(left),
            };
            left = Expression { at, kind };
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
                return Err(Stop::unsupported(
                    "an operator in a method's arguments without brackets",
                    self.at(),
                ));
            }
        }
    }

    fn atom(&mut self) -> Result<Expression, Stop> {
        let at = self.at();
        let kind = match (self.lexer.peek(), self.lexer.ahead(1)) {
            (Some('$'), Some('(')) => ExpressionKind::Sub(self.bracketed("$(")?),
            (Some('@'), Some('(')) => ExpressionKind::Array(self.bracketed("@(")?),
            (Some('@'), Some('{')) => ExpressionKind::Hash(self.nested(Self::hash)?),
            (Some('$'), _) => ExpressionKind::Variable(self.variable()?),
            (Some('('), _) => self.group()?,
            (Some('{'), _) => ExpressionKind::Block(Rc::new(self.nested(Self::body)?)),
            (Some('\'' | '"'), _) | (Some('@'), Some('\'' | '"')) => ExpressionKind::Text(self.text()?),
            (Some(digit), _) if digit.is_ascii_digit() => self.number()?,
            (Some('.'), Some(digit)) if digit.is_ascii_digit() => self.number()?,
            (Some('@'), _) => return Err(Stop::unsupported("splatting", at)),
            (Some(character), _) => return Err(Stop::syntax(format!("unexpected `{character}`"), at)),
            (None, _) => return Err(Stop::syntax("unexpected end of the script", at)),
        };
        Ok(Expression { at, kind })
    }

    fn bracketed(&mut self, open: &str) -> Result<Vec<Statement>, Stop> {
        self.lexer.expect(open)?;
        let statements = self.statements()?;
        self.lexer.expect(")")?;
        Ok(statements)
    }

    fn group(&mut self) -> Result<ExpressionKind, Stop> {
        self.lexer.expect("(")?;
        self.lexer.skip_lines()?;
        let inner = self.nested(Self::pipeline)?;
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
                    kind: ExpressionKind::Text(vec![Piece::Plain(self.lexer.name())]),
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
            return Err(Stop::unsupported(format!("the variable `${special}`"), at));
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
        let mut text = String::new();
        let mut fraction = false;
        while let Some(character) = self.lexer.peek() {
            let dot = character == '.' && !fraction && self.lexer.ahead(1).is_some_and(|next| next.is_ascii_digit());
            if !character.is_ascii_digit() && !dot {
                break;
            }
            fraction |= dot;
            text.push(character);
            self.lexer.position += 1;
        }
        let suffix = self.lexer.name().to_lowercase();
        let scale = match suffix.as_str() {
            "" => 1,
            "kb" => 1 << 10,
            "mb" => 1 << 20,
            "gb" => 1 << 30,
            _ => return Err(Stop::unsupported(format!("the number `{text}{suffix}`"), at)),
        };
        if fraction && scale == 1 {
            return Ok(ExpressionKind::Double(text.parse().unwrap_or(f64::NAN)));
        }
        let value = text.parse::<i64>().ok().and_then(|value| value.checked_mul(scale));
        match value.filter(|value| !fraction && *value < crate::value::LARGEST) {
            Some(value) => Ok(ExpressionKind::Integer(value)),
            None => Err(Stop::unsupported(format!("the number `{text}{suffix}`"), at)),
        }
    }
}
