//! Statements.

use std::rc::Rc;

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{Body, Expression, ExpressionKind, Parameter, Stage, Statement, StatementKind};

const UNSUPPORTED: &[&str] = &[
    "switch", "class", "enum", "using", "trap", "data", "filter", "workflow", "begin", "process", "end",
];

impl Parser {
    /// Reads statements up to `}`, `)` or the end.
    pub(super) fn statements(&mut self) -> Result<Vec<Statement>, Stop> {
        let mut statements = Vec::new();
        loop {
            self.lexer.skip_separators()?;
            if matches!(self.lexer.peek(), None | Some('}' | ')')) {
                return Ok(statements);
            }
            let statement = self.nested(Self::statement)?;
            let block = !matches!(
                statement.kind,
                StatementKind::Pipeline(_) | StatementKind::Assign { .. }
            );
            statements.push(statement);
            self.lexer.skip_blanks()?;
            match self.lexer.peek() {
                None | Some('\n' | ';' | '}' | ')') => {}
                Some(_) if block => {}
                Some('>' | '<') => return Err(Stop::unsupported("redirection", self.at())),
                Some('&') => return Err(Stop::unsupported("`&` after a command", self.at())),
                Some(character) => return Err(Stop::syntax(format!("unexpected `{character}`"), self.at())),
            }
        }
    }

    /// Reads `{ … }`.
    pub(super) fn block(&mut self) -> Result<Vec<Statement>, Stop> {
        self.lexer.skip_lines()?;
        self.lexer.expect("{")?;
        let statements = self.statements()?;
        self.lexer.expect("}")?;
        Ok(statements)
    }

    /// Reads what stands between `{` and `}` of a script block.
    pub(super) fn body(&mut self) -> Result<Body, Stop> {
        self.lexer.expect("{")?;
        let parameters = self.parameters()?;
        let statements = self.statements()?;
        self.lexer.expect("}")?;
        Ok(Body { parameters, statements })
    }

    /// Reads `param(…)`, where it stands.
    pub(super) fn parameters(&mut self) -> Result<Vec<Parameter>, Stop> {
        self.lexer.skip_separators()?;
        if self.lexer.starts_with("[CmdletBinding()]") {
            self.lexer.eat("[CmdletBinding()]");
            self.lexer.skip_separators()?;
        }
        if !self.lexer.keyword("param") {
            return Ok(Vec::new());
        }
        self.lexer.skip_blanks()?;
        self.parameter_list()
    }

    fn parameter_list(&mut self) -> Result<Vec<Parameter>, Stop> {
        self.lexer.expect("(")?;
        let mut parameters = Vec::new();
        loop {
            self.lexer.skip_lines()?;
            if self.lexer.eat(")") {
                return Ok(parameters);
            }
            let cast = match self.lexer.peek() {
                Some('[') => Some(self.type_name()?),
                _ => None,
            };
            self.lexer.skip_lines()?;
            self.lexer.expect("$")?;
            let name = self.lexer.name().to_lowercase();
            self.lexer.skip_lines()?;
            let default = match self.lexer.eat("=") {
                true => {
                    self.lexer.skip_lines()?;
                    Some(self.nested(Self::expression_without_commas)?)
                }
                false => None,
            };
            parameters.push(Parameter { name, cast, default });
            self.lexer.skip_lines()?;
            if !self.lexer.eat(",") && self.lexer.peek() != Some(')') {
                return Err(Stop::syntax("expected `,` or `)`", self.at()));
            }
        }
    }

    pub(super) fn statement(&mut self) -> Result<Statement, Stop> {
        let at = self.at();
        let start = self.lexer.position;
        let word = self.lexer.name().to_lowercase();
        let compound = self.lexer.peek().is_some_and(|next| "-.:\\/".contains(next));
        if !compound {
            if let Some(kind) = self.keyword_statement(&word)? {
                return Ok(Statement { at, kind });
            }
            if UNSUPPORTED.contains(&word.as_str()) {
                return Err(Stop::unsupported(format!("`{word}`"), at));
            }
        }
        self.lexer.position = start;
        self.pipeline()
    }

    fn keyword_statement(&mut self, word: &str) -> Result<Option<StatementKind>, Stop> {
        self.lexer.skip_blanks()?;
        Ok(Some(match word {
            "if" => self.if_statement()?,
            "foreach" => self.foreach()?,
            "for" => self.for_statement()?,
            "while" => {
                let test = Box::new(self.condition()?);
                StatementKind::While {
                    test,
                    body: self.block()?,
                }
            }
            "do" => self.do_statement()?,
            "function" => self.function()?,
            "return" => StatementKind::Return(self.optional_pipeline()?),
            "throw" => StatementKind::Throw(self.optional_pipeline()?),
            "exit" => StatementKind::Exit(self.optional_pipeline()?),
            "break" => StatementKind::Break,
            "continue" => StatementKind::Continue,
            "try" => self.try_statement()?,
            _ => return Ok(None),
        }))
    }

    fn optional_pipeline(&mut self) -> Result<Option<Box<Statement>>, Stop> {
        match self.lexer.peek() {
            None | Some('\n' | ';' | '}' | ')') => Ok(None),
            Some(_) => Ok(Some(Box::new(self.pipeline()?))),
        }
    }

    fn condition(&mut self) -> Result<Statement, Stop> {
        self.lexer.skip_lines()?;
        self.lexer.expect("(")?;
        self.lexer.skip_lines()?;
        let condition = self.nested(Self::pipeline)?;
        self.lexer.skip_lines()?;
        self.lexer.expect(")")?;
        Ok(condition)
    }

    fn if_statement(&mut self) -> Result<StatementKind, Stop> {
        let mut arms = vec![(self.condition()?, self.block()?)];
        loop {
            let end = self.lexer.position;
            self.lexer.skip_lines()?;
            if self.lexer.keyword("elseif") {
                arms.push((self.condition()?, self.block()?));
            } else if self.lexer.keyword("else") {
                return Ok(StatementKind::If {
                    arms,
                    otherwise: self.block()?,
                });
            } else {
                self.lexer.position = end;
                return Ok(StatementKind::If {
                    arms,
                    otherwise: Vec::new(),
                });
            }
        }
    }

    fn foreach(&mut self) -> Result<StatementKind, Stop> {
        self.lexer.expect("(")?;
        self.lexer.skip_lines()?;
        self.lexer.expect("$")?;
        let variable = self.lexer.name().to_lowercase();
        self.lexer.skip_lines()?;
        if !self.lexer.keyword("in") {
            return Err(Stop::syntax("expected `in`", self.at()));
        }
        self.lexer.skip_lines()?;
        let items = Box::new(self.nested(Self::pipeline)?);
        self.lexer.skip_lines()?;
        self.lexer.expect(")")?;
        Ok(StatementKind::ForEach {
            variable,
            items,
            body: self.block()?,
        })
    }

    fn for_statement(&mut self) -> Result<StatementKind, Stop> {
        self.lexer.expect("(")?;
        let mut parts = Vec::new();
        for end in [";", ";", ")"] {
            self.lexer.skip_lines()?;
            parts.push(self.optional_pipeline()?);
            self.lexer.skip_lines()?;
            self.lexer.expect(end)?;
        }
        let (next, test, start) = (parts.pop().flatten(), parts.pop().flatten(), parts.pop().flatten());
        Ok(StatementKind::For {
            start,
            test,
            next,
            body: self.block()?,
        })
    }

    fn do_statement(&mut self) -> Result<StatementKind, Stop> {
        let body = self.block()?;
        self.lexer.skip_lines()?;
        let until = self.lexer.keyword("until");
        if !until && !self.lexer.keyword("while") {
            return Err(Stop::syntax("expected `while` or `until`", self.at()));
        }
        Ok(StatementKind::DoWhile {
            test: Box::new(self.condition()?),
            until,
            body,
        })
    }

    fn function(&mut self) -> Result<StatementKind, Stop> {
        let mut name = self.lexer.name();
        while self.lexer.eat("-") {
            name = format!("{name}-{}", self.lexer.name());
        }
        if name.is_empty() || self.lexer.peek() == Some(':') {
            return Err(Stop::unsupported("this name of a function", self.at()));
        }
        self.lexer.skip_lines()?;
        let listed = match self.lexer.peek() {
            Some('(') => self.parameter_list()?,
            _ => Vec::new(),
        };
        self.lexer.skip_lines()?;
        let mut body = self.body()?;
        if body.parameters.is_empty() {
            body.parameters = listed;
        }
        Ok(StatementKind::Function {
            name: name.to_lowercase(),
            body: Rc::new(body),
        })
    }

    fn try_statement(&mut self) -> Result<StatementKind, Stop> {
        let at = self.at();
        let body = self.block()?;
        let (mut catch, mut finally) = (None, None);
        loop {
            let end = self.lexer.position;
            self.lexer.skip_lines()?;
            if catch.is_none() && finally.is_none() && self.lexer.keyword("catch") {
                self.lexer.skip_lines()?;
                if self.lexer.peek() == Some('[') {
                    return Err(Stop::unsupported("`catch` of a type", self.at()));
                }
                catch = Some(self.block()?);
            } else if finally.is_none() && self.lexer.keyword("finally") {
                finally = Some(self.block()?);
            } else {
                self.lexer.position = end;
                break;
            }
        }
        if catch.is_none() && finally.is_none() {
            return Err(Stop::syntax("`try` without `catch` and `finally`", at));
        }
        Ok(StatementKind::Try {
            body,
            catch,
            finally: finally.unwrap_or_default(),
        })
    }

    /// Reads an assignment or a pipeline.
    pub(super) fn pipeline(&mut self) -> Result<Statement, Stop> {
        let at = self.at();
        let first = self.stage()?;
        self.lexer.skip_blanks()?;
        let first = match first {
            Stage::Expression(target) => match self.assignment() {
                Some(operator) => return self.assign(target, operator),
                None => Stage::Expression(target),
            },
            command => command,
        };
        let mut stages = vec![first];
        loop {
            let end = self.lexer.position;
            self.lexer.skip_lines()?;
            if self.lexer.starts_with("||") || self.lexer.starts_with("&&") {
                return Err(Stop::unsupported("`&&` and `||`", self.at()));
            }
            if !self.lexer.eat("|") {
                self.lexer.position = end;
                return Ok(Statement {
                    at,
                    kind: StatementKind::Pipeline(stages),
                });
            }
            self.lexer.skip_lines()?;
            let at = self.at();
            match self.stage()? {
                Stage::Expression(_) => return Err(Stop::syntax("an expression after `|`", at)),
                command => stages.push(command),
            }
        }
    }

    /// Takes an assignment operator; `None` inside stands for plain `=`.
    fn assignment(&mut self) -> Option<Option<String>> {
        for operator in ["+", "-", "*", "/", "%"] {
            if self.lexer.eat(&format!("{operator}=")) {
                return Some(Some(operator.to_owned()));
            }
        }
        self.lexer.eat("=").then_some(None)
    }

    fn assign(&mut self, target: Expression, operator: Option<String>) -> Result<Statement, Stop> {
        let at = target.at;
        match target.kind {
            ExpressionKind::Variable(_) | ExpressionKind::Index(..) | ExpressionKind::Property(..) => {}
            ExpressionKind::Cast(..) => return Err(Stop::unsupported("a typed variable", at)),
            _ => return Err(Stop::unsupported("assigning to this", at)),
        }
        self.lexer.skip_lines()?;
        let value = Box::new(self.nested(Self::statement)?);
        Ok(Statement {
            at,
            kind: StatementKind::Assign {
                target,
                operator,
                value,
            },
        })
    }
}
