//! jq's arithmetic on its values: numbers, texts, lists and maps.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use jaq_core::Error;
use jaq_core::ops::Math;
use jaq_core::val::ValR;

use super::item::Item;
use super::{GivenUp, give_up};
use crate::expr::limits;
use crate::expr::value::{Entries, Value};

/// Calculates with whole numbers where that fits, else with fractional ones.
fn numbers(
    left: &Value,
    right: &Value,
    whole: fn(i64, i64) -> Option<i64>,
    fractional: fn(f64, f64) -> f64,
) -> Option<Item> {
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    if let (Value::Integer(left), Value::Integer(right)) = (left, right)
        && let Some(result) = whole(*left, *right)
    {
        return Some(Item(Value::Integer(result)));
    }
    Some(Item::from(fractional(number(left)?, number(right)?)))
}

impl Add for Item {
    type Output = ValR<Self>;

    fn add(self, other: Self) -> ValR<Self> {
        match (self.0, other.0) {
            (Value::Null, value) | (value, Value::Null) => Ok(Item(value)),
            (Value::String(left), Value::String(right)) => Ok(Item::from(left.as_ref().to_owned() + &right)),
            (Value::List(left), Value::List(right)) => {
                let mut items = left.into_items();
                items.extend(right.into_items());
                Ok(Item::list(items))
            }
            (Value::Map(left), Value::Map(right)) => {
                let mut entries = left.into_entries();
                entries.extend(right.into_entries());
                Ok(Item::map(entries))
            }
            (left, right) => numbers(&left, &right, i64::checked_add, |left, right| left + right)
                .ok_or_else(|| Error::math(Item(left), Math::Add, Item(right))),
        }
    }
}

impl Sub for Item {
    type Output = ValR<Self>;

    fn sub(self, other: Self) -> ValR<Self> {
        match (self.0, other.0) {
            (Value::List(left), Value::List(right)) => {
                let mut out: Vec<&Value> = right.items().iter().collect();
                out.sort_unstable();
                let kept = left
                    .into_items()
                    .into_iter()
                    .filter(|item| out.binary_search(&item).is_err());
                Ok(Item::list(kept.collect()))
            }
            (left, right) => numbers(&left, &right, i64::checked_sub, |left, right| left - right)
                .ok_or_else(|| Error::math(Item(left), Math::Sub, Item(right))),
        }
    }
}

impl Mul for Item {
    type Output = ValR<Self>;

    fn mul(self, other: Self) -> ValR<Self> {
        match (self.0, other.0) {
            (Value::String(text), Value::Integer(times)) | (Value::Integer(times), Value::String(text)) => {
                let Some(times) = usize::try_from(times).ok().filter(|times| *times > 0) else {
                    return Ok(Item(Value::Null));
                };
                if text.len().saturating_mul(times) > limits::WEIGHT {
                    give_up(GivenUp::Size);
                }
                Ok(Item::from(text.repeat(times)))
            }
            (Value::Map(left), Value::Map(right)) => Ok(Item::map(merged(left.into_entries(), right.into_entries()))),
            (left, right) => numbers(&left, &right, i64::checked_mul, |left, right| left * right)
                .ok_or_else(|| Error::math(Item(left), Math::Mul, Item(right))),
        }
    }
}

fn merged(known: Entries, more: Entries) -> Entries {
    let mut known = known;
    for (key, value) in more {
        let value = match (known.get(&key).cloned(), value) {
            (Some(Value::Map(left)), Value::Map(right)) => {
                Value::map(merged(left.into_entries(), right.into_entries()))
            }
            (_, value) => value,
        };
        known.insert(key, value);
    }
    known
}

impl Div for Item {
    type Output = ValR<Self>;

    fn div(self, other: Self) -> ValR<Self> {
        match (self.0, other.0) {
            (Value::String(text), Value::String(separator)) => {
                if text.is_empty() {
                    return Ok(Item::list(Vec::new()));
                }
                if separator.is_empty() {
                    return Ok(text.chars().map(|c| Item::from(c.to_string())).collect());
                }
                Ok(text
                    .split(&*separator)
                    .map(|part| Item::from(part.to_owned()))
                    .collect())
            }
            (left, right) => {
                let exact =
                    |left: i64, right: i64| left.checked_rem(right).filter(|rest| *rest == 0).map(|_| left / right);
                numbers(&left, &right, exact, |left, right| left / right)
                    .ok_or_else(|| Error::math(Item(left), Math::Div, Item(right)))
            }
        }
    }
}

impl Rem for Item {
    type Output = ValR<Self>;

    fn rem(self, other: Self) -> ValR<Self> {
        if let (Value::Integer(_) | Value::Float(_), Value::Integer(0)) = (&self.0, &other.0) {
            return Err(Error::math(self, Math::Rem, other));
        }
        numbers(&self.0, &other.0, i64::checked_rem, |left, right| left % right)
            .ok_or_else(|| Error::math(self, Math::Rem, other))
    }
}

impl Neg for Item {
    type Output = ValR<Self>;

    fn neg(self) -> ValR<Self> {
        Item::from(0isize) - self
    }
}
