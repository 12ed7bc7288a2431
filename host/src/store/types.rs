//! Registered asset types, and what breaks their schemas.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{
    Asset, AssetEvent, AssetType, AssetTypeDefinition, Bundle, Declaration, Json, JsonMap, Person, Timestamp,
    TypeHistoryEntry, TypeHistoryView, Violation,
};

use super::record::{HandFact, Recorded};
use super::{Catalog, Refusal, StoreError, assets, canonical, columns, prune};

fn from_row(row: &Row<'_>) -> rusqlite::Result<AssetTypeDefinition> {
    columns::json(row, "definition")
}

pub(super) fn put(connection: &Connection, definition: &AssetTypeDefinition) -> Result<(), StoreError> {
    let unrecordable = |source| StoreError::Unrecordable { source };
    let value = serde_json::to_value(definition).map_err(unrecordable)?;
    let text = canonical::text(&value).map_err(unrecordable)?;
    let upsert = "INSERT INTO asset_type (name, definition) VALUES (?1, ?2)
        ON CONFLICT (name) DO UPDATE SET definition = ?2";
    connection
        .prepare_cached(upsert)?
        .execute(params![definition.name.as_str(), text])?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, name: &AssetType) -> Result<(), StoreError> {
    let delete = "DELETE FROM asset_type WHERE name = ?1";
    connection.prepare_cached(delete)?.execute([name.as_str()])?;
    Ok(())
}

/// Types that people registered, and the predefined ones that nobody registered anew.
fn all(connection: &Connection) -> Result<Vec<AssetTypeDefinition>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT definition FROM asset_type")?;
    let mut types: Vec<AssetTypeDefinition> = statement.query_map([], from_row)?.collect::<Result<_, _>>()?;
    for known in AssetTypeDefinition::predefined() {
        if !types.iter().any(|own| own.name == known.name) {
            types.push(known.clone());
        }
    }
    types.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(types)
}

/// The schema of a type, where it has one.
pub(super) fn schema_of(connection: &Connection, name: &AssetType) -> Result<Option<Json>, StoreError> {
    let query = "SELECT definition FROM asset_type WHERE name = ?1";
    let mut statement = connection.prepare_cached(query)?;
    if let Some(own) = statement.query_row([name.as_str()], from_row).optional()? {
        return Ok(own.schema);
    }
    let mut predefined = AssetTypeDefinition::predefined().iter();
    let known = predefined.find(|known| known.name == *name);
    Ok(known.and_then(|known| known.schema.clone()))
}

impl Catalog {
    /// All registered types, the predefined ones among them, by name.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn asset_types(&self) -> Result<Vec<AssetTypeDefinition>, StoreError> {
        self.read(all)
    }

    /// Registers a type, or says anew what is known of one.
    ///
    /// # Errors
    /// When its schema is none, or the catalog cannot be written.
    pub fn register_type(
        &self,
        definition: AssetTypeDefinition,
        person: &Person,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(schema) = &definition.schema {
            jsonschema::validator_for(schema).map_err(|error| Refusal::BadSchema {
                reason: error.to_string(),
            })?;
        }
        self.by_hand(person, now, |connection, _| {
            let is_known = all(connection)?.contains(&definition);
            Ok(if is_known {
                Vec::new()
            } else {
                vec![HandFact::AssetTypeRegistered(definition)]
            })
        })?;
        Ok(())
    }

    /// What people said of a type, oldest first, as far as it was not pruned.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn type_history(&self, name: &AssetType) -> Result<TypeHistoryView, StoreError> {
        self.read(|connection| {
            let through = prune::through(connection)?.unsigned_abs();
            Ok(TypeHistoryView {
                name: name.clone(),
                pruned_through: (through > 0).then_some(through),
                entries: said_of(connection, name)?,
            })
        })
    }

    /// Forgets a type that someone registered. A predefined one is as it was at first then.
    ///
    /// # Errors
    /// When nobody registered it, or the catalog cannot be written.
    pub fn remove_type(&self, name: &AssetType, person: &Person, now: Timestamp) -> Result<(), StoreError> {
        self.by_hand(person, now, |connection, _| {
            let query = "SELECT count(*) AS known FROM asset_type WHERE name = ?1";
            let known: i64 = connection.query_row(query, [name.as_str()], |row| row.get("known"))?;
            match known {
                0 => Err(Refusal::UnknownType { name: name.clone() }.into()),
                _ => Ok(vec![HandFact::AssetTypeRemoved { name: name.clone() }]),
            }
        })?;
        Ok(())
    }

    /// Where the outputs of these bundles, put over what is known of them, would break the schema of their type.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn violations(&self, bundles: &[Bundle]) -> Result<Vec<Violation>, StoreError> {
        self.read(|connection| {
            let mut found = Vec::new();
            for declaration in bundles.iter().flat_map(|bundle| &bundle.outputs) {
                found.extend(self.schemas().violations(connection, declaration)?);
            }
            Ok(found)
        })
    }
}

/// What the log says of a type, each with what it changed.
fn said_of(connection: &Connection, name: &AssetType) -> Result<Vec<TypeHistoryEntry>, StoreError> {
    let query = "SELECT seq, payload FROM event WHERE instr(payload, '\"kind\":\"AssetType') > 0 ORDER BY seq";
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    let predefined = AssetTypeDefinition::predefined()
        .iter()
        .find(|known| known.name == *name);
    let mut before = predefined.cloned();
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let sequence: i64 = row.get("seq")?;
        let text = row.get_ref("payload")?.as_str().map_err(rusqlite::Error::from)?;
        let recorded = Recorded::decode(text).map_err(|source| StoreError::BadEvent { sequence, source })?;
        let Recorded::Hand(entry) = recorded else { continue };
        let (event, after) = match entry.fact {
            HandFact::AssetTypeRegistered(definition) if definition.name == *name => match &before {
                None => (AssetEvent::Created, Some(definition)),
                Some(_) => (AssetEvent::Updated, Some(definition)),
            },
            HandFact::AssetTypeRemoved { name: removed } if removed == *name => {
                (AssetEvent::Deleted, predefined.cloned())
            }
            _ => continue,
        };
        entries.push(TypeHistoryEntry {
            sequence: sequence.unsigned_abs(),
            time: entry.time,
            event,
            user: entry.actor.user,
            reason: entry.actor.reason,
            changes: AssetTypeDefinition::changes(before.as_ref(), after.as_ref()),
        });
        before = after;
    }
    Ok(entries)
}

/// The asset as a declaration would leave it.
fn after(connection: &Connection, declaration: &Declaration) -> Result<Asset, StoreError> {
    let now = Timestamp::UNIX_EPOCH;
    Ok(match assets::find(connection, &declaration.id)? {
        Some(known) => known.updated(declaration, now),
        None => Asset::created(declaration, None, now),
    })
}

/// The schemas of types that assets were held against, ready to be used again: making one ready costs more than a task.
#[derive(Debug, Default)]
pub(super) struct Schemas(HashMap<AssetType, Ready>);

#[derive(Debug)]
struct Ready {
    schema: Json,
    /// None where the schema is none.
    validator: Option<jsonschema::Validator>,
}

impl Ready {
    fn new(schema: Json) -> Self {
        let validator = jsonschema::validator_for(&schema).ok();
        Self { schema, validator }
    }
}

/// Whether metadata keeps to a schema that does no more than say which properties are text, as those of the predefined
/// types do: it can be told without making the schema ready, which costs more than all else that a short run records.
fn holds_plainly(schema: &Json, metadata: &JsonMap) -> bool {
    let Some(schema) = schema.as_object() else { return false };
    let text = serde_json::json!({"type": "string"});
    schema.iter().all(|(keyword, value)| match keyword.as_str() {
        "$schema" => true,
        "type" => value == "object",
        "properties" => value.as_object().is_some_and(|properties| {
            let is_fine = |(name, property): (&String, &Json)| {
                metadata
                    .get(name)
                    .is_none_or(|value| value.is_string() && *property == text)
            };
            properties.iter().all(is_fine)
        }),
        _ => false,
    })
}

impl Schemas {
    /// How the asset that the declaration leaves breaks the schema of its type.
    pub(super) fn violations(
        &mut self,
        connection: &Connection,
        declaration: &Declaration,
    ) -> Result<Vec<Violation>, StoreError> {
        if let Some(declared) = &declaration.asset_type
            && schema_of(connection, declared)?.is_none()
        {
            return Ok(Vec::new());
        }
        let asset = after(connection, declaration)?;
        match schema_of(connection, &asset.asset_type)? {
            Some(schema) => Ok(self.check(&asset, &schema)),
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn check(&mut self, asset: &Asset, schema: &Json) -> Vec<Violation> {
        if holds_plainly(schema, &asset.metadata) {
            return Vec::new();
        }
        let known = self.0.remove(&asset.asset_type).filter(|known| known.schema == *schema);
        let ready = known.unwrap_or_else(|| Ready::new(schema.clone()));
        let ready = self.0.entry(asset.asset_type.clone()).or_insert(ready);
        let Some(validator) = &ready.validator else {
            return Vec::new();
        };
        let metadata = Json::Object(asset.metadata.clone());
        let violation = |error: jsonschema::ValidationError<'_>| Violation {
            asset: asset.id.clone(),
            asset_type: asset.asset_type.clone(),
            path: error
                .instance_path()
                .to_string()
                .trim_start_matches('/')
                .replace('/', "."),
            message: error.to_string(),
        };
        validator.iter_errors(&metadata).map(violation).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_keeps_to_a_plain_schema_for_certain_is_let_through_unchecked() {
        let check = |schema: Json, metadata: Json, expected: bool| {
            let Json::Object(metadata) = metadata else { panic!() };
            assert_eq!(holds_plainly(&schema, &metadata), expected, "{schema} {metadata:?}");
        };
        let plain = json!({"$schema": "x", "type": "object", "properties": {"zone": {"type": "string"}}});
        check(plain.clone(), json!({"size": 1}), true);
        check(plain.clone(), json!({"zone": "a"}), true);
        check(plain.clone(), json!({"zone": 1}), false);
        check(plain, json!({"zone": null}), false);
        check(
            json!({"properties": {"zone": {"minLength": 2}}}),
            json!({"zone": "a"}),
            false,
        );
        check(json!({"properties": {"zone": {"minLength": 2}}}), json!({}), true);
        check(json!({"type": "object", "required": ["zone"]}), json!({}), false);
        check(json!({"type": "array"}), json!({}), false);
        check(json!(false), json!({}), false);
    }
}
