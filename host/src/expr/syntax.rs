//! The tree a template is parsed into, and the operators with their precedence.
//!
//! Names of filters, functions and tests are resolved here already: a tree that exists can be evaluated without
//! looking anything up.

use std::sync::Arc;

use super::filters::Filter;
use super::functions::Function;
use super::predicates::Predicate;
use super::value::Value;
use crate::model::Span;

/// A piece of a template.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Text that stands for itself, as a range of the source.
    Text(Span),
    Print(Expression),
    If {
        branches: Vec<(Expression, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    For(Box<ForLoop>),
    Set {
        name: Arc<str>,
        value: Expression,
    },
    /// The output of the body goes through the filters, first to last.
    Filter {
        filters: Vec<FilterCall>,
        body: Vec<Node>,
        span: Span,
    },
    /// A named part of the output; `block(name)` writes it again.
    Block(Arc<Block>),
    /// Macros are kept by the template, so nothing is done where they are defined.
    Macro,
}

#[derive(Debug, Clone)]
pub(super) struct ForLoop {
    pub variable: Arc<str>,
    pub iterable: Expression,
    pub body: Vec<Node>,
    pub otherwise: Vec<Node>,
}

#[derive(Debug)]
pub(super) struct Block {
    pub name: Arc<str>,
    pub body: Vec<Node>,
}

#[derive(Debug)]
pub(super) struct Macro {
    pub name: Arc<str>,
    pub parameters: Vec<(Arc<str>, Option<Expression>)>,
    pub body: Vec<Node>,
}

#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub kind: Kind,
    pub span: Span,
    /// Levels below and including this one.
    pub height: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Literal(Value),
    Variable(Arc<str>),
    Attribute(Box<Expression>, Arc<str>),
    Subscript(Box<Expression>, Box<Expression>),
    List(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Positive(Box<Expression>),
    Binary(Binary, Box<(Expression, Expression)>),
    /// `a ~ b ~ c`, and strings with `#{…}` inside.
    Concatenation(Vec<Expression>),
    Test {
        subject: Box<Expression>,
        predicate: &'static Predicate,
        negated: bool,
    },
    Conditional(Box<(Expression, Expression, Expression)>),
    Filtered(Box<Expression>, FilterCall),
    Call(&'static Function, Arguments),
    Macro(Arc<str>, Vec<(Option<Arc<str>>, Expression)>),
    Block(Box<Expression>),
}

#[derive(Debug, Clone)]
pub(super) struct FilterCall {
    pub filter: &'static Filter,
    pub arguments: Arguments,
    pub span: Span,
}

/// The arguments of a call, by the position of their parameter.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments {
    pub given: Vec<Option<Expression>>,
    /// What follows the named parameters, where any number is welcome.
    pub rest: Vec<Expression>,
}

impl Arguments {
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.given.iter().flatten().chain(&self.rest)
    }
}

impl Expression {
    /// The value, when it is written out in the template.
    pub(super) fn literal(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The value as far as it is written out in the template: a map has the keys that are, and null for what is not
    /// beside one.
    pub(super) fn written_out(&self) -> Option<Value> {
        match &self.kind {
            Kind::Literal(value) => Some(value.clone()),
            Kind::Map(entries) => {
                let entries = entries.iter().filter_map(|(key, value)| {
                    let key: Arc<str> = key.literal()?.as_str()?.into();
                    Some((key, value.literal().cloned().unwrap_or(Value::Null)))
                });
                Some(entries.collect())
            }
            _ => None,
        }
    }
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Contains,
    In,
    NotIn,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Range,
    /// `??`: the right where the left is null or missing.
    Coalesce,
    /// `???`: the right where the left is missing.
    CoalesceMissing,
}

impl Binary {
    /// Whether it asks how its sides stand to each other, and so is true or false.
    pub(super) fn is_question(self) -> bool {
        matches!(
            self,
            Self::Contains
                | Self::In
                | Self::NotIn
                | Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::Less
                | Self::GreaterOrEqual
                | Self::LessOrEqual
        )
    }
}

/// What stands between two expressions, or after one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Binary(Binary),
    Concatenate,
    Is,
    IsNot,
    Pipe,
    Not,
}

/// Operators that are words; a longer one comes before any that it starts with.
pub(super) const WORD_OPERATORS: [(&[&str], Operator); 11] = [
    (&["is", "not"], Operator::IsNot),
    (&["is"], Operator::Is),
    (&["not", "in"], Operator::Binary(Binary::NotIn)),
    (&["not"], Operator::Not),
    (&["isNotIn"], Operator::Binary(Binary::NotIn)),
    (&["isIn"], Operator::Binary(Binary::In)),
    (&["in"], Operator::Binary(Binary::In)),
    (&["contains"], Operator::Binary(Binary::Contains)),
    (&["equals"], Operator::Binary(Binary::Equal)),
    (&["and"], Operator::Binary(Binary::And)),
    (&["or"], Operator::Binary(Binary::Or)),
];

/// Operators that are signs; a longer one comes before any that it starts with.
pub(super) const SIGN_OPERATORS: [(&str, Operator); 16] = [
    ("???", Operator::Binary(Binary::CoalesceMissing)),
    ("??", Operator::Binary(Binary::Coalesce)),
    ("..", Operator::Binary(Binary::Range)),
    ("==", Operator::Binary(Binary::Equal)),
    ("!=", Operator::Binary(Binary::NotEqual)),
    (">=", Operator::Binary(Binary::GreaterOrEqual)),
    ("<=", Operator::Binary(Binary::LessOrEqual)),
    (">", Operator::Binary(Binary::Greater)),
    ("<", Operator::Binary(Binary::Less)),
    ("+", Operator::Binary(Binary::Add)),
    ("-", Operator::Binary(Binary::Subtract)),
    ("*", Operator::Binary(Binary::Multiply)),
    ("/", Operator::Binary(Binary::Divide)),
    ("%", Operator::Binary(Binary::Remainder)),
    ("|", Operator::Pipe),
    ("~", Operator::Concatenate),
];

/// How tightly `not`, `+` and `-` hold what follows them: more than any operator between two expressions.
pub(super) const UNARY_PRECEDENCE: u16 = 500;

impl Operator {
    /// How tightly it holds its sides, as Pebble's core extension and Kestra's have it; higher is tighter. `not`
    /// stands between nothing.
    pub(super) fn precedence(self) -> Option<u16> {
        Some(match self {
            Operator::Not => return None,
            Operator::Is | Operator::IsNot => 20,
            Operator::Pipe => 100,
            Operator::Concatenate => 110,
            Operator::Binary(binary) => match binary {
                Binary::Or => 10,
                Binary::And => 15,
                Binary::Contains => 20,
                Binary::Equal | Binary::NotEqual | Binary::In | Binary::NotIn => 30,
                Binary::Greater | Binary::Less | Binary::GreaterOrEqual | Binary::LessOrEqual => 30,
                Binary::Add | Binary::Subtract => 40,
                Binary::Multiply | Binary::Divide | Binary::Remainder => 60,
                Binary::Range | Binary::Coalesce | Binary::CoalesceMissing => 120,
            },
        })
    }

    /// The operator as it is written.
    pub(super) fn text(self) -> String {
        let sign = SIGN_OPERATORS
            .iter()
            .find(|(_, operator)| *operator == self)
            .map(|(sign, _)| (*sign).to_owned());
        let word = || {
            WORD_OPERATORS
                .iter()
                .find(|(_, operator)| *operator == self)
                .map(|(words, _)| words.join(" "))
        };
        sign.or_else(word).expect("every operator is in one of the two tables")
    }
}
