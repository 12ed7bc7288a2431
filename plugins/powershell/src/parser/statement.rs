//! Statements.

use std::rc::Rc;

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{Catch, Expression, ExpressionKind, LoopKind, Stage, Statement, StatementKind, Switch};

const UNSUPPORTED: &[&str] = &[
    "class",
    "enum",
    "using",
    "data",
    "workflow",
    "parallel",
    "sequence",
    "inlinescript",
    "configuration",
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
                Some('<') => return Err(Stop::unsupported("redirection of input", self.at())),
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

    pub(super) fn statement(&mut self) -> Result<Statement, Stop> {
        let at = self.at();
        if self.lexer.peek() == Some(':') && self.lexer.ahead(1).is_some_and(char::is_alphabetic) {
            return self.labelled_loop();
        }
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
            "foreach" if self.lexer.peek() == Some('(') => self.foreach()?,
            "for" => self.for_statement()?,
            "while" => {
                let test = Box::new(self.condition()?);
                self.looping(LoopKind::While(test))?
            }
            "do" => self.do_statement()?,
            "switch" => self.switch()?,
            "function" => self.function(false)?,
            "filter" => self.function(true)?,
            "return" => StatementKind::Return(self.optional_pipeline()?),
            "throw" => StatementKind::Throw(self.optional_pipeline()?),
            "exit" => StatementKind::Exit(self.optional_pipeline()?),
            "break" => StatementKind::Break(self.label()?),
            "continue" => StatementKind::Continue(self.label()?),
            "try" => self.try_statement()?,
            "trap" => StatementKind::Trap(Rc::new(self.catch()?)),
            _ => return Ok(None),
        }))
    }

    fn looping(&mut self, kind: LoopKind) -> Result<StatementKind, Stop> {
        Ok(StatementKind::Loop {
            label: self.labelled.take(),
            kind,
            body: self.block()?,
        })
    }

    /// Reads the name of a loop behind `break` or `continue`.
    fn label(&mut self) -> Result<Option<String>, Stop> {
        let name = self.lexer.name().to_lowercase();
        Ok((!name.is_empty()).then_some(name))
    }

    /// Reads `:name` before a loop.
    fn labelled_loop(&mut self) -> Result<Statement, Stop> {
        let at = self.at();
        self.lexer.expect(":")?;
        let name = self.lexer.name().to_lowercase();
        self.lexer.skip_lines()?;
        self.labelled = Some(name);
        let statement = self.statement()?;
        match self.labelled.take() {
            Some(_) => Err(Stop::syntax("a label without a loop", at)),
            None => Ok(statement),
        }
    }

    fn switch(&mut self) -> Result<StatementKind, Stop> {
        let label = self.labelled.take();
        let (mut regex, mut wildcard, mut case_sensitive) = (false, false, false);
        while let Some(option) = self.lexer.dashed(&["regex", "wildcard", "exact", "casesensitive"]) {
            match option.as_str() {
                "regex" => regex = true,
                "wildcard" => wildcard = true,
                "casesensitive" => case_sensitive = true,
                _ => {}
            }
            self.lexer.skip_blanks()?;
        }
        if self.lexer.peek() == Some('-') {
            return Err(Stop::unsupported("this parameter of `switch`", self.at()));
        }
        let subject = Box::new(self.condition()?);
        self.lexer.skip_lines()?;
        self.lexer.expect("{")?;
        let mut arms = Vec::new();
        loop {
            self.lexer.skip_separators()?;
            if self.lexer.eat("}") {
                break;
            }
            let test = match self.lexer.keyword("default") {
                true => None,
                false => Some(self.nested(Self::argument_value)?),
            };
            arms.push((test, self.block()?));
        }
        Ok(StatementKind::Switch(Switch {
            label,
            subject,
            regex,
            wildcard,
            case_sensitive,
            arms,
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
        self.looping(LoopKind::ForEach { variable, items })
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
        self.looping(LoopKind::For { start, test, next })
    }

    fn do_statement(&mut self) -> Result<StatementKind, Stop> {
        let label = self.labelled.take();
        let body = self.block()?;
        self.lexer.skip_lines()?;
        let until = self.lexer.keyword("until");
        if !until && !self.lexer.keyword("while") {
            return Err(Stop::syntax("expected `while` or `until`", self.at()));
        }
        let test = Box::new(self.condition()?);
        Ok(StatementKind::Loop {
            label,
            kind: LoopKind::DoWhile { test, until },
            body,
        })
    }

    fn function(&mut self, filter: bool) -> Result<StatementKind, Stop> {
        let mut name = self.lexer.name();
        while self.lexer.eat("-") {
            name = format!("{name}-{}", self.lexer.name());
        }
        if name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("global") {
            self.lexer.eat(":");
            return self.function(filter);
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
        if filter && body.process.is_none() {
            body.process = Some(std::mem::take(&mut body.statements));
        }
        Ok(StatementKind::Function {
            name: name.to_lowercase(),
            body: Rc::new(body),
        })
    }

    fn try_statement(&mut self) -> Result<StatementKind, Stop> {
        let at = self.at();
        let body = self.block()?;
        let (mut catches, mut finally) = (Vec::new(), None);
        loop {
            let end = self.lexer.position;
            self.lexer.skip_lines()?;
            if finally.is_none() && self.lexer.keyword("catch") {
                catches.push(self.catch()?);
            } else if finally.is_none() && self.lexer.keyword("finally") {
                finally = Some(self.block()?);
            } else {
                self.lexer.position = end;
                break;
            }
        }
        if catches.is_empty() && finally.is_none() {
            return Err(Stop::syntax("`try` without `catch` and `finally`", at));
        }
        Ok(StatementKind::Try {
            body,
            catches,
            finally: finally.unwrap_or_default(),
        })
    }

    /// Reads the types and the block behind `catch` or `trap`.
    fn catch(&mut self) -> Result<Catch, Stop> {
        let mut types = Vec::new();
        loop {
            self.lexer.skip_lines()?;
            match self.lexer.peek() {
                Some('[') => types.push(self.type_name()?),
                Some(',') => self.lexer.position += 1,
                _ => break,
            }
        }
        Ok(Catch {
            types,
            body: self.block()?,
        })
    }

    /// Reads pipelines with `&&` and `||` between them.
    pub(super) fn pipeline(&mut self) -> Result<Statement, Stop> {
        let at = self.at();
        let mut first = self.single_pipeline()?;
        loop {
            let end = self.lexer.position;
            self.lexer.skip_blanks()?;
            let on_success = self.lexer.eat("&&");
            if !on_success && !self.lexer.eat("||") {
                self.lexer.position = end;
                return Ok(first);
            }
            self.lexer.skip_lines()?;
            let second = Box::new(self.single_pipeline()?);
            let kind = StatementKind::Chain {
                first: Box::new(first),
                on_success,
                second,
            };
            first = Statement { at, kind };
        }
    }

    /// Reads an assignment or a pipeline.
    fn single_pipeline(&mut self) -> Result<Statement, Stop> {
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
            stages.extend(self.redirected.take());
            let end = self.lexer.position;
            self.lexer.skip_lines()?;
            if self.lexer.starts_with("||") || !self.lexer.eat("|") {
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
        for operator in ["+", "-", "*", "/", "%", "??"] {
            if self.lexer.eat(&format!("{operator}=")) {
                return Some(Some(operator.to_owned()));
            }
        }
        self.lexer.eat("=").then_some(None)
    }

    fn assign(&mut self, target: Expression, operator: Option<String>) -> Result<Statement, Stop> {
        let at = target.at;
        if !is_place(&target) {
            return Err(Stop::unsupported("assigning to this", at));
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

/// Whether something can be assigned to.
fn is_place(target: &Expression) -> bool {
    match &target.kind {
        ExpressionKind::Variable(_)
        | ExpressionKind::Index(..)
        | ExpressionKind::Property(..)
        | ExpressionKind::Static(_, _, None) => true,
        ExpressionKind::Cast(_, inner) => is_place(inner),
        ExpressionKind::List(items) => items.iter().all(is_place),
        _ => false,
    }
}
