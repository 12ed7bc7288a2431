//! Pipelines and calls: values flow one by one from command to command.

use std::rc::Rc;

use crate::binding::{checked, parameter, place};
use crate::commands::{self, Specification};
use crate::fault::{Stop, Wrong};
use crate::machine::{Machine, Scope, Sink};
use crate::members;
use crate::operators;
use crate::syntax::{Argument, At, Body, Command, Stage};
use crate::value::Value;

/// A command of a pipeline with its arguments evaluated.
pub struct Call {
    pub at: At,
    /// As it is shown.
    pub name: String,
    pub target: Target,
    pub positional: Vec<Value>,
    pub named: Vec<(String, Value)>,
    /// What came down the pipeline, for commands that need all of it.
    pub seen: Vec<Value>,
    /// Whether anything can come down the pipeline.
    pub piped: bool,
    number: u64,
    silent: bool,
    dotted: bool,
    /// The scope of a function between two values.
    scope: Option<Scope>,
}

/// What a call runs.
#[derive(Clone)]
pub enum Target {
    Body(Rc<Body>),
    Command(&'static Specification),
}

impl Call {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.named
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Whether a switch is on.
    pub fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(Value::truth)
    }

    /// Whether it is `Select-Object -First` and nothing more, which ends the pipeline once it has enough.
    fn takes_first(&self) -> bool {
        self.name == "Select-Object" && self.named.len() == 1 && self.get("first").is_some()
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Value::show)
    }

    /// A parameter that may be a list of texts.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.get(name)
            .map(|value| value.items().iter().map(Value::show).collect())
            .unwrap_or_default()
    }

    pub fn size(&self, name: &str) -> Result<Option<usize>, Stop> {
        self.get(name)
            .map(Value::size)
            .transpose()
            .map_err(|wrong| wrong.at(self.at))
    }

    /// The first of these parameters that is given, else what came down the pipeline.
    pub fn input(&mut self, name: &str) -> Vec<Value> {
        match self.get(name) {
            Some(value) => value.items(),
            None => std::mem::take(&mut self.seen),
        }
    }

    pub fn required(&self, name: &str) -> Result<String, Stop> {
        self.text(name)
            .ok_or_else(|| Stop::unsupported(format!("`{}` without `-{name}`", self.name), self.at))
    }
}

impl Machine<'_> {
    pub fn pipeline(&mut self, stages: &[Stage], out: Sink<'_>) -> Result<(), Stop> {
        self.pipelines += 1;
        let number = self.pipelines;
        let mut calls = Vec::new();
        for (place, stage) in stages.iter().enumerate() {
            if let Stage::Command(command) = stage {
                let mut call = self.prepare(command, number)?;
                call.piped = place > 0;
                calls.push(call);
            }
        }
        let muted = calls.iter().filter(|call| call.silent).count();
        self.silent += muted;
        let result = self.flow(stages, &mut calls, number, out);
        self.silent -= muted;
        result
    }

    fn flow(&mut self, stages: &[Stage], calls: &mut [Call], number: u64, out: Sink<'_>) -> Result<(), Stop> {
        let enough = |result: Result<(), Stop>| match result {
            Err(Stop::Enough(one)) if one == number => Ok(()),
            other => other,
        };
        if let Stage::Expression(expression) = &stages[0] {
            let value = self.evaluate(expression)?;
            self.begin(calls, out)?;
            let fed = value
                .items()
                .into_iter()
                .try_for_each(|item| self.feed(calls, item, out));
            enough(fed)?;
            return self.finish(calls, out);
        }
        let Some((first, rest)) = calls.split_first_mut() else {
            return Ok(());
        };
        self.begin(rest, out)?;
        let result = self.start(first, &mut |machine, value| machine.feed(rest, value, out));
        enough(result)?;
        self.finish(rest, out)
    }

    /// Runs the `begin` blocks of functions that wait for input.
    fn begin(&mut self, calls: &mut [Call], out: Sink<'_>) -> Result<(), Stop> {
        for place in 0..calls.len() {
            let (head, rest) = calls.split_at_mut(place + 1);
            let call = &mut head[place];
            self.side_block(call, "begin", rest, out)?;
            if let Target::Body(body) = call.target.clone() {
                let (positional, named) = (std::mem::take(&mut call.positional), std::mem::take(&mut call.named));
                let scope = self.bind_with(&body, positional, named, &call.name, call.at, true)?;
                let (result, scope) = self.scoped(scope, |machine| {
                    machine.execute_all(&body.begin, &mut |machine, value| machine.feed(rest, value, out))
                });
                result?;
                call.scope = Some(scope);
            }
        }
        Ok(())
    }

    /// Runs what `ForEach-Object` is to do before the first value or behind the last.
    fn side_block(&mut self, call: &Call, name: &str, rest: &mut [Call], out: Sink<'_>) -> Result<(), Stop> {
        match call.get(name) {
            Some(Value::Block(body)) if call.name == "ForEach-Object" => {
                let body = Rc::clone(body);
                self.execute_all(&body.statements, &mut |machine, value| machine.feed(rest, value, out))
            }
            _ => Ok(()),
        }
    }

    fn finish(&mut self, calls: &mut [Call], out: Sink<'_>) -> Result<(), Stop> {
        let Some((call, rest)) = calls.split_first_mut() else {
            return Ok(());
        };
        let number = call.number;
        let result = match call.target.clone() {
            Target::Body(body) => self.end_of_function(call, &body, rest, out),
            Target::Command(command) if command.streams || call.takes_first() => {
                self.side_block(call, "end", rest, out)
            }
            Target::Command(command) if command.name == "Tee-Object" => (command.run)(self, call).map(|_| ()),
            Target::Command(command) => match (command.run)(self, call) {
                Ok(values) => values.into_iter().try_for_each(|value| self.feed(rest, value, out)),
                Err(stop) => Err(stop),
            },
        };
        match result {
            Err(Stop::Enough(enough)) if enough == number => {}
            other => other?,
        }
        self.finish(rest, out)
    }

    fn end_of_function(
        &mut self,
        call: &mut Call,
        body: &Rc<Body>,
        rest: &mut [Call],
        out: Sink<'_>,
    ) -> Result<(), Stop> {
        let mut scope = call.scope.take().unwrap_or_default();
        let seen = std::mem::take(&mut call.seen);
        if body.process.is_none() {
            let last = body.parameters.iter().find(|parameter| parameter.from_pipeline);
            if let (Some(parameter), Some(value)) = (last, seen.last()) {
                scope.variables.insert(parameter.name.clone(), value.clone());
            }
            scope.variables.insert("input".to_owned(), Value::list(seen));
        }
        let (result, _) = self.scoped(scope, |machine| {
            machine.execute_all(&body.statements, &mut |machine, value| machine.feed(rest, value, out))
        });
        returned(result)
    }

    fn prepare(&mut self, command: &Command, number: u64) -> Result<Call, Stop> {
        let at = command.at;
        let (name, target) = match self.evaluate(&command.name)? {
            Value::Block(body) => ("&".to_owned(), Target::Body(body)),
            name => {
                let name = name.show();
                let target = match self.functions.get(&name.to_lowercase()) {
                    Some(body) => Target::Body(Rc::clone(body)),
                    None => match commands::find(&name) {
                        Some(command) => Target::Command(command),
                        None => return Err(Stop::unsupported(format!("the command `{name}`"), at)),
                    },
                };
                (name, target)
            }
        };
        let mut call = Call {
            at,
            name: match &target {
                Target::Command(command) => command.name.to_owned(),
                Target::Body(_) => name,
            },
            target,
            positional: Vec::new(),
            named: Vec::new(),
            seen: Vec::new(),
            piped: false,
            number,
            silent: command.silent,
            dotted: command.dotted,
            scope: None,
        };
        let mut arguments = command.arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            match argument {
                Argument::Value(value) => call.positional.push(self.evaluate(value)?),
                Argument::Splat(value) => self.splat(&mut call, value)?,
                Argument::Named { name, value, at } => {
                    let (name, switch) = parameter(&call.target, name, &call.name, *at)?;
                    let value = match (value, arguments.peek()) {
                        (Some(value), _) => self.evaluate(value)?,
                        (None, Some(Argument::Value(value))) if !switch => {
                            arguments.next();
                            self.evaluate(value)?
                        }
                        (None, _) if switch => Value::Bool(true),
                        (None, _) => {
                            let message = format!(
                                "Missing an argument for parameter '{name}'. Specify a parameter of type 'System.Object' and try again."
                            );
                            return Err(Stop::error(message, *at));
                        }
                    };
                    call.named.push((name, value));
                }
            }
        }
        if let Target::Command(command) = &call.target {
            place(command, &mut call)?;
        }
        Ok(call)
    }

    /// Hands one value to the next command.
    pub fn feed(&mut self, calls: &mut [Call], value: Value, out: Sink<'_>) -> Result<(), Stop> {
        self.step()?;
        let Some((call, rest)) = calls.split_first_mut() else {
            return out(self, value);
        };
        let at = call.at;
        let command = match call.target.clone() {
            Target::Body(body) => return self.feed_function(call, &body, value, rest, out),
            Target::Command(command) => command,
        };
        match command.name {
            "Out-Null" => Ok(()),
            "Write-Output" => self.feed(rest, value, out),
            "ForEach-Object" => {
                let before = self.get("_", at)?;
                let result = self.for_each(call, value, rest, out);
                self.set("_", before, at)?;
                result
            }
            "Where-Object" => match self.keeps(call, &value)? {
                true => self.feed(rest, value, out),
                false => Ok(()),
            },
            "Tee-Object" => {
                call.seen.push(value.clone());
                self.feed(rest, value, out)
            }
            "Select-Object" if call.takes_first() => {
                let wanted = call.size("first")?.unwrap_or(0);
                call.seen.push(Value::Null);
                let (seen, number) = (call.seen.len(), call.number);
                if seen <= wanted {
                    self.feed(rest, value, out)?;
                }
                if seen >= wanted {
                    Err(Stop::Enough(number))
                } else {
                    Ok(())
                }
            }
            _ if command.streams => {
                call.positional = vec![value];
                (command.run)(self, call)?
                    .into_iter()
                    .try_for_each(|value| self.feed(rest, value, out))
            }
            _ => {
                call.seen.push(value);
                Ok(())
            }
        }
    }

    fn feed_function(
        &mut self,
        call: &mut Call,
        body: &Rc<Body>,
        value: Value,
        rest: &mut [Call],
        out: Sink<'_>,
    ) -> Result<(), Stop> {
        let Some(process) = &body.process else {
            call.seen.push(value);
            return Ok(());
        };
        let mut scope = call.scope.take().unwrap_or_default();
        if let Some(parameter) = body.parameters.iter().find(|parameter| parameter.from_pipeline) {
            let checked = checked(parameter, value.clone()).map_err(|wrong| wrong.at(call.at))?;
            scope.variables.insert(parameter.name.clone(), checked);
        }
        scope.variables.insert("_".to_owned(), value);
        let (result, scope) = self.scoped(scope, |machine| {
            machine.execute_all(process, &mut |machine, value| machine.feed(rest, value, out))
        });
        call.scope = Some(scope);
        returned(result)
    }

    fn for_each(&mut self, call: &Call, value: Value, rest: &mut [Call], out: Sink<'_>) -> Result<(), Stop> {
        let at = call.at;
        match call.get("process") {
            Some(Value::Block(body)) => {
                let body = Rc::clone(body);
                self.set("_", value, at)?;
                returned(self.execute_all(&body.statements, &mut |machine, value| machine.feed(rest, value, out)))
            }
            Some(name) if call.named.len() == 1 => {
                let name = name.show();
                let found = members::property(&value, &name).map_err(|wrong| wrong.at(at))?;
                let found = match found {
                    Value::Null if !matches!(value, Value::Table(_)) => self.method(&value, &name, Vec::new(), at)?,
                    found => found,
                };
                self.feed(rest, found, out)
            }
            _ => Err(Stop::unsupported("these parameters of `ForEach-Object`", at)),
        }
    }

    /// Whether a filter says yes to a value.
    fn keeps(&mut self, call: &Call, value: &Value) -> Result<bool, Stop> {
        let at = call.at;
        if let Some(Value::Block(body)) = call.get("filterscript") {
            let body = Rc::clone(body);
            let before = self.get("_", at)?;
            self.set("_", value.clone(), at)?;
            let mut kept = Vec::new();
            let result = self.execute_all(&body.statements, &mut |_, value| {
                kept.push(value);
                Ok(())
            });
            self.set("_", before, at)?;
            returned(result)?;
            return Ok(Value::collected(kept).truth());
        }
        let name = call.required("filterscript")?;
        let left = members::property(value, &name).map_err(|wrong| wrong.at(at))?;
        let operator = call.named.iter().find(|(name, _)| operators::is_comparison(name));
        let Some((operator, right)) = operator else {
            return Ok(match call.get("value") {
                None => left.truth() != call.is("not"),
                Some(right) => operators::equal(&left, right).map_err(|wrong| wrong.at(at))?,
            });
        };
        Ok(operators::apply(operator, &left, right)
            .map_err(|wrong| wrong.at(at))?
            .truth())
    }

    /// Runs the first command of a pipeline.
    fn start(&mut self, call: &mut Call, out: Sink<'_>) -> Result<(), Stop> {
        let at = call.at;
        let command = match call.target.clone() {
            Target::Body(body) => {
                let (positional, named) = (std::mem::take(&mut call.positional), std::mem::take(&mut call.named));
                if call.dotted && body.parameters.is_empty() {
                    return returned(self.execute_all(&body.statements, out));
                }
                let scope = self.bind(&body, positional, named, &call.name, at)?;
                let (result, _) = self.scoped(scope, |machine| {
                    machine.execute_all(&body.begin, out)?;
                    if let Some(process) = &body.process {
                        machine.execute_all(process, out)?;
                    }
                    machine.execute_all(&body.statements, out)
                });
                return returned(result);
            }
            Target::Command(command) => command,
        };
        match command.name {
            "ForEach-Object" | "Where-Object" | "Tee-Object" => match call.get("inputobject").cloned() {
                Some(value) => {
                    let mut calls = [Call {
                        at,
                        name: call.name.clone(),
                        target: call.target.clone(),
                        positional: Vec::new(),
                        named: call
                            .named
                            .iter()
                            .filter(|(name, _)| name != "inputobject")
                            .cloned()
                            .collect(),
                        seen: Vec::new(),
                        piped: true,
                        number: call.number,
                        silent: false,
                        dotted: false,
                        scope: None,
                    }];
                    value
                        .items()
                        .into_iter()
                        .try_for_each(|item| self.feed(&mut calls, item, out))
                }
                None => Ok(()),
            },
            _ => (command.run)(self, call)?
                .into_iter()
                .try_for_each(|value| out(self, value)),
        }
    }

    /// Reports an error of a command that goes on, as `-ErrorAction` says.
    pub fn complain(&mut self, call: &Call, types: &[&'static str], message: String) -> Result<(), Stop> {
        let at = call.at;
        let action = match call.text("erroraction") {
            Some(action) => action.to_lowercase(),
            None => self.preference("erroractionpreference", at)?,
        };
        let Stop::Thrown { error, .. } = Wrong::typed(types, message).at(at) else {
            return Ok(());
        };
        match action.as_str() {
            "stop" => Err(Stop::Thrown { error, soft: false }),
            "continue" => {
                self.remember(&error);
                self.write_error(&format!("{}: {}", call.name, error.message))
            }
            "silentlycontinue" => {
                self.remember(&error);
                Ok(())
            }
            "ignore" => {
                self.succeeded = false;
                Ok(())
            }
            _ => Err(Stop::unsupported(format!("the error action `{action}`"), at)),
        }
    }
}

fn returned(result: Result<(), Stop>) -> Result<(), Stop> {
    match result {
        Err(Stop::Return) => Ok(()),
        other => other,
    }
}
