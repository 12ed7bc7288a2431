//! Statements.

use std::rc::Rc;

use crate::fault::{ErrorRecord, RUNTIME, Stop};
use crate::machine::{Machine, Scope, Sink};
use crate::operators;
use crate::syntax::{At, Catch, Expression, ExpressionKind, LoopKind, Stage, Statement, StatementKind, Switch};
use crate::value::Value;
use crate::{patterns, types};

impl Machine<'_> {
    /// Runs statements and keeps what they give.
    pub fn collect(&mut self, statements: &[Statement]) -> Result<Vec<Value>, Stop> {
        let mut values = Vec::new();
        self.execute_all(statements, &mut |_, value| {
            values.push(value);
            Ok(())
        })?;
        Ok(values)
    }

    pub fn execute_all(&mut self, statements: &[Statement], out: Sink<'_>) -> Result<(), Stop> {
        for statement in statements {
            match self.deeper(|machine| machine.execute(statement, out)) {
                Err(Stop::Thrown { error, soft }) => self.after_error(statements, error, soft, out)?,
                other => other?,
            }
        }
        Ok(())
    }

    /// Decides whether the statements go on behind one that failed.
    fn after_error(
        &mut self,
        statements: &[Statement],
        error: Rc<ErrorRecord>,
        soft: bool,
        out: Sink<'_>,
    ) -> Result<(), Stop> {
        let trap = statements.iter().rev().find_map(|statement| match &statement.kind {
            StatementKind::Trap(catch) if takes(catch, &error) => Some(Rc::clone(catch)),
            _ => None,
        });
        if let Some(trap) = trap {
            match self.handle(&trap.body, &error, out) {
                Err(Stop::Continue(None)) => return Ok(()),
                Err(Stop::Break(None)) => return Err(Stop::Thrown { error, soft: false }),
                other => other?,
            }
            return self.write_error(&described(&error));
        }
        let action = self.preference("erroractionpreference", error.at)?;
        if !soft || self.trying > 0 || action == "stop" {
            return Err(Stop::Thrown { error, soft });
        }
        self.remember(&error);
        match action.as_str() {
            "silentlycontinue" | "ignore" => Ok(()),
            _ => self.write_error(&described(&error)),
        }
    }

    fn test(&mut self, statement: &Statement) -> Result<bool, Stop> {
        Ok(self.group(statement)?.truth())
    }

    fn execute(&mut self, statement: &Statement, out: Sink<'_>) -> Result<(), Stop> {
        let at = statement.at;
        match &statement.kind {
            StatementKind::Pipeline(stages) => match stages.as_slice() {
                [Stage::Expression(step)] if matches!(step.kind, ExpressionKind::Step { .. }) => {
                    self.evaluate(step).map(|_| ())
                }
                [expression @ Stage::Expression(_)] => {
                    self.pipeline(std::slice::from_ref(expression), out)?;
                    self.succeeded = true;
                    Ok(())
                }
                stages => {
                    self.succeeded = true;
                    self.pipeline(stages, out)
                }
            },
            StatementKind::Chain {
                first,
                on_success,
                second,
            } => {
                self.execute(first, out)?;
                match self.succeeded == *on_success {
                    true => self.execute(second, out),
                    false => Ok(()),
                }
            }
            StatementKind::Assign {
                target,
                operator,
                value,
            } => self.assignment(target, operator.as_deref(), value, at),
            StatementKind::If { arms, otherwise } => {
                for (test, body) in arms {
                    if self.test(test)? {
                        return self.execute_all(body, out);
                    }
                }
                self.execute_all(otherwise, out)
            }
            StatementKind::Function { name, body } => {
                self.functions.insert(name.clone(), Rc::clone(body));
                Ok(())
            }
            StatementKind::Return(value) => {
                if let Some(value) = value {
                    self.execute(value, out)?;
                }
                Err(Stop::Return)
            }
            StatementKind::Throw(_) | StatementKind::Exit(_) => self.end(statement),
            StatementKind::Break(label) => Err(Stop::Break(label.clone())),
            StatementKind::Continue(label) => Err(Stop::Continue(label.clone())),
            StatementKind::Try { body, catches, finally } => self.try_catch(body, catches, finally, out),
            StatementKind::Loop { label, kind, body } => self.execute_loop(label.as_deref(), kind, body, at, out),
            StatementKind::Switch(switch) => self.switch(switch, at, out),
            StatementKind::Trap(_) => Ok(()),
        }
    }

    fn assignment(
        &mut self,
        target: &Expression,
        operator: Option<&str>,
        value: &Statement,
        at: At,
    ) -> Result<(), Stop> {
        if operator == Some("??") {
            return match self.evaluate(target)? {
                Value::Null => {
                    let value = self.value_of(value)?;
                    self.assign(target, value)
                }
                _ => Ok(()),
            };
        }
        if let StatementKind::Assign { target: inner, .. } = &value.kind {
            self.execute(value, &mut |_, _| Ok(()))?;
            let value = self.evaluate(inner)?;
            return self.assign(target, value);
        }
        let mut value = self.value_of(value)?;
        if let Some(operator) = operator {
            let old = self.evaluate(target)?;
            if let ("+", Value::List(list)) = (operator, &old)
                && !list.grows
                && Rc::strong_count(list) <= 2
                && matches!(target.kind, ExpressionKind::Variable(_))
            {
                // Nobody else holds the array, so growing it in place is what a copy would look like.
                let added = value.items();
                let shared = matches!(&value, Value::List(other) if Rc::ptr_eq(other, list));
                if !shared {
                    list.items.borrow_mut().extend(added);
                    return Ok(());
                }
            }
            value = operators::apply(operator, &old, &value).map_err(|wrong| wrong.at(at))?;
        }
        self.assign(target, value)
    }

    /// Runs `throw` or `exit`.
    fn end(&mut self, statement: &Statement) -> Result<(), Stop> {
        let at = statement.at;
        match &statement.kind {
            StatementKind::Throw(value) => {
                let value = match value {
                    Some(value) => self.value_of(value)?,
                    None => match self.get("_", at)? {
                        Value::Error(error) => Value::Error(error),
                        _ => Value::text("ScriptHalted"),
                    },
                };
                let error = match &value {
                    Value::Error(error) => Rc::clone(error),
                    Value::Exception(exception) => Rc::new(ErrorRecord {
                        types: exception.types.clone(),
                        message: exception.message.clone(),
                        id: exception.message.clone(),
                        target: Value::Null,
                        at,
                    }),
                    other => Rc::new(ErrorRecord {
                        types: vec![RUNTIME.to_owned()],
                        message: other.show(),
                        id: other.show(),
                        target: other.clone(),
                        at,
                    }),
                };
                Err(Stop::Thrown { error, soft: false })
            }
            StatementKind::Exit(value) => {
                let value = value
                    .as_ref()
                    .map_or(Ok(Value::Integer(0)), |value| self.value_of(value))?;
                let code = value.integer().ok().and_then(|code| i32::try_from(code).ok());
                Err(code.map_or_else(|| Stop::unsupported("this exit code", at), Stop::Exit))
            }
            _ => Ok(()),
        }
    }

    fn execute_loop(
        &mut self,
        label: Option<&str>,
        kind: &LoopKind,
        body: &[Statement],
        at: At,
        out: Sink<'_>,
    ) -> Result<(), Stop> {
        match kind {
            LoopKind::ForEach { variable, items } => {
                let items = match self.value_of(items)? {
                    Value::Null => Vec::new(),
                    value => value.items(),
                };
                for item in items {
                    self.set(variable, item, at)?;
                    if !self.turn(label, body, out)? {
                        break;
                    }
                }
            }
            LoopKind::For { start, test, next } => {
                if let Some(start) = start {
                    self.execute(start, out)?;
                }
                while test.as_ref().map_or(Ok(true), |test| self.test(test))? && self.turn(label, body, out)? {
                    if let Some(next) = next {
                        self.execute(next, out)?;
                    }
                }
            }
            LoopKind::While(test) => while self.test(test)? && self.turn(label, body, out)? {},
            LoopKind::DoWhile { test, until } => while self.turn(label, body, out)? && self.test(test)? != *until {},
        }
        Ok(())
    }

    /// Runs a loop's body once; `false` after `break`.
    fn turn(&mut self, label: Option<&str>, body: &[Statement], out: Sink<'_>) -> Result<bool, Stop> {
        self.step()?;
        let meant = |name: &Option<String>| name.is_none() || name.as_deref() == label;
        match self.execute_all(body, out) {
            Ok(()) => Ok(true),
            Err(Stop::Continue(name)) if meant(&name) => Ok(true),
            Err(Stop::Break(name)) if meant(&name) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn switch(&mut self, switch: &Switch, at: At, out: Sink<'_>) -> Result<(), Stop> {
        let items = self.value_of(&switch.subject)?.items();
        let before = self.get("_", at)?;
        let label = switch.label.as_deref();
        for item in items {
            let result = self.switch_item(switch, &item, at, out);
            self.set("_", before.clone(), at)?;
            let meant = |name: &Option<String>| name.is_none() || name.as_deref() == label;
            match result {
                Ok(()) => {}
                Err(Stop::Continue(name)) if meant(&name) => {}
                Err(Stop::Break(name)) if meant(&name) => break,
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    fn switch_item(&mut self, switch: &Switch, item: &Value, at: At, out: Sink<'_>) -> Result<(), Stop> {
        self.set("_", item.clone(), at)?;
        let mut met = false;
        for (test, body) in &switch.arms {
            let Some(test) = test else { continue };
            if self.switch_matches(switch, test, item)? {
                met = true;
                self.execute_all(body, out)?;
            }
        }
        let default = switch.arms.iter().find(|(test, _)| test.is_none());
        match default {
            Some((_, body)) if !met => self.execute_all(body, out),
            _ => Ok(()),
        }
    }

    fn switch_matches(&mut self, switch: &Switch, test: &Expression, item: &Value) -> Result<bool, Stop> {
        let at = test.at;
        let wanted = self.evaluate(test)?;
        if let Value::Block(body) = &wanted {
            let answer = self.collect(&Rc::clone(body).statements)?;
            return Ok(Value::collected(answer).truth());
        }
        let cased = switch.case_sensitive;
        let result = if switch.regex {
            return self.matches(&item.show(), &wanted.show(), cased, at);
        } else if switch.wildcard {
            patterns::like(&item.show(), &wanted.show(), cased)
        } else {
            operators::same(item, &wanted, cased)
        };
        result.map_err(|wrong| wrong.at(at))
    }

    /// `-match` of one text, which sets `$Matches`.
    pub fn matches(&mut self, text: &str, pattern: &str, cased: bool, at: At) -> Result<bool, Stop> {
        let regex = patterns::regex(pattern, cased).map_err(|wrong| wrong.at(at))?;
        let Some(found) = patterns::captures(&regex, text).map_err(|wrong| wrong.at(at))? else {
            return Ok(false);
        };
        let names: Vec<Option<&str>> = regex.capture_names().collect();
        let mut entries = Vec::new();
        for place in 0..found.len() {
            if let Some(group) = found.get(place) {
                let key = match names.get(place).copied().flatten() {
                    Some(name) => Value::text(name),
                    None => Value::count(place),
                };
                entries.push((key, Value::text(group.as_str())));
            }
        }
        self.set("matches", Value::table(crate::value::Kind::Hash, entries), at)?;
        Ok(true)
    }

    fn try_catch(
        &mut self,
        body: &[Statement],
        catches: &[Catch],
        finally: &[Statement],
        out: Sink<'_>,
    ) -> Result<(), Stop> {
        if catches.is_empty() {
            let result = self.execute_all(body, out);
            return self.finally(result, finally, out);
        }
        self.trying += 1;
        let mut result = self.execute_all(body, out);
        self.trying -= 1;
        if let Err(Stop::Thrown { error, .. }) = &result {
            let error = Rc::clone(error);
            // A type that is named wins over a `catch` that takes all.
            let named = catches
                .iter()
                .find(|catch| !catch.types.is_empty() && takes(catch, &error));
            if let Some(catch) = named.or_else(|| catches.iter().find(|catch| catch.types.is_empty())) {
                self.remember(&error);
                result = self.handle(&catch.body, &error, out);
            }
        }
        self.finally(result, finally, out)
    }

    fn finally(&mut self, result: Result<(), Stop>, finally: &[Statement], out: Sink<'_>) -> Result<(), Stop> {
        if !matches!(result, Err(Stop::Fault(_))) {
            self.execute_all(finally, out)?;
        }
        result
    }

    /// Runs what handles an error, which it sees as `$_`.
    fn handle(&mut self, body: &[Statement], error: &Rc<ErrorRecord>, out: Sink<'_>) -> Result<(), Stop> {
        let before = self.get("_", error.at)?;
        self.set("_", Value::Error(Rc::clone(error)), error.at)?;
        let result = self.execute_all(body, out);
        self.set("_", before, error.at)?;
        result
    }

    /// Runs a script block in a scope of its own, its arguments bound.
    pub fn call_block(
        &mut self,
        body: &Rc<crate::syntax::Body>,
        arguments: Vec<Value>,
        at: At,
        out: Sink<'_>,
    ) -> Result<(), Stop> {
        let scope: Scope = self.bind(body, arguments, Vec::new(), "the script block", at)?;
        let (result, _) = self.scoped(scope, |machine| {
            machine.execute_all(&body.begin, out)?;
            if let Some(process) = &body.process {
                machine.execute_all(process, out)?;
            }
            machine.execute_all(&body.statements, out)
        });
        match result {
            Err(Stop::Return) => Ok(()),
            other => other,
        }
    }
}

fn takes(catch: &Catch, error: &ErrorRecord) -> bool {
    catch.types.is_empty() || catch.types.iter().any(|name| types::catches(name, &error.types))
}

/// An error as the console shows it, in one line.
fn described(error: &ErrorRecord) -> String {
    let short = error.types[0].rsplit('.').next().unwrap_or_default();
    format!("{short}: {}", error.message)
}
