//! Pipelines, calls and the commands that are known.

use std::collections::HashMap;
use std::rc::Rc;

use begat_task::Level;

use crate::ending::end;
use crate::evaluate::{cast, fault};
use crate::fault::Stop;
use crate::machine::{Machine, Sink};
use crate::syntax::{Argument, At, Body, Command, Stage};
use crate::value::Value;

/// A command of a pipeline with its arguments evaluated.
pub struct Call {
    pub at: At,
    pub name: String,
    pub target: Option<Rc<Body>>,
    pub positional: Vec<Value>,
    pub named: Vec<(String, Value)>,
    /// What came down the pipeline, for commands that need all of it.
    pub seen: Vec<Value>,
    pub number: u64,
}

const SWITCHES: &[&str] = &["nonewline", "compress", "verbose", "descending", "sum"];

impl Machine<'_> {
    pub fn pipeline(&mut self, stages: &[Stage], out: Sink<'_>) -> Result<(), Stop> {
        self.pipelines += 1;
        let number = self.pipelines;
        let mut calls = Vec::new();
        for stage in stages {
            if let Stage::Command(command) = stage {
                calls.push(self.prepare(command, number)?);
            }
        }
        let fed = match &stages[0] {
            Stage::Expression(expression) => {
                let value = self.evaluate(expression)?;
                value
                    .items()
                    .into_iter()
                    .try_for_each(|item| self.feed(&mut calls, item, out))
            }
            Stage::Command(_) => match calls.split_first_mut() {
                Some((first, rest)) => {
                    let rest = &mut *rest;
                    let result = self.start(first, &mut |machine, value| machine.feed(rest, value, out));
                    match result {
                        Err(Stop::Enough(enough)) if enough == number => Ok(()),
                        other => other,
                    }?;
                    return self.finish(rest, out);
                }
                None => Ok(()),
            },
        };
        match fed {
            Err(Stop::Enough(enough)) if enough == number => Ok(()),
            other => other,
        }?;
        self.finish(&mut calls, out)
    }

    fn finish(&mut self, calls: &mut [Call], out: Sink<'_>) -> Result<(), Stop> {
        let Some((call, rest)) = calls.split_first_mut() else {
            return Ok(());
        };
        for value in end(call)? {
            match self.feed(rest, value, out) {
                Err(Stop::Enough(enough)) if enough == call.number => break,
                other => other?,
            }
        }
        self.finish(rest, out)
    }

    fn prepare(&mut self, command: &Command, number: u64) -> Result<Call, Stop> {
        let at = command.at;
        let (name, target) = match self.evaluate(&command.name)? {
            Value::Block(body) => ("&".to_owned(), Some(body)),
            name => (self.show(&name, at)?, None),
        };
        let target = target.or_else(|| self.functions.get(&name.to_lowercase()).cloned());
        let mut call = Call {
            at,
            name,
            target,
            positional: Vec::new(),
            named: Vec::new(),
            seen: Vec::new(),
            number,
        };
        if call.target.is_none() && canonical(&call.name).is_none() {
            return Err(Stop::unsupported(format!("the command `{}`", call.name), at));
        }
        let mut arguments = command.arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            match argument {
                Argument::Value(value) => call.positional.push(self.evaluate(value)?),
                Argument::Named { name, value, at } => {
                    let switch = match &call.target {
                        Some(body) => {
                            let known = body.parameters.iter().find(|parameter| parameter.name == *name);
                            let known =
                                known.ok_or_else(|| Stop::unsupported(format!("the parameter `-{name}`"), *at))?;
                            known.cast.as_deref() == Some("switch")
                        }
                        None => SWITCHES.contains(&name.as_str()),
                    };
                    let value = match (value, arguments.peek()) {
                        (Some(value), _) => self.evaluate(value)?,
                        (None, Some(Argument::Value(value))) if !switch => {
                            arguments.next();
                            self.evaluate(value)?
                        }
                        (None, _) if switch => Value::Bool(true),
                        (None, _) => return Err(Stop::syntax(format!("`-{name}` without a value"), *at)),
                    };
                    call.named.push((name.clone(), value));
                }
            }
        }
        Ok(call)
    }

    /// Hands one value to the next command.
    fn feed(&mut self, calls: &mut [Call], value: Value, out: Sink<'_>) -> Result<(), Stop> {
        self.step()?;
        let Some((call, rest)) = calls.split_first_mut() else {
            return out(self, value);
        };
        if call.target.is_some() {
            return Err(Stop::unsupported("input of a function from a pipeline", call.at));
        }
        match canonical(&call.name).unwrap_or_default() {
            "out-null" => Ok(()),
            "write-output" => self.feed(rest, value, out),
            "foreach-object" | "where-object" => {
                let [Value::Block(body)] = call.positional.as_slice() else {
                    return Err(Stop::unsupported(
                        format!("`{}` without a lone script block", call.name),
                        call.at,
                    ));
                };
                let (at, body) = (call.at, Rc::clone(body));
                let before = self.get("_", at)?;
                self.set("_", value.clone(), at)?;
                if canonical(&call.name) == Some("where-object") {
                    let kept = self.keeps(&body, at)?;
                    self.set("_", before, at)?;
                    return if kept { self.feed(rest, value, out) } else { Ok(()) };
                }
                let result = self.execute_all(&body.statements, &mut |machine, value| machine.feed(rest, value, out));
                self.set("_", before, at)?;
                match result {
                    Err(Stop::Return) => Ok(()),
                    other => other,
                }
            }
            "select-object" if call.named.iter().any(|(name, _)| name == "first") => {
                let wanted = call
                    .named
                    .iter()
                    .find(|(name, _)| name == "first")
                    .map(|(_, value)| value.integer());
                let wanted = wanted.unwrap_or(Ok(0)).map_err(|message| fault(message, call.at))?;
                call.seen.push(Value::Null);
                let (seen, number) = (call.seen.len() as i64, call.number);
                if seen <= wanted {
                    self.feed(rest, value, out)?;
                }
                if seen >= wanted {
                    Err(Stop::Enough(number))
                } else {
                    Ok(())
                }
            }
            "select-object" | "sort-object" | "measure-object" | "convertto-json" => {
                call.seen.push(value);
                Ok(())
            }
            _ => {
                call.positional = vec![value];
                self.builtin(call)
            }
        }
    }

    /// Whether a filter's block says yes to `$_`.
    fn keeps(&mut self, body: &Body, at: At) -> Result<bool, Stop> {
        match self.collect(&body.statements) {
            Err(Stop::Return) => Err(Stop::unsupported("`return` in a filter", at)),
            values => Ok(Value::collected(values?).truth()),
        }
    }

    /// Runs the first command of a pipeline.
    fn start(&mut self, call: &mut Call, out: Sink<'_>) -> Result<(), Stop> {
        if let Some(body) = call.target.clone() {
            let variables = self.bind(&body, call)?;
            let result = self.scoped(variables, |machine| machine.execute_all(&body.statements, out));
            return match result {
                Err(Stop::Return) => Ok(()),
                other => other,
            };
        }
        match canonical(&call.name).unwrap_or_default() {
            "write-output" => {
                if call.named.iter().any(|(name, _)| name != "inputobject") {
                    return Err(Stop::unsupported("this parameter of `Write-Output`", call.at));
                }
                let named = call.named.iter().map(|(_, value)| value);
                let items: Vec<Value> = call.positional.iter().chain(named).flat_map(Value::items).collect();
                items.into_iter().try_for_each(|item| out(self, item))
            }
            "convertto-json" if !call.positional.is_empty() => {
                call.seen = std::mem::take(&mut call.positional);
                end(call)?.into_iter().try_for_each(|value| out(self, value))
            }
            "foreach-object" | "where-object" | "select-object" | "sort-object" | "measure-object" | "out-null"
            | "convertto-json" => Err(Stop::unsupported(
                format!("`{}` without a pipeline", call.name),
                call.at,
            )),
            _ => self.builtin(call),
        }
    }

    fn bind(&mut self, body: &Body, call: &mut Call) -> Result<HashMap<String, Value>, Stop> {
        let mut variables: HashMap<String, Value> = HashMap::new();
        let mut positional = call.positional.drain(..);
        for parameter in &body.parameters {
            let named = call
                .named
                .iter()
                .find(|(name, _)| *name == parameter.name)
                .map(|(_, value)| value.clone());
            let switch = parameter.cast.as_deref() == Some("switch");
            let given = named.or_else(|| if switch { None } else { positional.next() });
            let value = match (given, &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => {
                    let (value, inner) = self.scoped(variables, |machine| {
                        let value = machine.evaluate(default)?;
                        Ok((value, machine.scopes.last().cloned().unwrap_or_default()))
                    })?;
                    variables = inner;
                    value
                }
                (None, None) if parameter.cast.as_deref().is_none_or(|name| name.ends_with("[]")) => {
                    variables.insert(parameter.name.clone(), Value::Null);
                    continue;
                }
                (None, None) => Value::Null,
            };
            let value = match &parameter.cast {
                Some(name) if !(matches!(value, Value::Null) && name == "hashtable") => cast(name, value, call.at)?,
                _ => value,
            };
            variables.insert(parameter.name.clone(), value);
        }
        match positional.next() {
            Some(_) => Err(Stop::unsupported(
                format!("more arguments than `{}` has parameters", call.name),
                call.at,
            )),
            None => Ok(variables),
        }
    }

    /// Runs a command that writes.
    fn builtin(&mut self, call: &mut Call) -> Result<(), Stop> {
        let (at, name) = (call.at, canonical(&call.name).unwrap_or_default());
        let mut newline = true;
        let mut verbose = false;
        let mut action = None;
        for (parameter, value) in &call.named {
            match (name, parameter.as_str()) {
                ("write-host", "nonewline") => newline = !value.truth(),
                ("write-host", "foregroundcolor" | "backgroundcolor") => {}
                ("write-verbose", "verbose") => verbose = value.truth(),
                ("write-error", "erroraction") => action = Some(self.show(value, at)?),
                (_, "message" | "object" | "messagedata") => call.positional.push(value.clone()),
                _ => return Err(Stop::unsupported(format!("`-{parameter}` of `{}`", call.name), at)),
            }
        }
        let shown: Result<Vec<String>, Stop> = call.positional.iter().map(|value| self.show(value, at)).collect();
        let text = shown?.join(" ");
        let preference = |machine: &Self, name: &str| machine.get(name, at).and_then(|value| machine.show(&value, at));
        match name {
            "write-host" => self.write(&text, newline),
            "write-warning" => {
                self.log(Level::Warn, &format!("WARNING: {text}"));
                Ok(())
            }
            "write-verbose" => {
                if verbose || preference(self, "verbosepreference")?.eq_ignore_ascii_case("continue") {
                    self.log(Level::Debug, &format!("VERBOSE: {text}"));
                }
                Ok(())
            }
            "write-information" => match preference(self, "informationpreference")?.eq_ignore_ascii_case("continue") {
                true => self.write(&text, true),
                false => Ok(()),
            },
            "write-error" => {
                let action = action
                    .map_or_else(|| preference(self, "erroractionpreference"), Ok)?
                    .to_lowercase();
                match action.as_str() {
                    "stop" => Err(Stop::thrown(text, at)),
                    "continue" => self.write_error(&format!("Write-Error: {text}")),
                    "silentlycontinue" | "ignore" => Ok(()),
                    _ => Err(Stop::unsupported(format!("the error action `{action}`"), at)),
                }
            }
            _ => Err(Stop::unsupported(format!("the command `{}` here", call.name), at)),
        }
    }
}

/// The full name of a known command.
pub fn canonical(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "write-output" | "echo" | "write" => "write-output",
        "write-host" => "write-host",
        "write-warning" => "write-warning",
        "write-error" => "write-error",
        "write-verbose" => "write-verbose",
        "write-information" => "write-information",
        "foreach-object" | "%" | "foreach" => "foreach-object",
        "where-object" | "?" | "where" => "where-object",
        "select-object" | "select" => "select-object",
        "sort-object" | "sort" => "sort-object",
        "measure-object" | "measure" => "measure-object",
        "convertto-json" => "convertto-json",
        "out-null" => "out-null",
        _ => return None,
    })
}
