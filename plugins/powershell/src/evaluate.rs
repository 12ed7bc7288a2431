//! Expressions and what they can be assigned to.

use crate::fault::{Stop, Wrong};
use crate::machine::Machine;
use crate::members;
use crate::operators;
use crate::statics;
use crate::syntax::{At, Expression, ExpressionKind, Piece, Statement, StatementKind};
use crate::types;
use crate::value::{Kind, Value};

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
            ExpressionKind::Type(name) => Ok(Value::Type(types::plain_name(name).into())),
            ExpressionKind::List(items) => Ok(Value::list(self.evaluate_all(items)?)),
            ExpressionKind::Array(statements) => match self.collect_lone(statements)? {
                Some(list) => Ok(list),
                None => Ok(Value::list(self.collect(statements)?)),
            },
            ExpressionKind::Sub(statements) => Ok(Value::collected(self.collect(statements)?)),
            ExpressionKind::Group(statement) => self.group(statement),
            ExpressionKind::Hash(entries) => self.hash(entries, Kind::Hash),
            ExpressionKind::Unary(operator, operand) => self.unary(operator, operand, at),
            ExpressionKind::Cast(name, operand) => self.cast(name, operand, at),
            ExpressionKind::Binary(operator, left, right) => self.binary(operator, left, right, at),
            ExpressionKind::Choice(test, yes, no) => match self.evaluate(test)?.truth() {
                true => self.evaluate(yes),
                false => self.evaluate(no),
            },
            ExpressionKind::Index(target, index) => {
                let (target, index) = (self.evaluate(target)?, self.evaluate(index)?);
                members::index(&target, &index).map_err(|wrong| wrong.at(at))
            }
            ExpressionKind::Property(target, name) => {
                let target = self.evaluate(target)?;
                let name = self.evaluate_text(name)?;
                members::property(&target, &name).map_err(|wrong| wrong.at(at))
            }
            ExpressionKind::Method(target, name, arguments) => {
                let target = self.evaluate(target)?;
                let name = self.evaluate_text(name)?;
                let arguments = self.evaluate_all(arguments)?;
                self.method(&target, &name, arguments, at)
            }
            ExpressionKind::Static(name, member, arguments) => {
                let arguments = match arguments {
                    Some(arguments) => Some(self.evaluate_all(arguments)?),
                    None => None,
                };
                self.member_of_type(name, member, arguments, at)
            }
            ExpressionKind::Step { target, by, before } => {
                let old = self.evaluate(target)?;
                let new = operators::apply("+", &old, &Value::Integer(*by)).map_err(|wrong| wrong.at(at))?;
                self.assign(target, new.clone())?;
                match (before, old) {
                    (true, _) => Ok(new),
                    (false, Value::Null) => Ok(Value::Integer(0)),
                    (false, old) => Ok(old),
                }
            }
            ExpressionKind::Block(body) => Ok(Value::Block(body.clone())),
        }
    }

    fn evaluate_all(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, Stop> {
        expressions.iter().map(|one| self.evaluate(one)).collect()
    }

    /// The array that `@(…)` holds as its only value, which stays the array it is.
    fn collect_lone(&mut self, statements: &[Statement]) -> Result<Option<Value>, Stop> {
        let [statement] = statements else { return Ok(None) };
        let Some(expression) = statement.lone_expression() else {
            return Ok(None);
        };
        Ok(match self.evaluate(expression)? {
            Value::List(list) => Some(Value::list(list.items.borrow().clone())),
            // An expression that gives nothing is a null in the array, as in PowerShell.
            value => Some(Value::list(vec![value])),
        })
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

    /// What `(…)` is worth: an assignment in it is worth what it assigned.
    pub fn group(&mut self, statement: &Statement) -> Result<Value, Stop> {
        if let StatementKind::Assign { target, .. } = &statement.kind {
            self.collect(std::slice::from_ref(statement))?;
            return self.evaluate(target);
        }
        self.value_of(statement)
    }

    fn hash(&mut self, entries: &[(Expression, Statement)], kind: Kind) -> Result<Value, Stop> {
        let mut table = crate::value::Table {
            kind,
            entries: Vec::new(),
        };
        for (key, value) in entries {
            let (at, key, value) = (key.at, self.evaluate(key)?, self.value_of(value)?);
            if matches!(key, Value::Null) {
                return Err(Stop::error("A null key is not allowed in a hash literal.", at));
            }
            if table.get(&key).is_some() {
                let message = format!("Duplicate keys '{}' are not allowed in hash literals.", key.show());
                return Err(Stop::error(message, at));
            }
            table.entries.push((key, value));
        }
        Ok(Value::table(table.kind, table.entries))
    }

    fn cast(&mut self, name: &str, operand: &Expression, at: At) -> Result<Value, Stop> {
        let value = self.evaluate(operand)?;
        types::cast(name, value).map_err(|wrong| wrong.at(at))
    }

    fn unary(&mut self, operator: &str, operand: &Expression, at: At) -> Result<Value, Stop> {
        let value = self.evaluate(operand)?;
        let result = match operator {
            "not" => Ok(Value::Bool(!value.truth())),
            "bnot" => value.integer().map(|value| Value::Integer(!value)),
            "," => Ok(Value::list(vec![value])),
            "-" => operators::apply("-", &Value::Integer(0), &value),
            "+" => value.number(),
            "join" => Ok(Value::text(operators::join(&value, ""))),
            _ => Ok(operators::split_words(&value)),
        };
        result.map_err(|wrong| wrong.at(at))
    }

    fn binary(&mut self, operator: &str, left: &Expression, right: &Expression, at: At) -> Result<Value, Stop> {
        let left = self.evaluate(left)?;
        match operator {
            "and" => return Ok(Value::Bool(left.truth() && self.evaluate(right)?.truth())),
            "or" => return Ok(Value::Bool(left.truth() || self.evaluate(right)?.truth())),
            "??" if !matches!(left, Value::Null) => return Ok(left),
            "??" => return self.evaluate(right),
            _ => {}
        }
        let right = self.evaluate(right)?;
        if matches!(operator, "match" | "cmatch" | "notmatch" | "cnotmatch") && !matches!(left, Value::List(_)) {
            let found = self.matches(&left.show(), &right.show(), operator.starts_with('c'), at)?;
            return Ok(Value::Bool(found != operator.ends_with("notmatch")));
        }
        operators::apply(operator, &left, &right).map_err(|wrong| wrong.at(at))
    }

    fn member_of_type(
        &mut self,
        name: &str,
        member: &str,
        arguments: Option<Vec<Value>>,
        at: At,
    ) -> Result<Value, Stop> {
        let name = types::plain_name(name);
        statics::member(&name, member, arguments.as_deref()).map_err(|wrong| wrong.at(at))
    }

    /// Puts a value where an expression says.
    pub fn assign(&mut self, target: &Expression, value: Value) -> Result<(), Stop> {
        let at = target.at;
        let fault = |wrong: Wrong| wrong.at(at);
        match &target.kind {
            ExpressionKind::Variable(name) => self.set(name, value, at),
            ExpressionKind::Cast(name, inner) => {
                let value = types::cast(name, value).map_err(fault)?;
                let ExpressionKind::Variable(variable) = &inner.kind else {
                    return self.assign(inner, value);
                };
                self.set(variable, value, at)?;
                if let Some(scope) = self.scopes.last_mut() {
                    scope.types.insert(variable.clone(), name.clone());
                }
                Ok(())
            }
            ExpressionKind::List(targets) => {
                let mut values = value.items();
                for (place, target) in targets.iter().enumerate() {
                    let value = match (place + 1 == targets.len(), values.len() > place) {
                        (_, false) => Value::Null,
                        (true, true) => Value::collected(values.split_off(place)),
                        (false, true) => values[place].clone(),
                    };
                    self.assign(target, value)?;
                }
                Ok(())
            }
            ExpressionKind::Index(inner, index) => {
                let (inner, index) = (self.evaluate(inner)?, self.evaluate(index)?);
                members::set_index(&inner, index, value).map_err(fault)
            }
            ExpressionKind::Property(inner, name) => {
                let inner = self.evaluate(inner)?;
                let name = self.evaluate_text(name)?;
                members::set_property(&inner, &name, value).map_err(fault)
            }
            _ => Err(Stop::unsupported("assigning to this", at)),
        }
    }
}
