//! Reads single columns as the nouns of the model; text that is no such noun is a conversion error.

use std::error::Error;

use rusqlite::types::{Type, Value, ValueRef};
use rusqlite::{Row, RowIndex};
use serde::de::DeserializeOwned;

use crate::model::Timestamp;

fn unreadable(error: impl Into<Box<dyn Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
}

/// Reads an identifier or an asset type.
pub(super) fn noun<T>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<T>
where
    T: TryFrom<String, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    T::try_from(row.get(column)?).map_err(unreadable)
}

/// Reads an identifier that may be absent.
pub(super) fn optional_noun<T>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<T>>
where
    T: TryFrom<String, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let text: Option<String> = row.get(column)?;
    text.map(T::try_from).transpose().map_err(unreadable)
}

/// Reads one of a closed set of names, such as a state.
pub(super) fn name<T>(row: &Row<'_>, column: &str, from_name: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    from_name(&text).ok_or_else(|| unreadable(format!("unknown name `{text}` in column `{column}`")))
}

/// Reads JSON text.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(unreadable)
}

/// Reads an instant: microseconds since 1970, or text.
pub(super) fn time(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Timestamp> {
    match row.get_ref(column)? {
        ValueRef::Integer(microseconds) => Timestamp::from_microsecond(microseconds).map_err(unreadable),
        text => text.as_str()?.parse().map_err(unreadable),
    }
}

/// Writes an instant as microseconds since 1970, and as text where those would lose something.
pub(super) fn instant(time: Timestamp) -> Value {
    let microseconds = time.as_microsecond();
    match Timestamp::from_microsecond(microseconds) {
        Ok(same) if same == time => Value::Integer(microseconds),
        Ok(_) | Err(_) => Value::Text(time.to_string()),
    }
}

/// Reads an instant that may be absent.
pub(super) fn optional_time(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse()).transpose().map_err(unreadable)
}
