//! Values as jaq sees them. Every new one is held against the bounds, however it came about.

use std::fmt;
use std::sync::Arc;

use jaq_core::box_iter::BoxIter;
use jaq_core::path::Opt;
use jaq_core::val::{Range, ValR, ValT, ValX};
use jaq_core::{Error, Exn};

use super::{GivenUp, give_up};
use crate::expr::limits;
use crate::expr::value::{Entries, Value};

/// A value without moments, which jq does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item(pub Value);

pub(super) type ItemError = Error<Item>;

impl Item {
    /// Takes a value; moments become text.
    pub(super) fn from_value(value: Value) -> Self {
        if value.measure().dated {
            Self(undated(value))
        } else {
            Self(value)
        }
    }

    /// Takes a value unless it has grown too large or too deep.
    pub(super) fn bounded(value: Value) -> Self {
        let measure = value.measure();
        if measure.weight > limits::WEIGHT || measure.depth > limits::DEPTH {
            give_up(GivenUp::Size);
        }
        Self(value)
    }

    pub(super) fn list(items: Vec<Value>) -> Self {
        Self::bounded(Value::list(items))
    }

    pub(super) fn map(entries: Entries) -> Self {
        Self::bounded(Value::map(entries))
    }

    pub(super) fn as_items(&self) -> Result<&[Value], ItemError> {
        self.0.as_list().ok_or_else(|| Error::typ(self.clone(), "array"))
    }

    /// The child of that name or at that place, if there is one.
    pub(super) fn find(&self, index: &Self) -> Result<Option<Self>, ItemError> {
        match (&self.0, &index.0) {
            (Value::Null, _) => Ok(None),
            (Value::Map(map), Value::String(name)) => Ok(map.get(name).cloned().map(Item)),
            (Value::List(list), Value::Integer(_) | Value::Float(_)) => {
                let place = index.place().and_then(|place| absolute(place, list.items().len()));
                Ok(place.and_then(|place| list.items().get(place)).cloned().map(Item))
            }
            (Value::List(_) | Value::String(_), Value::Map(bounds)) => {
                let (start, end) = (
                    bounds.get("start").cloned().map(Item),
                    bounds.get("end").cloned().map(Item),
                );
                self.clone().range(start.as_ref()..end.as_ref()).map(Some)
            }
            _ => Err(Error::index(self.clone(), index.clone())),
        }
    }

    fn place(&self) -> Option<i64> {
        match self.0 {
            Value::Integer(place) => Some(place),
            Value::Float(place) => Some(place.floor() as i64),
            _ => None,
        }
    }

    /// Which elements of so many a range means.
    fn bounds(range: Range<&Self>, length: usize) -> Result<(usize, usize), ItemError> {
        let bound = |bound: Option<&Self>, default: usize| match bound {
            None | Some(Item(Value::Null)) => Ok(default),
            Some(bound) => {
                let place = bound.place().ok_or_else(|| Error::typ(bound.clone(), "integer"))?;
                let from_start = if place < 0 {
                    place.saturating_add_unsigned(length as u64)
                } else {
                    place
                };
                Ok(usize::try_from(from_start).unwrap_or(0).min(length))
            }
        };
        let (start, end) = (bound(range.start, 0)?, bound(range.end, length)?);
        Ok((start, end.max(start)))
    }
}

fn undated(value: Value) -> Value {
    match value {
        Value::Instant(_) | Value::Zoned(_) => Value::from(value.to_string()),
        Value::List(list) => list.into_items().into_iter().map(undated).collect(),
        Value::Map(map) => map
            .into_entries()
            .into_iter()
            .map(|(key, value)| (key, undated(value)))
            .collect(),
        other => other,
    }
}

/// A place counted from the end where it is negative; none when it lies before the start.
fn absolute(place: i64, length: usize) -> Option<usize> {
    let place = if place < 0 {
        place.saturating_add_unsigned(length as u64)
    } else {
        place
    };
    usize::try_from(place).ok()
}

/// Where so many characters end, in bytes.
fn byte_position(text: &str, characters: usize) -> usize {
    text.char_indices()
        .nth(characters)
        .map_or(text.len(), |(position, _)| position)
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_json(f)
    }
}

impl From<bool> for Item {
    fn from(boolean: bool) -> Self {
        Self(Value::Boolean(boolean))
    }
}

impl From<isize> for Item {
    fn from(number: isize) -> Self {
        Self(Value::Integer(number as i64))
    }
}

impl From<usize> for Item {
    fn from(number: usize) -> Self {
        Self(Value::from(number))
    }
}

impl From<f64> for Item {
    fn from(number: f64) -> Self {
        Self(Value::Float(number))
    }
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        Self::bounded(Value::from(text))
    }
}

impl From<Range<Self>> for Item {
    fn from(range: Range<Self>) -> Self {
        let bounds = [("start", range.start), ("end", range.end)].into_iter();
        Self(bounds.filter_map(|(name, bound)| Some((name, bound?.0))).collect())
    }
}

impl FromIterator<Self> for Item {
    fn from_iter<T: IntoIterator<Item = Self>>(items: T) -> Self {
        let mut weight = 0usize;
        let counted = items.into_iter().map(|Item(value)| {
            weight = weight.saturating_add(value.measure().weight);
            if weight > limits::WEIGHT {
                give_up(GivenUp::Size);
            }
            value
        });
        let items: Vec<Value> = counted.collect();
        Self::list(items)
    }
}

impl ValT for Item {
    fn from_num(text: &str) -> ValR<Self> {
        let integer = text.parse().ok().map(Value::Integer);
        integer
            .or_else(|| text.parse().ok().map(Value::Float))
            .map(Item)
            .ok_or_else(|| Error::str(format!("`{text}` is no number")))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValR<Self> {
        let entry = |(key, value): (Self, Self)| match key.0 {
            Value::String(name) => Ok((name, value.0)),
            _ => Err(Error::typ(key, "string")),
        };
        entries
            .into_iter()
            .map(entry)
            .collect::<Result<Entries, _>>()
            .map(Self::map)
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        match self.0 {
            Value::List(list) => {
                let items = list.into_items().into_iter().enumerate();
                Box::new(items.map(|(place, value)| Ok((Item::from(place), Item(value)))))
            }
            Value::Map(map) => {
                let entries = map.into_entries().into_iter();
                Box::new(entries.map(|(name, value)| Ok((Item(Value::String(name)), Item(value)))))
            }
            other => Box::new(std::iter::once(Err(Error::typ(
                Item(other),
                "iterable (array or object)",
            )))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        match self.0 {
            Value::List(list) => Box::new(list.into_items().into_iter().map(|value| Ok(Item(value)))),
            Value::Map(map) => Box::new(map.into_entries().into_iter().map(|(_, value)| Ok(Item(value)))),
            other => Box::new(std::iter::once(Err(Error::typ(
                Item(other),
                "iterable (array or object)",
            )))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        self.find(index).map(|found| found.unwrap_or(Item(Value::Null)))
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        match &self.0 {
            Value::Null => Ok(self),
            Value::List(list) => {
                let (start, end) = Self::bounds(range, list.items().len())?;
                Ok(Self::list(list.items()[start..end].to_vec()))
            }
            Value::String(text) => {
                let (start, end) = Self::bounds(range, text.chars().count())?;
                let (start, end) = (byte_position(text, start), byte_position(text, end));
                Ok(Item(Value::from(&text[start..end])))
            }
            _ => Err(Error::typ(self, "rangeable (array or string)")),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(self, opt: Opt, f: impl Fn(Self) -> I) -> ValX<'a, Self> {
        match self.0 {
            Value::List(list) => list.into_items().into_iter().flat_map(|value| f(Item(value))).collect(),
            Value::Map(map) => {
                let first = |(name, value)| {
                    f(Item(value))
                        .next()
                        .map(|changed| Ok::<_, Exn<'a, Self>>((name, changed?.0)))
                };
                let entries = map.into_entries().into_iter().filter_map(first);
                Ok(Self::map(entries.collect::<Result<Entries, _>>()?))
            }
            other => opt.fail(Item(other), |item| {
                Exn::from(Error::typ(item, "iterable (array or object)"))
            }),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match (self.0, &index.0) {
            (whole @ (Value::List(_) | Value::String(_)), Value::Map(bounds)) => {
                let (start, end) = (
                    bounds.get("start").cloned().map(Item),
                    bounds.get("end").cloned().map(Item),
                );
                Item(whole).map_range(start.as_ref()..end.as_ref(), opt, f)
            }
            (whole @ (Value::Map(_) | Value::Null), Value::String(name)) => {
                let entries = if let Value::Map(map) = whole {
                    map.into_entries()
                } else {
                    Entries::new()
                };
                change_entry(entries, name, f)
            }
            (whole @ (Value::List(_) | Value::Null), Value::Integer(_) | Value::Float(_)) => {
                let items = if let Value::List(list) = whole {
                    list.into_items()
                } else {
                    Vec::new()
                };
                change_element(items, index, opt, f)
            }
            (whole, _) => opt.fail(Item(whole), |item| Exn::from(Error::index(item, index.clone()))),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match self.0 {
            Value::List(list) => {
                let mut items = list.into_items();
                let (start, end) = match Self::bounds(range, items.len()) {
                    Ok(bounds) => bounds,
                    Err(error) => return opt.fail(Self::list(items), |_| Exn::from(error)),
                };
                let part = Self::list(items[start..end].to_vec());
                let changed = match f(part).next().transpose()? {
                    None => Vec::new(),
                    Some(Item(Value::List(list))) => list.into_items(),
                    Some(other) => return Err(Exn::from(Error::typ(other, "array"))),
                };
                items.splice(start..end, changed);
                Ok(Self::list(items))
            }
            other => opt.fail(Item(other), |item| Exn::from(Error::typ(item, "array"))),
        }
    }

    fn as_bool(&self) -> bool {
        !matches!(self.0, Value::Null | Value::Boolean(false))
    }

    fn into_string(self) -> Self {
        match self.0 {
            Value::String(_) => self,
            other => Self::from(other.to_json_text()),
        }
    }
}

fn change_entry<'a, I: Iterator<Item = ValX<'a, Item>>>(
    entries: Entries,
    name: &Arc<str>,
    f: impl Fn(Item) -> I,
) -> ValX<'a, Item> {
    let mut entries = entries;
    let known = entries.get(name).cloned().unwrap_or(Value::Null);
    match f(Item(known)).next().transpose()? {
        Some(Item(changed)) => {
            entries.insert(name.clone(), changed);
        }
        None => {
            entries.shift_remove(name);
        }
    }
    Ok(Item::map(entries))
}

/// Changes an element; a list grows, filled up with nulls, to reach a place behind its end.
fn change_element<'a, I: Iterator<Item = ValX<'a, Item>>>(
    items: Vec<Value>,
    index: &Item,
    opt: Opt,
    f: impl Fn(Item) -> I,
) -> ValX<'a, Item> {
    let mut items = items;
    let Some(place) = index.place().and_then(|place| absolute(place, items.len())) else {
        return opt.fail(Item::list(items), |_| {
            Exn::from(Error::str(format!("index {index} out of bounds")))
        });
    };
    let known = items.get(place).cloned().unwrap_or(Value::Null);
    match f(Item(known)).next().transpose()? {
        Some(Item(changed)) => {
            if place >= limits::WEIGHT / 16 {
                give_up(GivenUp::Size);
            }
            if place >= items.len() {
                items.resize(place + 1, Value::Null);
            }
            items[place] = changed;
        }
        None if place < items.len() => {
            items.remove(place);
        }
        None => {}
    }
    Ok(Item::list(items))
}

impl jaq_std::ValT for Item {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self.0 {
            Value::List(list) => Ok(list.into_items().into_iter().map(Item).collect()),
            other => Err(Item(other)),
        }
    }

    fn is_int(&self) -> bool {
        matches!(self.0, Value::Integer(_))
    }

    fn as_isize(&self) -> Option<isize> {
        match self.0 {
            Value::Integer(number) => isize::try_from(number).ok(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self.0 {
            Value::Integer(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self.0, Value::String(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_str().map(str::as_bytes)
    }

    fn as_sub_str(&self, sub: &[u8]) -> Self {
        Self::from(String::from_utf8_lossy(sub).into_owned())
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::from(String::from_utf8_lossy(bytes.as_ref()).into_owned())
    }
}
