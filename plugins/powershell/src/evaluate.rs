//! Expressions.

use crate::fault::Stop;
use crate::machine::Machine;
use crate::operators;
use crate::syntax::{At, Expression, ExpressionKind, Piece, Statement};
use crate::value::Value;

/// Turns an operator's message into an error.
pub fn fault(message: String, at: At) -> Stop {
    match message.strip_prefix("unsupported: ") {
        Some(what) => Stop::unsupported(what, at),
        None => Stop::thrown(message, at),
    }
}

impl Machine<'_> {
    pub fn evaluate(&mut self, expression: &Expression) -> Result<Value, Stop> {
        self.deeper(|machine| machine.evaluate_inside(expression))
    }

    fn evaluate_inside(&mut self, expression: &Expression) -> Result<Value, Stop> {
        let at = expression.at;
        match &expression.kind {
            ExpressionKind::Integer(value) => Ok(Value::Integer(*value)),
            ExpressionKind::Double(value) => Ok(Value::Double(*value)),
            ExpressionKind::Text(pieces) => self.pieces(pieces),
            ExpressionKind::Variable(name) => self.get(name, at),
            ExpressionKind::List(items) => {
                let items: Result<Vec<Value>, Stop> = items.iter().map(|item| self.evaluate(item)).collect();
                Ok(Value::list(items?))
            }
            ExpressionKind::Array(statements) => Ok(Value::list(self.collect(statements)?)),
            ExpressionKind::Sub(statements) => Ok(Value::collected(self.collect(statements)?)),
            ExpressionKind::Group(statement) => self.value_of(statement),
            ExpressionKind::Hash(entries) => self.hash(entries),
            ExpressionKind::Unary(operator, operand) => self.unary(operator, operand, at),
            ExpressionKind::Cast(name, operand) => {
                let value = self.evaluate(operand)?;
                cast(name, value, at)
            }
            ExpressionKind::Binary(operator, left, right) => self.binary(operator, left, right, at),
            ExpressionKind::Index(target, index) => {
                let (target, index) = (self.evaluate(target)?, self.evaluate(index)?);
                index_of(&target, &index, at)
            }
            ExpressionKind::Property(target, name) => {
                let target = self.evaluate(target)?;
                property(&target, name, at)
            }
            ExpressionKind::Method(target, name, arguments) => {
                let target = self.evaluate(target)?;
                let arguments: Result<Vec<Value>, Stop> = arguments.iter().map(|one| self.evaluate(one)).collect();
                method(&target, name, &arguments?, at)
            }
            ExpressionKind::Step(target, by) => {
                let what = format!("the value of `{}`", if *by > 0 { "++" } else { "--" });
                Err(Stop::unsupported(what, target.at))
            }
            ExpressionKind::Block(body) => Ok(Value::Block(body.clone())),
        }
    }

    fn pieces(&mut self, pieces: &[Piece]) -> Result<Value, Stop> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Value(expression) => text.push_str(&self.evaluate_text(expression)?),
            }
        }
        Ok(Value::text(text))
    }

    /// What a statement gives, as one value.
    pub fn value_of(&mut self, statement: &Statement) -> Result<Value, Stop> {
        if let Some(expression) = statement.lone_expression() {
            return self.evaluate(expression);
        }
        Ok(Value::collected(self.collect(std::slice::from_ref(statement))?))
    }

    fn hash(&mut self, entries: &[(Expression, Statement)]) -> Result<Value, Stop> {
        let mut table: Vec<(Value, Value)> = Vec::new();
        for (key, value) in entries {
            let (at, key, value) = (key.at, self.evaluate(key)?, self.value_of(value)?);
            for (known, _) in &table {
                if operators::equal(known, &key).map_err(|message| fault(message, at))? {
                    return Err(Stop::thrown("Duplicate keys are not allowed in hash literals.", at));
                }
            }
            table.push((key, value));
        }
        Ok(Value::table(false, table))
    }

    fn unary(&mut self, operator: &str, operand: &Expression, at: At) -> Result<Value, Stop> {
        let value = self.evaluate(operand)?;
        let result = match operator {
            "not" => Ok(Value::Bool(!value.truth())),
            "," => Ok(Value::list(vec![value])),
            "-" => operators::apply("-", &Value::Integer(0), &value),
            "+" => value.number(),
            "join" => operators::join(&value, "").map(Value::text),
            _ => {
                return Err(Stop::unsupported(
                    format!("the operator `-{operator}` before a value"),
                    at,
                ));
            }
        };
        result.map_err(|message| fault(message, at))
    }

    fn binary(&mut self, operator: &str, left: &Expression, right: &Expression, at: At) -> Result<Value, Stop> {
        let left = self.evaluate(left)?;
        match operator {
            "and" => return Ok(Value::Bool(left.truth() && self.evaluate(right)?.truth())),
            "or" => return Ok(Value::Bool(left.truth() || self.evaluate(right)?.truth())),
            _ => {}
        }
        let right = self.evaluate(right)?;
        operators::apply(operator, &left, &right).map_err(|message| fault(message, at))
    }
}

pub fn cast(name: &str, value: Value, at: At) -> Result<Value, Stop> {
    let result = match name {
        "int" | "long" => value.integer().map(Value::Integer),
        "double" => value.double().map(Value::Double),
        "string" => value
            .show()
            .map(Value::text)
            .map_err(|what| format!("unsupported: {what}")),
        "bool" | "switch" => Ok(Value::Bool(value.truth())),
        "array" | "object[]" => Ok(Value::list(value.items())),
        "object" => Ok(value),
        "string[]" | "int[]" => {
            let name = name.trim_end_matches("[]");
            let items: Result<Vec<Value>, Stop> = value.items().into_iter().map(|item| cast(name, item, at)).collect();
            Ok(Value::list(items?))
        }
        "void" => Ok(Value::Null),
        "ordered" | "hashtable" | "pscustomobject" => match &value {
            Value::Table(table) => Ok(Value::table(name == "pscustomobject", table.borrow().entries.clone())),
            _ => return Err(Stop::unsupported(format!("`[{name}]` of this value"), at)),
        },
        _ => return Err(Stop::unsupported(format!("the type `[{name}]`"), at)),
    };
    result.map_err(|message| fault(message, at))
}

fn index_of(target: &Value, index: &Value, at: At) -> Result<Value, Stop> {
    if let Value::Table(table) = target
        && !table.borrow().object
    {
        return entry(target, index, at);
    }
    if let Value::List(wanted) = index {
        let found: Result<Vec<Value>, Stop> = wanted.borrow().iter().map(|one| index_of(target, one, at)).collect();
        return Ok(Value::list(found?));
    }
    let place = index.integer().map_err(|message| fault(message, at))?;
    match target {
        Value::List(items) => {
            let items = items.borrow();
            let place = if place < 0 { place + items.len() as i64 } else { place };
            Ok(usize::try_from(place)
                .ok()
                .and_then(|place| items.get(place).cloned())
                .unwrap_or(Value::Null))
        }
        Value::Null => Err(Stop::thrown("Cannot index into a null array.", at)),
        _ => Err(Stop::unsupported("an index into this value", at)),
    }
}

fn entry(target: &Value, key: &Value, at: At) -> Result<Value, Stop> {
    if let Value::Table(table) = target {
        for (known, value) in &table.borrow().entries {
            if operators::equal(known, key).map_err(|message| fault(message, at))? {
                return Ok(value.clone());
            }
        }
    }
    Ok(Value::Null)
}

fn property(target: &Value, name: &str, at: At) -> Result<Value, Stop> {
    let lower = name.to_lowercase();
    let length = |length: usize| Ok(Value::Integer(length as i64));
    match (target, lower.as_str()) {
        (Value::List(items), "count" | "length") => length(items.borrow().len()),
        (Value::Text(text), "length") => length(text.encode_utf16().count()),
        (Value::Null, "count" | "length") => length(0),
        (Value::Null, _) => Ok(Value::Null),
        (Value::Text(_) | Value::Integer(_) | Value::Double(_) | Value::Bool(_), "count") => length(1),
        (Value::Integer(_) | Value::Double(_) | Value::Bool(_), "length") => length(1),
        (Value::Error(message, false), "exception") => Ok(Value::Error(message.clone(), true)),
        (Value::Error(message, true), "message") => Ok(Value::Text(message.clone())),
        (Value::Table(table), _) => {
            let found = entry(target, &Value::text(name), at)?;
            let table = table.borrow();
            match (&found, lower.as_str()) {
                (Value::Null, "count") if !table.object => length(table.entries.len()),
                (Value::Null, "keys") if !table.object => {
                    Ok(Value::list(table.entries.iter().map(|(key, _)| key.clone()).collect()))
                }
                (Value::Null, "values") if !table.object => Ok(Value::list(
                    table.entries.iter().map(|(_, value)| value.clone()).collect(),
                )),
                _ => Ok(found),
            }
        }
        _ => Err(Stop::unsupported(format!("the property `{name}` of this value"), at)),
    }
}

fn method(target: &Value, name: &str, arguments: &[Value], at: At) -> Result<Value, Stop> {
    let unsupported = || Stop::unsupported(format!("the method `{name}` with these values"), at);
    match (target, name.to_lowercase().as_str(), arguments) {
        (Value::Text(text), "toupper", []) => Ok(Value::text(text.to_uppercase())),
        (Value::Text(text), "tolower", []) => Ok(Value::text(text.to_lowercase())),
        (Value::Text(text), "trim", []) => Ok(Value::text(text.trim())),
        (Value::Text(text), "contains", [Value::Text(part)]) => Ok(Value::Bool(text.contains(&**part))),
        (Value::Text(text), "replace", [Value::Text(from), Value::Text(to)]) if !from.is_empty() => {
            Ok(Value::text(text.replace(&**from, to)))
        }
        (Value::Text(_) | Value::Integer(_) | Value::Double(_) | Value::Bool(_), "tostring", []) => target
            .show()
            .map(Value::text)
            .map_err(|what| Stop::unsupported(what, at)),
        (Value::Table(table), "containskey", [key]) if !table.borrow().object => {
            for (known, _) in &table.borrow().entries {
                if operators::equal(known, key).map_err(|message| fault(message, at))? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        (Value::Null, ..) => Err(Stop::thrown(
            "You cannot call a method on a null-valued expression.",
            at,
        )),
        _ => Err(unsupported()),
    }
}
