//! Arguments and the parameters they go to.

use std::collections::HashMap;
use std::rc::Rc;

use crate::commands::Specification;
use crate::fault::{Stop, Wrong};
use crate::machine::{Machine, Scope};
use crate::pipeline::{Call, Target};
use crate::syntax::{At, Body, Parameter};
use crate::types;
use crate::value::{Kind, Value};

impl Machine<'_> {
    pub fn splat(&mut self, call: &mut Call, value: &crate::syntax::Expression) -> Result<(), Stop> {
        match self.evaluate(value)? {
            Value::Table(table) => {
                for (name, value) in &table.borrow().entries {
                    let (name, _) = parameter(&call.target, &name.show().to_lowercase(), &call.name, call.at)?;
                    call.named.push((name, value.clone()));
                }
            }
            Value::Null => {}
            other => call.positional.extend(other.items()),
        }
        Ok(())
    }

    /// Binds arguments to parameters.
    pub fn bind(
        &mut self,
        body: &Rc<Body>,
        positional: Vec<Value>,
        named: Vec<(String, Value)>,
        name: &str,
        at: At,
    ) -> Result<Scope, Stop> {
        self.bind_with(body, positional, named, name, at, false)
    }

    pub fn bind_with(
        &mut self,
        body: &Rc<Body>,
        positional: Vec<Value>,
        named: Vec<(String, Value)>,
        name: &str,
        at: At,
        piped: bool,
    ) -> Result<Scope, Stop> {
        let mut scope = Scope::default();
        let mut positional = positional.into_iter();
        let bound: Vec<(Value, Value)> = named
            .iter()
            .map(|(name, value)| (Value::text(name), value.clone()))
            .collect();
        scope
            .variables
            .insert("psboundparameters".to_owned(), Value::table(Kind::Hash, bound));
        for parameter in &body.parameters {
            let switch = parameter.cast.as_deref() == Some("switch");
            let given = named
                .iter()
                .find(|(name, _)| *name == parameter.name)
                .map(|(_, value)| value.clone());
            let waits = piped && parameter.from_pipeline;
            let given = given.or_else(|| if switch || waits { None } else { positional.next() });
            let value = match (given, &parameter.default) {
                (Some(value), _) => checked(parameter, value).map_err(|wrong| wrong.at(at))?,
                (None, _) if parameter.mandatory && !waits => {
                    let message = format!(
                        "Cannot process command because of one or more missing mandatory parameters: {}.",
                        parameter.name
                    );
                    return Err(Stop::error(message, at));
                }
                (None, Some(default)) => {
                    let (value, inner) = self.scoped(scope, |machine| machine.evaluate(default));
                    scope = inner;
                    converted(parameter, value?).map_err(|wrong| wrong.at(at))?
                }
                (None, None) => match parameter.cast.as_deref().map(types::plain_name).as_deref() {
                    Some("string") => Value::text(""),
                    Some("int" | "long") => Value::Integer(0),
                    Some("double") => Value::Double(0.0),
                    Some("bool" | "switch") => Value::Bool(false),
                    _ => Value::Null,
                },
            };
            scope.variables.insert(parameter.name.clone(), value);
            if let Some(cast) = parameter.cast.as_ref().filter(|_| !switch) {
                scope.types.insert(parameter.name.clone(), cast.clone());
            }
        }
        let left: Vec<Value> = positional.collect();
        if !left.is_empty()
            && !body.parameters.is_empty()
            && body.parameters.iter().any(|parameter| parameter.mandatory)
        {
            let message = format!(
                "A positional parameter cannot be found that accepts argument '{}'.",
                left[0].show()
            );
            return Err(Stop::error(format!("{name}: {message}"), at));
        }
        scope.variables.insert("args".to_owned(), Value::list(left));
        Ok(scope)
    }
}

fn converted(parameter: &Parameter, value: Value) -> Result<Value, Wrong> {
    match &parameter.cast {
        Some(name) => types::cast(name, value),
        None => Ok(value),
    }
}

/// A value as a parameter takes it.
pub fn checked(parameter: &Parameter, value: Value) -> Result<Value, Wrong> {
    let refuse = |reason: String| {
        Err(Wrong::error(format!(
            "Cannot validate argument on parameter '{}'. {reason}",
            parameter.name
        )))
    };
    let value = converted(parameter, value)?;
    if parameter.not_empty && value.show().is_empty() {
        return refuse("The argument is null or empty.".to_owned());
    }
    if let Some(allowed) = &parameter.allowed {
        for item in value.items() {
            let shown = item.show();
            if !allowed.iter().any(|known| known.eq_ignore_ascii_case(&shown)) {
                return refuse(format!(
                    "The argument \"{shown}\" does not belong to the set \"{}\".",
                    allowed.join(",")
                ));
            }
        }
    }
    if let Some((least, largest)) = parameter.range {
        let number = value.double()?;
        if number < least || number > largest {
            return refuse(format!(
                "The {number} argument is outside the range {least} to {largest}."
            ));
        }
    }
    Ok(value)
}

/// The full name of a parameter, and whether it is a switch.
pub fn parameter(target: &Target, name: &str, command: &str, at: At) -> Result<(String, bool), Stop> {
    let unknown = || {
        let message = format!("A parameter cannot be found that matches parameter name '{name}'.");
        Stop::error(format!("{command}: {message}"), at)
    };
    match target {
        Target::Body(body) => {
            let exact = body
                .parameters
                .iter()
                .find(|parameter| parameter.name == name || parameter.aliases.iter().any(|alias| alias == name));
            let mut close = body
                .parameters
                .iter()
                .filter(|parameter| parameter.name.starts_with(name));
            let found = exact.or_else(|| close.next().filter(|_| close.next().is_none()));
            match found {
                Some(parameter) => Ok((parameter.name.clone(), parameter.cast.as_deref() == Some("switch"))),
                None => match name {
                    "verbose" | "debug" => Ok((name.to_owned(), true)),
                    "erroraction" | "ea" => Ok(("erroraction".to_owned(), false)),
                    _ => Err(unknown()),
                },
            }
        }
        Target::Command(known) => known
            .parameter(name)
            .ok_or_else(|| Stop::unsupported(format!("the parameter `-{name}` of `{command}`"), at)),
    }
}

/// Gives values without a name to the parameters that take them in order.
pub fn place(command: &Specification, call: &mut Call) -> Result<(), Stop> {
    if command.rest {
        return Ok(());
    }
    let free: HashMap<&str, ()> = HashMap::from_iter(call.named.iter().map(|(name, _)| (name.as_str(), ())));
    let names: Vec<String> = command
        .positional
        .iter()
        .filter(|name| !free.contains_key(*name))
        .map(|name| (*name).to_owned())
        .collect();
    let given = std::mem::take(&mut call.positional);
    if given.len() > names.len() {
        let what = format!("more arguments than `{}` takes here", call.name);
        return Err(Stop::unsupported(what, call.at));
    }
    call.named.extend(names.into_iter().zip(given));
    Ok(())
}
