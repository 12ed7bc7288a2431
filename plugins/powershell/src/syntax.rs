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
#[derive(Debug, Default)]
pub struct Body {
    pub parameters: Vec<Parameter>,
    pub begin: Vec<Statement>,
    /// What runs for each value that comes down the pipeline.
    pub process: Option<Vec<Statement>>,
    /// What runs after that; all of it, where no block is named.
    pub statements: Vec<Statement>,
    /// The text between the braces.
    pub source: String,
}

/// A parameter of a function.
#[derive(Debug, Default)]
pub struct Parameter {
    pub name: String,
    pub cast: Option<String>,
    pub default: Option<Expression>,
    pub mandatory: bool,
    pub from_pipeline: bool,
    pub aliases: Vec<String>,
    /// The values it may have, where they are listed.
    pub allowed: Option<Vec<String>>,
    /// The least and the largest number it may be.
    pub range: Option<(f64, f64)>,
    pub not_empty: bool,
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
    /// Two statements, of which the second runs if the first succeeded (`&&`) or failed (`||`).
    Chain {
        first: Box<Statement>,
        on_success: bool,
        second: Box<Statement>,
    },
    Assign {
        target: Expression,
        operator: Option<String>,
        value: Box<Statement>,
    },
    If {
        arms: Vec<(Statement, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    Loop {
        label: Option<String>,
        kind: LoopKind,
        body: Vec<Statement>,
    },
    Switch(Switch),
    Function {
        name: String,
        body: Rc<Body>,
    },
    Return(Option<Box<Statement>>),
    Throw(Option<Box<Statement>>),
    Exit(Option<Box<Statement>>),
    Break(Option<String>),
    Continue(Option<String>),
    Try {
        body: Vec<Statement>,
        catches: Vec<Catch>,
        finally: Vec<Statement>,
    },
    Trap(Rc<Catch>),
}

/// What loops there are.
#[derive(Debug)]
pub enum LoopKind {
    ForEach {
        variable: String,
        items: Box<Statement>,
    },
    For {
        start: Option<Box<Statement>>,
        test: Option<Box<Statement>>,
        next: Option<Box<Statement>>,
    },
    While(Box<Statement>),
    DoWhile {
        test: Box<Statement>,
        until: bool,
    },
}

/// A `switch`.
#[derive(Debug)]
pub struct Switch {
    pub label: Option<String>,
    pub subject: Box<Statement>,
    pub regex: bool,
    pub wildcard: bool,
    pub case_sensitive: bool,
    /// Without a condition for `default`.
    pub arms: Vec<(Option<Expression>, Vec<Statement>)>,
}

/// A `catch` or `trap` and the types of exceptions it takes; none means all.
#[derive(Debug)]
pub struct Catch {
    pub types: Vec<String>,
    pub body: Vec<Statement>,
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
    /// Whether its errors go nowhere (`2>$null`).
    pub silent: bool,
    /// Whether a script block runs in the scope of its caller (`. { … }`).
    pub dotted: bool,
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
    /// `@name`
    Splat(Expression),
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
    /// `[name]` as a value.
    Type(String),
    Binary(String, Box<Expression>, Box<Expression>),
    /// `a ? b : c`
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    Index(Box<Expression>, Box<Expression>),
    Property(Box<Expression>, Box<Expression>),
    Method(Box<Expression>, Box<Expression>, Vec<Expression>),
    /// `[type]::name`, with arguments where it is called.
    Static(String, String, Option<Vec<Expression>>),
    /// `++` and `--`: the number is added, before the value is taken or after.
    Step {
        target: Box<Expression>,
        by: i64,
        before: bool,
    },
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
                [Stage::Expression(expression)] => Some(expression),
                _ => None,
            },
            _ => None,
        }
    }
}
