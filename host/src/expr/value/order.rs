//! Equality and order of values: null, false, true, numbers, text, moments, lists, maps.
//!
//! The order is total, also over numbers of both kinds, so that sorting is safe whatever a list holds.

use std::cmp::Ordering;

use super::Value;
use crate::model::Timestamp;

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            // The order of entries does not tell maps apart.
            (Value::Map(left), Value::Map(right)) => left.entries() == right.entries(),
            (Value::List(left), Value::List(right)) => left.items() == right.items(),
            _ => self.cmp(other) == Ordering::Equal,
        }
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
            (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
            (Value::Float(left), Value::Float(right)) => compare_floats(*left, *right),
            (Value::Integer(left), Value::Float(right)) => compare_mixed(*left, *right),
            (Value::Float(left), Value::Integer(right)) => compare_mixed(*right, *left).reverse(),
            (Value::String(left), Value::String(right)) => left.cmp(right),
            (Value::List(left), Value::List(right)) => left.items().cmp(right.items()),
            (Value::Map(left), Value::Map(right)) => compare_maps(left.entries(), right.entries()),
            _ => match (self.moment(), other.moment()) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => rank(self).cmp(&rank(other)),
            },
        }
    }
}

impl Value {
    /// The moment, when this is one.
    pub(in super::super) fn moment(&self) -> Option<Timestamp> {
        match self {
            Value::Instant(instant) => Some(*instant),
            Value::Zoned(zoned) => Some(zoned.timestamp()),
            _ => None,
        }
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Boolean(_) => 1,
        Value::Integer(_) | Value::Float(_) => 2,
        Value::String(_) => 3,
        Value::Instant(_) | Value::Zoned(_) => 4,
        Value::List(_) => 5,
        Value::Map(_) => 6,
    }
}

/// Not-a-number comes first and equals itself.
fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right)
        .unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

/// Compares exactly, where a conversion to either kind would lose digits.
fn compare_mixed(integer: i64, float: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() || float < -BEYOND {
        return Ordering::Greater;
    }
    if float >= BEYOND {
        return Ordering::Less;
    }
    let whole = float.trunc();
    integer
        .cmp(&(whole as i64))
        .then_with(|| compare_floats(0.0, float - whole))
}

fn compare_maps(left: &super::Entries, right: &super::Entries) -> Ordering {
    let sorted = |entries: &super::Entries| {
        let mut keys: Vec<_> = entries.keys().cloned().collect();
        keys.sort();
        keys
    };
    let (left_keys, right_keys) = (sorted(left), sorted(right));
    left_keys.cmp(&right_keys).then_with(|| {
        let values = |entries: &super::Entries| left_keys.iter().map(|key| entries[key].clone()).collect::<Vec<_>>();
        values(left).cmp(&values(right))
    })
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use serde_json::json;

    use super::Value;

    #[test]
    fn numbers_compare_exactly_across_their_kinds() {
        let check = |left: Value, right: Value, expected| {
            assert_eq!(left.cmp(&right), expected, "{left:?} and {right:?}");
            assert_eq!(right.cmp(&left), std::cmp::Ordering::reverse(expected));
        };
        check(Value::from(1i64), Value::from(1.0), Equal);
        check(Value::from(i64::MAX), Value::from(i64::MAX as f64), Less);
        check(Value::from(-2i64), Value::from(-2.5), Greater);
        check(Value::from(0i64), Value::from(f64::NAN), Greater);
        check(Value::from(0i64), Value::from(f64::NEG_INFINITY), Greater);
        check(Value::from(f64::NAN), Value::from(f64::NAN), Equal);
        check(Value::from(0.0), Value::from(-0.0), Equal);
    }

    #[test]
    fn kinds_have_an_order_and_maps_ignore_theirs() {
        let sorted = json!([null, false, true, -1, 2.5, 3, "", "a", [], [1], [1, 2], {}, {"a": 1}, {"a": 2}, {"b": 0}]);
        let sorted: Vec<Value> = sorted.as_array().unwrap().iter().map(Value::from).collect();
        let mut shuffled = sorted.clone();
        shuffled.reverse();
        shuffled.sort();
        assert_eq!(shuffled, sorted);
        assert_eq!(
            Value::from(json!({"a": 1, "b": 2})),
            Value::from(json!({"b": 2, "a": 1}))
        );
        assert_ne!(Value::from(json!("1")), Value::from(json!(1)));
    }
}
