//! Registered asset types, and what breaks their schemas.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use crate::model::{Asset, AssetType, AssetTypeDefinition, Bundle, Declaration, Json, Person, Timestamp, Violation};

use super::record::HandFact;
use super::{Catalog, Refusal, StoreError, assets, canonical, columns};

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
            types.push(known);
        }
    }
    types.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(types)
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
        self.by_hand(person, now, |_, _| Ok(vec![HandFact::AssetTypeRegistered(definition)]))?;
        Ok(())
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
            let mut schemas = Schemas::read(connection)?;
            let mut found = Vec::new();
            for declaration in bundles.iter().flat_map(|bundle| &bundle.outputs) {
                found.extend(schemas.check(&after(connection, declaration)?));
            }
            Ok(found)
        })
    }
}

impl Catalog {
    /// Whether any registered type has a schema.
    pub(super) fn has_type_schemas(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            let known = all(connection)?;
            Ok(known.iter().any(|definition| definition.schema.is_some()))
        })
    }
}

/// The asset as a declaration would leave it.
pub(super) fn after(connection: &Connection, declaration: &Declaration) -> Result<Asset, StoreError> {
    let now = Timestamp::UNIX_EPOCH;
    Ok(match assets::find(connection, &declaration.id)? {
        Some(known) => known.updated(declaration, now),
        None => Asset::created(declaration, None, now),
    })
}

/// The schemas of types, made ready when they are first needed.
pub(super) struct Schemas {
    definitions: HashMap<AssetType, Json>,
    ready: HashMap<AssetType, Option<jsonschema::Validator>>,
}

impl Schemas {
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let with_schema = |known: AssetTypeDefinition| Some((known.name, known.schema?));
        Ok(Self {
            definitions: all(connection)?.into_iter().filter_map(with_schema).collect(),
            ready: HashMap::new(),
        })
    }

    /// How an asset breaks the schema of its type.
    pub(super) fn check(&mut self, asset: &Asset) -> Vec<Violation> {
        let Some(schema) = self.definitions.get(&asset.asset_type) else {
            return Vec::new();
        };
        let ready = self
            .ready
            .entry(asset.asset_type.clone())
            .or_insert_with(|| jsonschema::validator_for(schema).map_err(drop).ok());
        let Some(validator) = ready else { return Vec::new() };
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
