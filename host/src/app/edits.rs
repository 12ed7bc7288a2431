//! Changes to the catalog by hand, each with its author and reason.

use super::assets::{asset_id, unknown_asset};
use super::{App, AppError};
use crate::lineage;
use crate::model::{
    Alone, AsOf, AssetEdit, AssetId, AssetType, AssetTypeDefinition, Cascade, Declaration, EditView, ImpactView, Json,
    JsonMap, Namespace, Person, Timestamp, TypeHistoryView,
};
use crate::store::{Catalog, Refusal, StoreError};

/// What to do with what hangs on a deleted asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteMode {
    /// Nothing may hang on it.
    Refuse,
    /// What was made only from it goes too.
    Cascade,
    /// What was made from it stays.
    Orphan,
}

/// An asset as someone declares it by hand.
#[derive(Debug, Clone, Default)]
pub struct SetRequest {
    pub id: String,
    pub asset_type: Option<String>,
    pub namespace: Option<String>,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// Dotted keys and values; a value that is JSON is taken as such.
    pub metadata: Vec<(String, String)>,
    /// A JSON object that the metadata starts from, after the name of the file it is in.
    pub metadata_json: Option<(String, String)>,
    /// Ids of what it was made from.
    pub from: Vec<String>,
}

/// Dependents that a deletion looks at.
const DEPENDENTS: usize = 100_000;
/// How often a deletion is planned again because someone else changed the catalog meanwhile.
const PLANS: usize = 20;

impl App {
    /// Creates or changes an asset.
    pub fn set_asset(&self, request: &SetRequest, person: &Person) -> Result<EditView, AppError> {
        let inputs = request
            .from
            .iter()
            .map(|id| asset_id(id))
            .collect::<Result<Vec<_>, _>>()?;
        let mut declaration = declaration(request)?;
        if let Some(given) = &mut declaration.asset_type {
            *given = meant(&self.asset_types()?, given)?;
        }
        let edit = AssetEdit::Set { declaration, inputs };
        // The first asset of a catalog may be one set by hand.
        let catalog = Catalog::open(&self.settings.catalog)?;
        Ok(catalog.edit(&edit, person, Timestamp::now(), None)?)
    }

    /// Deletes an asset.
    pub fn delete_asset(&self, id: &str, mode: DeleteMode, person: &Person) -> Result<EditView, AppError> {
        let parsed = asset_id(id)?;
        let catalog = self.writable()?;
        for _ in 0..PLANS {
            let Some(dependents) = catalog.dependents(&parsed, AsOf::Now, DEPENDENTS)? else {
                return Err(unknown_asset(&catalog, id, AsOf::Now));
            };
            let plan = lineage::impact(&dependents);
            let mut ids = vec![parsed.clone()];
            if plan.protected {
                return Err(StoreError::from(Refusal::Protected { id: parsed }).into());
            }
            match mode {
                DeleteMode::Refuse => refuse_dependents(&plan)?,
                DeleteMode::Orphan => {}
                DeleteMode::Cascade => {
                    refuse_protected(&plan)?;
                    let gone = plan.dependents.iter().filter(|entry| entry.cascade == Cascade::Deleted);
                    ids.extend(gone.map(|entry| entry.id.clone()));
                }
            }
            match catalog.edit(
                &AssetEdit::Delete(ids),
                person,
                Timestamp::now(),
                Some(dependents.sequence),
            ) {
                Err(StoreError::MovedOn) => {}
                result => return Ok(result?),
            }
        }
        Err(StoreError::MovedOn.into())
    }

    /// Brings a deleted asset back.
    pub fn restore_asset(&self, id: &str, person: &Person) -> Result<EditView, AppError> {
        self.edit(id, AssetEdit::Restore(asset_id(id)?), person)
    }

    /// Keeps an asset from being deleted, or stops to.
    pub fn protect_asset(&self, id: &str, protected: bool, person: &Person) -> Result<EditView, AppError> {
        let edit = AssetEdit::Protect {
            id: asset_id(id)?,
            protected,
        };
        self.edit(id, edit, person)
    }

    /// Sets labels; an empty value takes one off.
    pub fn label_asset(&self, id: &str, labels: &[(String, String)], person: &Person) -> Result<EditView, AppError> {
        let value = |text: &String| {
            if text.is_empty() {
                Json::Null
            } else {
                Json::from(text.as_str())
            }
        };
        let labels: JsonMap = labels.iter().map(|(key, text)| (key.clone(), value(text))).collect();
        let edit = AssetEdit::Label {
            id: asset_id(id)?,
            labels,
        };
        self.edit(id, edit, person)
    }

    /// All registered asset types.
    pub fn asset_types(&self) -> Result<Vec<AssetTypeDefinition>, AppError> {
        match self.settings.catalog.exists() {
            true => Ok(self.catalog()?.asset_types()?),
            false => Ok(Catalog::in_memory()?.asset_types()?),
        }
    }

    /// One registered type, by its full or short name.
    pub fn asset_type(&self, name: &str) -> Result<AssetTypeDefinition, AppError> {
        let types = self.asset_types()?;
        let name = meant(&types, &asset_type(name)?)?;
        let found = types.into_iter().find(|known| known.name == name);
        found.ok_or_else(|| {
            AppError::refused(format!("the asset type `{name}` is not registered"))
                .with_hint("`begat asset type list` shows all; assets may have other types too")
        })
    }

    /// Registers a type, or changes what is known of one: what is not given stays. A schema is a file and its
    /// text, a JSON Schema.
    pub fn add_asset_type(
        &self,
        name: &str,
        description: Option<String>,
        schema: Option<(&str, &str)>,
        expiry: Vec<String>,
        person: &Person,
    ) -> Result<AssetTypeDefinition, AppError> {
        let read = |(file, text): (&str, &str)| {
            serde_json::from_str(text)
                .map_err(|error| AppError::refused(format!("`{file}` holds no JSON")).because(&error))
        };
        let schema: Option<Json> = schema.map(read).transpose()?;
        for path in &expiry {
            check_path(path)?;
            if let Some(inside) = path.strip_prefix("metadata.") {
                return Err(AppError::refused(format!("`{path}` does not begin in the metadata"))
                    .with_hint(format!("write it as `{inside}`")));
            }
        }
        let name = asset_type(name)?;
        let types = self.asset_types()?;
        let full = meant(&types, &name)?;
        if full != name {
            return Err(
                AppError::refused(format!("`{name}` is the short name of the registered type `{full}`")).with_hint(
                    format!("`begat asset type add {full}` says anew what is known of that one"),
                ),
            );
        }
        let known = types.into_iter().find(|known| known.name == name);
        let known = known.unwrap_or_else(|| AssetTypeDefinition::of(name));
        let definition = AssetTypeDefinition {
            description: description.or(known.description),
            schema: schema.or(known.schema),
            expiry: if expiry.is_empty() { known.expiry } else { expiry },
            name: known.name,
        };
        Catalog::open(&self.settings.catalog)?.register_type(definition.clone(), person, Timestamp::now())?;
        Ok(definition)
    }

    /// What was said of a type and by whom, oldest first.
    pub fn asset_type_history(&self, name: &str) -> Result<TypeHistoryView, AppError> {
        let catalog = self.catalog()?;
        let name = meant(&catalog.asset_types()?, &asset_type(name)?)?;
        let history = catalog.type_history(&name)?;
        match history.entries.is_empty() && !catalog.asset_types()?.iter().any(|known| known.name == name) {
            true => Err(StoreError::from(Refusal::UnknownType { name }).into()),
            false => Ok(history),
        }
    }

    /// Forgets a type that was registered.
    pub fn remove_asset_type(&self, name: &str, person: &Person) -> Result<(), AppError> {
        let name = meant(&self.asset_types()?, &asset_type(name)?)?;
        Ok(self.writable()?.remove_type(&name, person, Timestamp::now())?)
    }

    fn edit(&self, id: &str, edit: AssetEdit, person: &Person) -> Result<EditView, AppError> {
        let catalog = self.writable()?;
        match catalog.edit(&edit, person, Timestamp::now(), None) {
            Err(StoreError::Refused(Refusal::UnknownAsset { .. })) => Err(unknown_asset(&catalog, id, AsOf::Now)),
            Err(StoreError::Refused(Refusal::NothingToRestore { id: named })) if is_stranger(&catalog, &named)? => {
                Err(unknown_asset(&catalog, id, AsOf::Now))
            }
            result => Ok(result?),
        }
    }

    /// A catalog that exists, to write it.
    pub(super) fn writable(&self) -> Result<Catalog, AppError> {
        drop(self.catalog()?);
        Ok(Catalog::open(&self.settings.catalog)?)
    }
}

/// Whether there never was an asset of that id.
fn is_stranger(catalog: &Catalog, id: &AssetId) -> Result<bool, AppError> {
    Ok(catalog.history(id, AsOf::Now)?.is_empty())
}

/// The registered type that is named in full or by its short name; any other text is a type of its own.
fn meant(types: &[AssetTypeDefinition], given: &AssetType) -> Result<AssetType, AppError> {
    if types.iter().any(|known| known.name == *given) {
        return Ok(given.clone());
    }
    let short = types.iter().map(|known| &known.name);
    let short: Vec<&AssetType> = short.filter(|known| known.short_name() == given.as_str()).collect();
    match short.as_slice() {
        [] => Ok(given.clone()),
        [one] => Ok((*one).clone()),
        several => {
            let names: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
            Err(
                AppError::refused(format!("several asset types are called `{given}` for short"))
                    .with_hint(format!("name one in full: {}", names.join(", "))),
            )
        }
    }
}

fn asset_type(text: &str) -> Result<AssetType, AppError> {
    AssetType::parse(text).ok_or_else(|| AppError::refused("the asset type is blank or longer than 256 characters"))
}

fn declaration(request: &SetRequest) -> Result<Declaration, AppError> {
    let namespace = request.namespace.as_deref().map(Namespace::parse).transpose();
    let mut metadata = match &request.metadata_json {
        None => JsonMap::new(),
        Some((name, text)) => serde_json::from_str(text)
            .map_err(|error| AppError::refused(format!("`{name}` holds no JSON object of metadata")).because(&error))?,
    };
    for (key, text) in &request.metadata {
        check_path(key)?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str()));
        insert(&mut metadata, key, value)?;
    }
    Ok(Declaration {
        id: asset_id(&request.id)?,
        asset_type: request.asset_type.as_deref().map(asset_type).transpose()?,
        namespace: namespace.map_err(|error| AppError::refused(error.to_string()))?,
        display_name: request.display_name.clone(),
        description: request.description.clone(),
        metadata,
    })
}

/// Refuses a dotted path of which a part is empty.
fn check_path(path: &str) -> Result<(), AppError> {
    match path.split('.').any(str::is_empty) {
        true => Err(
            AppError::refused(format!("`{path}` is no path into the metadata: a part of it is empty"))
                .with_hint("write it as `size.cpu`"),
        ),
        false => Ok(()),
    }
}

/// Puts a value at a dotted path.
fn insert(map: &mut JsonMap, path: &str, value: Json) -> Result<(), AppError> {
    match path.split_once('.') {
        None => {
            map.insert(path.to_owned(), value);
            Ok(())
        }
        Some((first, rest)) => match map.entry(first).or_insert_with(|| Json::Object(JsonMap::new())) {
            Json::Object(inner) => insert(inner, rest, value),
            _ => Err(AppError::refused(format!(
                "`{first}` is given both a value and parts of one"
            ))),
        },
    }
}

/// Says what a deletion would leave behind.
fn refuse_dependents(plan: &ImpactView) -> Result<(), AppError> {
    if plan.dependents.is_empty() {
        return Ok(());
    }
    let orphaned = plan
        .dependents
        .iter()
        .filter(|entry| entry.alone == Alone::Orphaned)
        .count();
    let deleted = plan
        .dependents
        .iter()
        .filter(|entry| entry.cascade == Cascade::Deleted)
        .count();
    let all = plan.dependents.len();
    let cascade = match plan.held().next() {
        None => format!("`--cascade` deletes {deleted} of them too"),
        Some(held) => format!("`--cascade` is refused while `{}` is protected", held.id),
    };
    let noun = if all == 1 { "asset hangs" } else { "assets hang" };
    Err(AppError::refused(format!(
        "{all} {noun} on `{}`, {orphaned} of which on nothing else",
        plan.id
    ))
    .with_hint(format!(
        "`begat asset impact {}` shows the plan; {cascade}, `--orphan` leaves them all",
        plan.id
    )))
}

fn refuse_protected(plan: &ImpactView) -> Result<(), AppError> {
    if plan.partial {
        return Err(AppError::refused(format!(
            "more than {DEPENDENTS} assets hang on `{}`",
            plan.id
        )));
    }
    let protected: Vec<String> = plan.held().map(|entry| format!("`{}`", entry.id)).collect();
    match protected.first() {
        None => Ok(()),
        Some(first) => Err(AppError::refused(format!(
            "a protected asset hangs on `{}`: {}",
            plan.id,
            protected.join(", ")
        ))
        .with_hint(format!(
            "`begat asset unprotect {}` lets it go",
            first.trim_matches('`')
        ))),
    }
}

/// The name of the user this process runs as, where the table of users has one, else their number.
pub fn user_of_process() -> String {
    let number = rustix::process::getuid().as_raw();
    let table = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    user_named(&table, number).unwrap_or_else(|| format!("uid {number}"))
}

/// The name beside a number in a table of users (passwd(5)).
fn user_named(table: &str, number: u32) -> Option<String> {
    let number = number.to_string();
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_name_in_the_environment_is_found_by_number() {
        let table = "root:x:0:0:root:/root:/bin/sh\n# none\nada:x:1000:1000::/home/ada:\n";
        assert_eq!(user_named(table, 1000).as_deref(), Some("ada"));
        assert_eq!(user_named(table, 0).as_deref(), Some("root"));
        assert_eq!(user_named(table, 10), None);
    }
}
