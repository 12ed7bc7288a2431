//! Reads single columns as the nouns of the model; text that is no such noun is a conversion error.

use std::error::Error;

use rusqlite::types::Type;
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

/// Reads an instant.
pub(super) fn time(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Timestamp> {
    row.get_ref(column)?.as_str()?.parse().map_err(unreadable)
}

/// Reads an instant that may be absent.
pub(super) fn optional_time(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse()).transpose().map_err(unreadable)
}
