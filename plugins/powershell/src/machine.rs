//! The state of a running script, its limits, and its output.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use begat_task::{Context, Level};

use crate::fault::Stop;
use crate::syntax::{At, Body, Expression};
use crate::value::Value;

const STEPS: u64 = 50_000_000;
const CALLS: usize = 100;
const DEPTH: usize = 700;
const OUTPUT: usize = 8 << 20;

/// Where the values of a statement go, one by one.
pub type Sink<'a> = &'a mut dyn FnMut(&mut Machine<'_>, Value) -> Result<(), Stop>;

/// A running script.
pub struct Machine<'a> {
    context: &'a Context,
    pub stdout: String,
    pub stderr: String,
    /// How much of `stdout` was handed to the log.
    shown: usize,
    pub scopes: Vec<HashMap<String, Value>>,
    pub functions: HashMap<String, Rc<Body>>,
    pub environment: BTreeMap<String, String>,
    steps: u64,
    depth: usize,
    pub pipelines: u64,
}

impl<'a> Machine<'a> {
    pub fn new(context: &'a Context, environment: &BTreeMap<String, String>, stops: bool) -> Self {
        let preference = if stops { "Stop" } else { "Continue" };
        let first = HashMap::from([("erroractionpreference".to_owned(), Value::text(preference))]);
        let environment = environment
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect();
        Machine {
            context,
            stdout: String::new(),
            stderr: String::new(),
            shown: 0,
            scopes: vec![first],
            functions: HashMap::new(),
            environment,
            steps: 0,
            depth: 0,
            pipelines: 0,
        }
    }

    pub fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        match self.steps > STEPS {
            true => Err(Stop::Fault(format!("the script took more than {STEPS} steps"))),
            false => Ok(()),
        }
    }

    pub fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        self.step()?;
        if self.depth >= DEPTH {
            return Err(Stop::Fault(
                "the script's calls and expressions nest too deeply".to_owned(),
            ));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// Runs something in a scope of its own.
    pub fn scoped<T>(
        &mut self,
        variables: HashMap<String, Value>,
        run: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        if self.scopes.len() > CALLS {
            return Err(Stop::Fault(format!("the script calls deeper than {CALLS}")));
        }
        self.scopes.push(variables);
        let result = run(self);
        self.scopes.pop();
        result
    }

    pub fn get(&self, name: &str, at: At) -> Result<Value, Stop> {
        if let Some((scope, name)) = name.split_once(':') {
            return match scope {
                "env" => Ok(self.environment.get(name).map_or(Value::Null, Value::text)),
                "script" | "global" => Ok(self.scopes[0].get(name).cloned().unwrap_or(Value::Null)),
                _ => Err(Stop::unsupported(format!("the scope `{scope}:`"), at)),
            };
        }
        match name {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "null" => return Ok(Value::Null),
            _ => {}
        }
        if let Some(value) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return Ok(value.clone());
        }
        match name {
            "args" | "input" | "matches" | "error" | "pid" | "home" | "host" | "pwd" | "lastexitcode"
            | "myinvocation" | "psitem" | "psversiontable" | "psscriptroot" | "pscommandpath" | "iswindows"
            | "islinux" | "ismacos" | "psboundparameters" | "profile" | "ofs" => {
                Err(Stop::unsupported(format!("the variable `${name}`"), at))
            }
            _ => Ok(Value::Null),
        }
    }

    pub fn set(&mut self, name: &str, value: Value, at: At) -> Result<(), Stop> {
        if let Some((scope, name)) = name.split_once(':') {
            match scope {
                "env" => drop(self.environment.insert(name.to_owned(), self.show(&value, at)?)),
                "script" | "global" => drop(self.scopes[0].insert(name.to_owned(), value)),
                _ => return Err(Stop::unsupported(format!("the scope `{scope}:`"), at)),
            }
            return Ok(());
        }
        if matches!(name, "true" | "false" | "null" | "ofs") {
            return Err(Stop::unsupported(format!("assigning to `${name}`"), at));
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), value);
        }
        Ok(())
    }

    pub fn show(&self, value: &Value, at: At) -> Result<String, Stop> {
        value.show().map_err(|what| Stop::unsupported(what, at))
    }

    /// Writes a value as the console shows it.
    pub fn print(&mut self, value: &Value, at: At) -> Result<(), Stop> {
        match value {
            Value::Null => Ok(()),
            Value::List(items) => {
                let items = items.borrow().clone();
                items.iter().try_for_each(|item| self.print(item, at))
            }
            Value::Table(_) | Value::Error(..) | Value::Block(_) => {
                let what = "the default format of an object (use string interpolation or ConvertTo-Json -Compress)";
                Err(Stop::unsupported(what, at))
            }
            value => {
                let text = self.show(value, at)?;
                self.write(&text, true)
            }
        }
    }

    pub fn write(&mut self, text: &str, line: bool) -> Result<(), Stop> {
        self.stdout.push_str(text);
        if line {
            self.stdout.push('\n');
        }
        if self.stdout.len() > OUTPUT {
            return Err(Stop::Fault("the script wrote more than 8 MiB to one stream".to_owned()));
        }
        if let Some(end) = self.stdout[self.shown..].rfind('\n') {
            crate::print_through(&self.stdout[self.shown..=self.shown + end], false);
            self.shown += end + 1;
        }
        Ok(())
    }

    pub fn write_error(&mut self, text: &str) -> Result<(), Stop> {
        self.stderr.push_str(text);
        self.stderr.push('\n');
        crate::print_through(&format!("{text}\n"), true);
        match self.stderr.len() > OUTPUT {
            true => Err(Stop::Fault("the script wrote more than 8 MiB to one stream".to_owned())),
            false => Ok(()),
        }
    }

    /// Hands over the last line, which has no end.
    pub fn flush(&mut self) {
        crate::print_through(&self.stdout[self.shown..], false);
        self.shown = self.stdout.len();
    }

    pub fn log(&self, level: Level, text: &str) {
        self.context.log(level, text);
    }

    /// Evaluates an expression to text.
    pub fn evaluate_text(&mut self, expression: &Expression) -> Result<String, Stop> {
        let value = self.evaluate(expression)?;
        self.show(&value, expression.at)
    }
}
