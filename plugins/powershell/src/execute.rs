//! Statements.

use std::rc::Rc;

use crate::evaluate::fault;
use crate::fault::Stop;
use crate::machine::{Machine, Sink};
use crate::operators;
use crate::syntax::{At, Expression, ExpressionKind, Stage, Statement, StatementKind};
use crate::value::Value;

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
        statements
            .iter()
            .try_for_each(|statement| self.deeper(|machine| machine.execute(statement, out)))
    }

    fn test(&mut self, statement: &Statement) -> Result<bool, Stop> {
        Ok(self.value_of(statement)?.truth())
    }

    fn execute(&mut self, statement: &Statement, out: Sink<'_>) -> Result<(), Stop> {
        let at = statement.at;
        match &statement.kind {
            StatementKind::Pipeline(stages) => match stages.as_slice() {
                [
                    Stage::Expression(Expression {
                        kind: ExpressionKind::Step(target, by),
                        ..
                    }),
                ] => {
                    let value = self.evaluate(target)?;
                    let value = operators::apply("+", &value, &Value::Integer(*by)).map_err(|said| fault(said, at))?;
                    self.assign(target, value)
                }
                stages => self.pipeline(stages, out),
            },
            StatementKind::Assign {
                target,
                operator,
                value,
            } => {
                let mut value = self.value_of(value)?;
                if let Some(operator) = operator {
                    let old = self.evaluate(target)?;
                    value = operators::apply(operator, &old, &value).map_err(|said| fault(said, at))?;
                }
                self.assign(target, value)
            }
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
            StatementKind::Break => Err(Stop::Break),
            StatementKind::Continue => Err(Stop::Continue),
            StatementKind::Try { body, catch, finally } => self.try_catch(body, catch.as_deref(), finally, out),
            _ => self.execute_loop(&statement.kind, out),
        }
    }

    /// Runs `throw` or `exit`.
    fn end(&mut self, statement: &Statement) -> Result<(), Stop> {
        let at = statement.at;
        match &statement.kind {
            StatementKind::Throw(value) => {
                let value = value
                    .as_ref()
                    .map_or(Ok(Value::text("ScriptHalted")), |value| self.value_of(value))?;
                Err(Stop::thrown(self.show(&value, at)?, at))
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

    fn execute_loop(&mut self, kind: &StatementKind, out: Sink<'_>) -> Result<(), Stop> {
        match kind {
            StatementKind::ForEach { variable, items, body } => {
                let value = self.value_of(items)?;
                let items = if matches!(value, Value::Null) {
                    Vec::new()
                } else {
                    value.items()
                };
                for item in items {
                    self.set(variable, item, At { line: 1, column: 1 })?;
                    if !self.turn(body, out)? {
                        break;
                    }
                }
            }
            StatementKind::For {
                start,
                test,
                next,
                body,
            } => {
                if let Some(start) = start {
                    self.execute(start, out)?;
                }
                while test.as_ref().map_or(Ok(true), |test| self.test(test))? && self.turn(body, out)? {
                    if let Some(next) = next {
                        self.execute(next, out)?;
                    }
                }
            }
            StatementKind::While { test, body } => while self.test(test)? && self.turn(body, out)? {},
            StatementKind::DoWhile { test, until, body } => {
                while self.turn(body, out)? && self.test(test)? != *until {}
            }
            _ => {}
        }
        Ok(())
    }

    /// Runs a loop's body once; `false` after `break`.
    fn turn(&mut self, body: &[Statement], out: Sink<'_>) -> Result<bool, Stop> {
        self.step()?;
        match self.execute_all(body, out) {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn try_catch(
        &mut self,
        body: &[Statement],
        catch: Option<&[Statement]>,
        finally: &[Statement],
        out: Sink<'_>,
    ) -> Result<(), Stop> {
        let mut result = self.execute_all(body, out);
        if let (Err(Stop::Thrown { message, at }), Some(catch)) = (&result, catch) {
            let (at, before) = (*at, self.get("_", *at)?);
            self.set("_", Value::Error(Rc::from(message.as_str()), false), at)?;
            result = self.execute_all(catch, out);
            self.set("_", before, at)?;
        }
        if !matches!(result, Err(Stop::Fault(_))) {
            self.execute_all(finally, out)?;
        }
        result
    }

    fn assign(&mut self, target: &Expression, value: Value) -> Result<(), Stop> {
        let at = target.at;
        let (target, key) = match &target.kind {
            ExpressionKind::Variable(name) => return self.set(name, value, at),
            ExpressionKind::Index(target, index) => (self.evaluate(target)?, self.evaluate(index)?),
            ExpressionKind::Property(target, name) => (self.evaluate(target)?, Value::text(name)),
            _ => return Err(Stop::unsupported("assigning to this", at)),
        };
        match &target {
            Value::List(items) => {
                let place = key.integer().map_err(|message| fault(message, at))?;
                let mut items = items.borrow_mut();
                let place = if place < 0 { place + items.len() as i64 } else { place };
                match usize::try_from(place).ok().and_then(|place| items.get_mut(place)) {
                    Some(item) => *item = value,
                    None => return Err(Stop::thrown("Index was outside the bounds of the array.", at)),
                }
            }
            Value::Table(table) => {
                if matches!(value, Value::List(_) | Value::Table(_)) {
                    return Err(Stop::unsupported(
                        "putting an array or a table into a table afterwards",
                        at,
                    ));
                }
                let mut table = table.borrow_mut();
                for (known, old) in &mut table.entries {
                    if operators::equal(known, &key).map_err(|message| fault(message, at))? {
                        *old = value;
                        return Ok(());
                    }
                }
                if table.object {
                    return Err(Stop::thrown("The property cannot be found on this object.", at));
                }
                table.entries.push((key, value));
            }
            _ => return Err(Stop::unsupported("assigning into this value", at)),
        }
        Ok(())
    }
}
