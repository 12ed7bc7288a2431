//! The tree of a parsed script; knows nothing of how it is read or run.

use std::fmt;
use std::rc::Rc;

/// Where something stands in the script, both from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// A script block, the body of a function or the whole script.
#[derive(Debug)]
pub struct Body {
    pub parameters: Vec<Parameter>,
    pub statements: Vec<Statement>,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    pub cast: Option<String>,
    pub default: Option<Expression>,
}

/// A statement and where it starts.
#[derive(Debug)]
pub struct Statement {
    pub at: At,
    pub kind: StatementKind,
}

/// What statements there are.
#[derive(Debug)]
pub enum StatementKind {
    Pipeline(Vec<Stage>),
    Assign {
        target: Expression,
        operator: Option<String>,
        value: Box<Statement>,
    },
    If {
        arms: Vec<(Statement, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    ForEach {
        variable: String,
        items: Box<Statement>,
        body: Vec<Statement>,
    },
    For {
        start: Option<Box<Statement>>,
        test: Option<Box<Statement>>,
        next: Option<Box<Statement>>,
        body: Vec<Statement>,
    },
    While {
        test: Box<Statement>,
        body: Vec<Statement>,
    },
    DoWhile {
        test: Box<Statement>,
        until: bool,
        body: Vec<Statement>,
    },
    Function {
        name: String,
        body: Rc<Body>,
    },
    Return(Option<Box<Statement>>),
    Throw(Option<Box<Statement>>),
    Exit(Option<Box<Statement>>),
    Break,
    Continue,
    Try {
        body: Vec<Statement>,
        catch: Option<Vec<Statement>>,
        finally: Vec<Statement>,
    },
}

/// One element of a pipeline.
#[derive(Debug)]
pub enum Stage {
    Expression(Expression),
    Command(Command),
}

/// A command with its arguments.
#[derive(Debug)]
pub struct Command {
    pub at: At,
    pub name: Expression,
    pub arguments: Vec<Argument>,
}

/// An argument of a command.
#[derive(Debug)]
pub enum Argument {
    Value(Expression),
    Named {
        name: String,
        value: Option<Expression>,
        at: At,
    },
}

/// An expression and where it starts.
#[derive(Debug)]
pub struct Expression {
    pub at: At,
    pub kind: ExpressionKind,
}

/// What expressions there are.
#[derive(Debug)]
pub enum ExpressionKind {
    Integer(i64),
    Double(f64),
    Text(Vec<Piece>),
    Variable(String),
    List(Vec<Expression>),
    /// `@(…)`
    Array(Vec<Statement>),
    /// `$(…)`
    Sub(Vec<Statement>),
    /// `(…)`
    Group(Box<Statement>),
    Hash(Vec<(Expression, Statement)>),
    Unary(String, Box<Expression>),
    Cast(String, Box<Expression>),
    Binary(String, Box<Expression>, Box<Expression>),
    Index(Box<Expression>, Box<Expression>),
    Property(Box<Expression>, String),
    Method(Box<Expression>, String, Vec<Expression>),
    /// `++` and `--`, before or after a variable, as statements; the number is added.
    Step(Box<Expression>, i64),
    Block(Rc<Body>),
}

/// A part of a string.
#[derive(Debug)]
pub enum Piece {
    Plain(String),
    Value(Expression),
}

impl Statement {
    /// The expression this statement is, where it is nothing more.
    pub fn lone_expression(&self) -> Option<&Expression> {
        match &self.kind {
            StatementKind::Pipeline(stages) => match stages.as_slice() {
                [Stage::Expression(expression)] if !matches!(expression.kind, ExpressionKind::Step(..)) => {
                    Some(expression)
                }
                _ => None,
            },
            _ => None,
        }
    }
}
