//! Expressions, by climbing the precedence of operators as Pebble's parser does.

use std::sync::Arc;

use super::{Noted, Parse, Parser};
use crate::expr::error::{ExprError, SYNTAX};
use crate::expr::lexer::TokenKind;
use crate::expr::predicates;
use crate::expr::syntax::{Binary, Expression, Kind, Operator, UNARY_PRECEDENCE};
use crate::expr::value::Value;
use crate::model::Span;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parse<Expression> {
        let condition = self.operation(0)?;
        if !self.eat('?') {
            return Ok(condition);
        }
        self.deeper(|parser| {
            let positive = parser.expression()?;
            parser.expect(':')?;
            let negative = parser.expression()?;
            let span = Span {
                start: condition.span.start,
                end: negative.span.end,
            };
            let height = condition.height.max(positive.height).max(negative.height);
            parser.expression_of(
                Kind::Conditional(Box::new((condition, positive, negative))),
                span,
                height,
            )
        })
    }

    /// Reads operators that hold at least as tightly as `least`.
    fn operation(&mut self, least: u16) -> Parse<Expression> {
        let mut left = self.deeper(Self::operand)?;
        while let TokenKind::Operator(operator) = self.current().kind {
            let Some(precedence) = operator.precedence().filter(|precedence| *precedence >= least) else {
                break;
            };
            self.advance();
            left = match operator {
                Operator::Pipe => self.filtered(left)?,
                Operator::Is | Operator::IsNot => self.test(left, operator == Operator::IsNot)?,
                Operator::Concatenate => {
                    let right = self.operation(precedence + 1)?;
                    self.concatenated(left, right)?
                }
                Operator::Binary(binary) => {
                    let right = self.operation(precedence + 1)?;
                    self.joined(left, binary, right)?
                }
                Operator::Not => break,
            };
        }
        Ok(left)
    }

    fn operand(&mut self) -> Parse<Expression> {
        let span = self.current().span;
        match self.current().kind {
            TokenKind::Operator(Operator::Not) => self.unary(Kind::Not),
            TokenKind::Operator(Operator::Binary(Binary::Subtract)) => self.unary(Kind::Negative),
            TokenKind::Operator(Operator::Binary(Binary::Add)) => self.unary(Kind::Positive),
            TokenKind::Punctuation('(') => {
                self.advance();
                let inner = self.expression()?;
                let end = self.expect(')')?.end;
                self.postfix(Expression {
                    span: Span { start: span.start, end },
                    ..inner
                })
            }
            TokenKind::Punctuation('[') => self.list(),
            TokenKind::Punctuation('{') => self.map(),
            _ => {
                let simple = self.simple()?;
                self.postfix(simple)
            }
        }
    }

    fn unary(&mut self, kind: fn(Box<Expression>) -> Kind) -> Parse<Expression> {
        let start = self.advance().start;
        let operand = self.operation(UNARY_PRECEDENCE)?;
        let (span, height) = (
            Span {
                start,
                end: operand.span.end,
            },
            operand.height,
        );
        self.expression_of(kind(Box::new(operand)), span, height)
    }

    fn joined(&mut self, left: Expression, binary: Binary, right: Expression) -> Parse<Expression> {
        let span = Span {
            start: left.span.start,
            end: right.span.end,
        };
        let height = left.height.max(right.height);
        self.expression_of(Kind::Binary(binary, Box::new((left, right))), span, height)
    }

    /// A chain of `~` becomes one flat list, however long.
    fn concatenated(&mut self, left: Expression, right: Expression) -> Parse<Expression> {
        let span = Span {
            start: left.span.start,
            end: right.span.end,
        };
        let left_height = left.height;
        let (mut parts, height) = match left.kind {
            Kind::Concatenation(parts) => (parts, left_height - 1),
            kind => (vec![Expression { kind, ..left }], left_height),
        };
        let height = height.max(right.height);
        parts.push(right);
        self.expression_of(Kind::Concatenation(parts), span, height)
    }

    fn test(&mut self, subject: Expression, negated: bool) -> Parse<Expression> {
        let (name, span) = self.name("the name of a test")?;
        let Some(predicate) = predicates::find(&name) else {
            let names = predicates::ALL.iter().map(|predicate| predicate.name);
            return Err(self.unknown("test", "unknown-test", &name, span, names));
        };
        if self.eat('(') && !self.eat(')') {
            let span = self.current().span;
            let message = format!("the test `{name}` takes no arguments");
            return Err(self.fault(ExprError::new(span, SYNTAX, message)));
        }
        let (whole, height) = (
            Span {
                start: subject.span.start,
                end: span.end,
            },
            subject.height,
        );
        self.expression_of(
            Kind::Test {
                subject: Box::new(subject),
                predicate,
                negated,
            },
            whole,
            height,
        )
    }

    fn simple(&mut self) -> Parse<Expression> {
        let token = self.current().clone();
        let kind = match token.kind {
            TokenKind::Integer(integer) => Kind::Literal(Value::Integer(integer)),
            TokenKind::Float(float) => Kind::Literal(Value::Float(float)),
            TokenKind::String(_) => return self.string(),
            TokenKind::Name(name) => match name.as_str() {
                "true" | "TRUE" => Kind::Literal(Value::Boolean(true)),
                "false" | "FALSE" => Kind::Literal(Value::Boolean(false)),
                "null" | "NULL" | "none" | "NONE" => Kind::Literal(Value::Null),
                _ if *self.peek() == TokenKind::Punctuation('(') => return self.call(),
                _ => Kind::Variable(Arc::from(name)),
            },
            _ => return Err(self.unexpected("a value")),
        };
        self.advance();
        self.expression_of(kind, token.span, 0)
    }

    /// A string, with the expressions in it when it has any.
    fn string(&mut self) -> Parse<Expression> {
        let (mut parts, mut span, mut height) = (Vec::new(), self.current().span, 0);
        loop {
            if let TokenKind::String(text) = &self.current().kind {
                let text = Value::from(text.as_str());
                let part = self.advance();
                span.end = part.end;
                parts.push(self.expression_of(Kind::Literal(text), part, 0)?);
            }
            if self.current().kind != TokenKind::InterpolationStart {
                break;
            }
            self.advance();
            let inner = self.expression()?;
            height = height.max(inner.height);
            parts.push(inner);
            if self.current().kind != TokenKind::InterpolationEnd {
                return Err(self.unexpected("`}`"));
            }
            self.advance();
        }
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => self.expression_of(Kind::Concatenation(parts), span, height.max(1)),
        }
    }

    fn postfix(&mut self, subject: Expression) -> Parse<Expression> {
        let mut subject = subject;
        loop {
            let (start, height) = (subject.span.start, subject.height);
            if self.eat('.') {
                let (name, span) = self.name("the name of an attribute")?;
                if self.at('(') {
                    return Err(self.method(&name, span));
                }
                let span = Span { start, end: span.end };
                subject = self.expression_of(Kind::Attribute(Box::new(subject), name), span, height)?;
            } else if self.eat('[') {
                let index = self.expression()?;
                let end = self.expect(']')?.end;
                let height = height.max(index.height);
                let kind = Kind::Subscript(Box::new(subject), Box::new(index));
                subject = self.expression_of(kind, Span { start, end }, height)?;
            } else {
                return Ok(subject);
            }
        }
    }

    fn method(&mut self, name: &str, span: Span) -> Noted {
        let error = ExprError::new(
            span,
            SYNTAX,
            format!("values have no methods, so `{name}` cannot be called"),
        );
        let filter = crate::expr::filters::find(name).map(|filter| filter.name);
        self.fault(match filter {
            Some(filter) => error.with_hint(format!("there is a filter of that name: `… | {filter}`")),
            None => error,
        })
    }

    fn list(&mut self) -> Parse<Expression> {
        let start = self.expect('[')?.start;
        let (mut items, mut height) = (Vec::new(), 0);
        while !self.at(']') {
            if !items.is_empty() {
                self.expect_between(',', ']')?;
            }
            let item = self.expression()?;
            height = height.max(item.height);
            items.push(item);
        }
        let end = self.advance().end;
        self.expression_of(Kind::List(items), Span { start, end }, height)
    }

    fn map(&mut self) -> Parse<Expression> {
        let start = self.expect('{')?.start;
        let (mut entries, mut height) = (Vec::new(), 0);
        while !self.at('}') {
            if !entries.is_empty() {
                self.expect_between(',', '}')?;
            }
            let key = self.expression()?;
            self.expect(':')?;
            let value = self.expression()?;
            height = height.max(key.height).max(value.height);
            entries.push((key, value));
        }
        let end = self.advance().end;
        self.expression_of(Kind::Map(entries), Span { start, end }, height)
    }

    pub(super) fn expect_between(&mut self, separator: char, end: char) -> Parse<()> {
        if self.eat(separator) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{separator}` or `{end}`")))
        }
    }
}
