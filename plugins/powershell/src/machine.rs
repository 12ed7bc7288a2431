//! The state of a running script, its limits, and its output.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use begat_task::script::print_through;
use begat_task::{Context, Level};

use crate::display;
use crate::fault::{ErrorRecord, Stop};
use crate::files::Files;
use crate::simulation::Simulation;
use crate::syntax::{At, Body, Expression};
use crate::types;
use crate::value::{Kind, Value};

const STEPS: u64 = 50_000_000;
/// How many steps are taken before it is asked again whether to stop.
const STEPS_BETWEEN: u64 = 256;
const CALLS: usize = 100;
const DEPTH: usize = 700;
const OUTPUT: usize = 8 << 20;
/// How many errors `$Error` keeps.
const ERRORS: usize = 256;

/// Where the values of a statement go, one by one.
pub type Sink<'a> = &'a mut dyn FnMut(&mut Machine<'_>, Value) -> Result<(), Stop>;

/// The variables of one scope, and the types some of them keep.
#[derive(Default)]
pub struct Scope {
    pub variables: HashMap<String, Value>,
    pub types: HashMap<String, String>,
}

/// A running script.
pub struct Machine<'a> {
    context: &'a Context,
    pub stdout: String,
    pub stderr: String,
    /// How much of `stdout` was handed to the log.
    shown: usize,
    pub scopes: Vec<Scope>,
    pub functions: HashMap<String, Rc<Body>>,
    pub environment: BTreeMap<String, String>,
    pub files: Files,
    pub simulation: Simulation,
    /// What was only simulated, in words, in the order it happened.
    pub effects: Vec<String>,
    /// Commands whose simulation was stated already.
    pub stated: BTreeSet<String>,
    /// Objects that wait for others of their kind, so that they share a table.
    pub held: Vec<Value>,
    pub errors: Vec<Value>,
    pub succeeded: bool,
    /// How many `try` blocks are being run.
    pub trying: usize,
    /// How many commands with `2>$null` are being run.
    pub silent: usize,
    steps: u64,
    /// Whether it was told to stop: what is left are `finally` blocks.
    is_told: bool,
    depth: usize,
    pub pipelines: u64,
    pub random: u64,
}

impl<'a> Machine<'a> {
    pub fn new(context: &'a Context, environment: &BTreeMap<String, String>, files: Files, stops: bool) -> Self {
        let preference = if stops { "Stop" } else { "Continue" };
        let mut first = Scope::default();
        for (name, value) in [
            ("erroractionpreference", preference),
            ("warningpreference", "Continue"),
            ("verbosepreference", "SilentlyContinue"),
            ("debugpreference", "SilentlyContinue"),
            ("informationpreference", "SilentlyContinue"),
            ("progresspreference", "Continue"),
        ] {
            first.variables.insert(name.to_owned(), Value::text(value));
        }
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
            files,
            simulation: Simulation::new(),
            effects: Vec::new(),
            stated: BTreeSet::new(),
            held: Vec::new(),
            errors: Vec::new(),
            succeeded: true,
            trying: 0,
            silent: 0,
            steps: 0,
            is_told: false,
            depth: 0,
            pipelines: 0,
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// Stops when the task was told to.
    fn hear(&mut self) -> Result<(), Stop> {
        if self.is_told || !self.context.is_stopping() {
            return Ok(());
        }
        self.is_told = true;
        Err(Stop::Told)
    }

    /// Waits, and stops when the task is told to meanwhile.
    pub fn pause(&mut self, length: Duration) -> Result<(), Stop> {
        if self.is_told {
            std::thread::sleep(length);
        } else if !self.context.sleep(length) {
            self.is_told = true;
            return Err(Stop::Told);
        }
        Ok(())
    }

    pub fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps % STEPS_BETWEEN == 1 {
            self.hear()?;
        }
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

    /// Runs something in a scope of its own, and gives the scope back as well.
    pub fn scoped<T>(
        &mut self,
        scope: Scope,
        run: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> (Result<T, Stop>, Scope) {
        if self.scopes.len() > CALLS {
            return (Err(Stop::Fault(format!("the script calls deeper than {CALLS}"))), scope);
        }
        self.scopes.push(scope);
        let result = run(self);
        let scope = self.scopes.pop().unwrap_or_default();
        (result, scope)
    }

    pub fn get(&self, name: &str, at: At) -> Result<Value, Stop> {
        if let Some((scope, name)) = name.split_once(':') {
            let found = match scope {
                "env" => return Ok(self.environment.get(name).map_or(Value::Null, Value::text)),
                "script" | "global" => self.scopes.first().and_then(|scope| scope.variables.get(name)),
                "local" | "private" => self.scopes.last().and_then(|scope| scope.variables.get(name)),
                "variable" => return self.get(name, at),
                _ => return Err(Stop::unsupported(format!("the scope `{scope}:`"), at)),
            };
            return Ok(found.cloned().unwrap_or(Value::Null));
        }
        match name {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "null" => return Ok(Value::Null),
            "psitem" => return self.get("_", at),
            "?" => return Ok(Value::Bool(self.succeeded)),
            "error" => return Ok(Value::list(self.errors.iter().rev().cloned().collect())),
            "pwd" => {
                let fields = vec![("Path", Value::text(self.files.location()))];
                return Ok(Value::object(
                    Kind::Object("System.Management.Automation.PathInfo"),
                    fields,
                ));
            }
            _ => {}
        }
        if let Some(value) = self.scopes.iter().rev().find_map(|scope| scope.variables.get(name)) {
            return Ok(value.clone());
        }
        match name {
            "pid" | "home" | "host" | "myinvocation" | "psversiontable" | "psscriptroot" | "pscommandpath"
            | "iswindows" | "islinux" | "ismacos" | "profile" | "ofs" | "pscmdlet" | "executioncontext" | "pshome"
            | "this" => Err(Stop::unsupported(format!("the variable `${name}`"), at)),
            _ => Ok(Value::Null),
        }
    }

    pub fn set(&mut self, name: &str, value: Value, at: At) -> Result<(), Stop> {
        let (scope, name) = name.split_once(':').unwrap_or(("local", name));
        if name == "null" {
            return Ok(());
        }
        if matches!(name, "true" | "false" | "ofs" | "?" | "pwd" | "error") {
            return Err(Stop::unsupported(format!("assigning to `${name}`"), at));
        }
        let place = match scope {
            "env" => {
                let text = value.show();
                match text.is_empty() {
                    true => drop(self.environment.remove(name)),
                    false => drop(self.environment.insert(name.to_owned(), text)),
                }
                return Ok(());
            }
            "script" | "global" => 0,
            "local" | "private" | "variable" => self.scopes.len().saturating_sub(1),
            _ => return Err(Stop::unsupported(format!("the scope `{scope}:`"), at)),
        };
        let Some(scope) = self.scopes.get_mut(place) else {
            return Ok(());
        };
        let value = match scope.types.get(name) {
            Some(kind) => types::cast(kind, value).map_err(|wrong| wrong.at(at))?,
            None => value,
        };
        scope.variables.insert(name.to_owned(), value);
        Ok(())
    }

    /// The text of a variable that steers what is said.
    pub fn preference(&self, name: &str, at: At) -> Result<String, Stop> {
        Ok(self.get(name, at)?.show().to_lowercase())
    }

    /// Writes values as the console shows them.
    pub fn print_all(&mut self, values: &[Value], at: At) -> Result<(), Stop> {
        let text = display::show(values).map_err(|wrong| wrong.at(at))?;
        self.write(&text, false)
    }

    /// Writes the objects that wait, before anything else is written.
    pub fn release(&mut self, at: At) -> Result<(), Stop> {
        let held = std::mem::take(&mut self.held);
        self.print_all(&held, at)
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
            print_through(&self.stdout[self.shown..=self.shown + end], false);
            self.shown += end + 1;
        }
        Ok(())
    }

    pub fn write_error(&mut self, text: &str) -> Result<(), Stop> {
        if self.silent > 0 {
            return Ok(());
        }
        self.stderr.push_str(text);
        self.stderr.push('\n');
        print_through(&format!("{text}\n"), true);
        match self.stderr.len() > OUTPUT {
            true => Err(Stop::Fault("the script wrote more than 8 MiB to one stream".to_owned())),
            false => Ok(()),
        }
    }

    /// Keeps an error for `$Error`.
    pub fn remember(&mut self, error: &Rc<ErrorRecord>) {
        self.succeeded = false;
        if self.errors.len() >= ERRORS {
            self.errors.remove(0);
        }
        self.errors.push(Value::Error(Rc::clone(error)));
    }

    /// States once for each command, and for each effect, that it was simulated.
    pub fn simulated(&mut self, command: &str, effect: Option<String>) {
        match effect {
            Some(effect) => {
                self.log(Level::Info, &format!("SIMULATED: {effect}"));
                self.effects.push(effect);
            }
            None if self.stated.insert(command.to_owned()) => {
                self.log(
                    Level::Info,
                    &format!("SIMULATED: {command} answers from a simulated machine"),
                );
            }
            None => {}
        }
    }

    /// Hands over the last line, which has no end.
    pub fn flush(&mut self) {
        print_through(&self.stdout[self.shown..], false);
        self.shown = self.stdout.len();
    }

    pub fn log(&self, level: Level, text: &str) {
        self.context.log(level, text);
    }

    /// Evaluates an expression to text.
    pub fn evaluate_text(&mut self, expression: &Expression) -> Result<String, Stop> {
        Ok(self.evaluate(expression)?.show())
    }
}
