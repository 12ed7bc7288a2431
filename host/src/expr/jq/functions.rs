//! jq functions that are made here: jaq has them for its own values only, or without bounds.

use jaq_core::native::{Filter, Fun, bome, unary, v};
use jaq_core::{Cv, Error, Exn, Native, RunPtr, ValXs};

use super::item::{Item, ItemError};
use super::{Meter, Metered};
use crate::expr::value::Value;
use crate::model::Json;

/// Functions that are not taken over: they reach out of the filter, or are replaced here.
const LEFT_OUT: [&str; 6] = ["env", "halt", "now", "range", "stderr_empty", "debug_empty"];

/// Every function a filter may call that is not defined in jq itself.
pub(super) fn all() -> impl Iterator<Item = Fun<Metered>> {
    let known = jaq_core::funs()
        .chain(jaq_std::funs())
        .filter(|(name, ..)| !LEFT_OUT.contains(name));
    known.chain(
        own()
            .into_vec()
            .into_iter()
            .map(|(name, arity, run)| (name, arity, Native::<Metered>::new(run))),
    )
}

fn own() -> Box<[Filter<RunPtr<Metered>>]> {
    Box::new([
        ("now", v(0), |cv| {
            let seconds = cv.0.data().now.as_duration().as_secs_f64();
            bome(Ok(Item::from(seconds)))
        }),
        ("isnan", v(0), |cv| {
            bome(Ok(Item::from(
                matches!(cv.1.0, Value::Float(number) if number.is_nan()),
            )))
        }),
        ("range", v(3), range),
        ("length", v(0), |cv| bome(length(&cv.1.0))),
        ("tojson", v(0), |cv| bome(Ok(Item::from(cv.1.0.to_json_text())))),
        ("fromjson", v(0), |cv| bome(from_json(&cv.1))),
        ("has", v(1), |cv| {
            unary(cv, |item, key| item.find(&key).map(|found| Item::from(found.is_some())))
        }),
        ("contains", v(1), |mut cv| {
            let part = cv.0.pop_var();
            let meter = cv.0.data().clone();
            bome(Ok(Item::from(contains(&cv.1.0, &part.0, &meter))))
        }),
        ("indices", v(1), |mut cv| {
            let part = cv.0.pop_var();
            let meter = cv.0.data().clone();
            bome(indices(&cv.1, &part, &meter))
        }),
        ("bsearch", v(1), |cv| {
            unary(cv, |items, item| {
                let found = items.as_items()?.binary_search(&item.0);
                Ok(Item::from(
                    found.map_or_else(|place| -1 - place as isize, |place| place as isize),
                ))
            })
        }),
    ])
}

/// The numbers from one to another. Each costs a step, so that nothing can swallow them without end.
fn range<'a>(mut cv: Cv<'a, Metered>) -> ValXs<'a, Item> {
    let (by, to, mut from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
    let meter = cv.0.data().clone();
    let zero = Item::from(0isize);
    let direction = by.cmp(&zero);
    let mut failed = false;
    Box::new(std::iter::from_fn(move || {
        meter.spend(1);
        let goes_on = match direction {
            std::cmp::Ordering::Greater => from < to,
            std::cmp::Ordering::Less => from > to,
            std::cmp::Ordering::Equal => from != to,
        };
        if failed || !goes_on {
            return None;
        }
        match from.clone() + by.clone() {
            Ok(next) => Some(Ok(std::mem::replace(&mut from, next))),
            Err(error) => {
                failed = true;
                Some(Err(Exn::from(error)))
            }
        }
    }))
}

fn length(value: &Value) -> Result<Item, ItemError> {
    match value {
        Value::Null => Ok(Item::from(0isize)),
        Value::Integer(number) => Ok(Item(
            number
                .checked_abs()
                .map_or(Value::Float(-(*number as f64)), Value::Integer),
        )),
        Value::Float(number) => Ok(Item::from(number.abs())),
        Value::String(text) => Ok(Item::from(text.chars().count())),
        Value::List(list) => Ok(Item::from(list.items().len())),
        Value::Map(map) => Ok(Item::from(map.entries().len())),
        other => Err(Error::str(format!("{} has no length", other.kind()))),
    }
}

fn from_json(item: &Item) -> Result<Item, ItemError> {
    let text = item.0.as_str().ok_or_else(|| Error::typ(item.clone(), "string"))?;
    let json: Json = serde_json::from_str(text).map_err(|error| Error::str(format!("cannot read JSON: {error}")))?;
    Ok(Item::bounded(Value::from(json)))
}

/// Whether all of `part` is somewhere in `whole`, as jq has it: texts by parts of them, lists by their elements.
fn contains(whole: &Value, part: &Value, meter: &Meter<'_>) -> bool {
    meter.spend(1);
    match (whole, part) {
        (Value::String(whole), Value::String(part)) => whole.contains(&**part),
        (Value::List(whole), Value::List(part)) => part
            .items()
            .iter()
            .all(|part| whole.items().iter().any(|whole| contains(whole, part, meter))),
        (Value::Map(whole), Value::Map(part)) => part
            .entries()
            .iter()
            .all(|(key, part)| whole.get(key).is_some_and(|whole| contains(whole, part, meter))),
        _ => whole == part,
    }
}

fn indices(item: &Item, part: &Item, meter: &Meter<'_>) -> Result<Item, ItemError> {
    let positions: Vec<usize> = match (&item.0, &part.0) {
        (Value::Null, _) => return Ok(Item(Value::Null)),
        (Value::String(_), Value::String(part)) if part.is_empty() => Vec::new(),
        (Value::String(text), Value::String(part)) => {
            let starts = text.char_indices().enumerate();
            starts
                .filter(|(_, (byte, _))| text[*byte..].starts_with(&**part))
                .map(|(position, _)| position)
                .collect()
        }
        (Value::List(_), Value::List(part)) if part.items().is_empty() => Vec::new(),
        (Value::List(list), Value::List(part)) => {
            meter.spend((list.items().len() as u64).saturating_mul(part.items().len() as u64) / 8);
            let windows = list.items().windows(part.items().len()).enumerate();
            windows
                .filter(|(_, window)| *window == part.items())
                .map(|(position, _)| position)
                .collect()
        }
        (Value::List(list), part) => {
            let items = list.items().iter().enumerate();
            items
                .filter(|(_, item)| *item == part)
                .map(|(position, _)| position)
                .collect()
        }
        _ => return Err(Error::index(item.clone(), part.clone())),
    };
    Ok(positions.into_iter().map(Item::from).collect())
}
