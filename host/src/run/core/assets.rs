//! Tasks on assets: `Set`, `List`, `Delete`, `PurgeAssets`.

use serde_json::json;

use super::values::stored;
use super::{outputs, text};
use crate::expr::Value;
use crate::model::{
    Asset, AssetEdit, AssetFilter, AssetId, AssetType, Bundle, Declaration, Json, JsonMap, LogLevel, Namespace,
    RunEvent, RunEventKind, clock,
};
use crate::run::job::{Done, Job, failure};
use crate::sandbox::TaskFailure;

/// How many assets a page of a list has, unless it says otherwise.
const PAGE: usize = 100;

fn invalid(message: impl std::fmt::Display) -> TaskFailure {
    failure("invalid-properties", message.to_string())
}

fn id(properties: &JsonMap) -> Result<AssetId, TaskFailure> {
    AssetId::parse(&text(properties, "assetId").unwrap_or_default()).map_err(invalid)
}

fn namespace(properties: &JsonMap) -> Result<Option<Namespace>, TaskFailure> {
    let name = text(properties, "namespace");
    name.map(|name| Namespace::parse(&name)).transpose().map_err(invalid)
}

pub(super) fn set(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let asset_type = text(properties, "assetType").map(|name| AssetType::try_from(name.into_owned()));
    let declaration = Declaration {
        asset_type: asset_type.transpose().map_err(invalid)?,
        namespace: namespace(properties)?,
        display_name: text(properties, "displayName").map(Into::into),
        description: text(properties, "assetDescription").map(Into::into),
        metadata: properties
            .get("metadata")
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default(),
        ..Declaration::of(id(properties)?)
    };
    let given = outputs([("assetId", declaration.id.to_string().into())]);
    let inputs = Vec::new();
    let violations = job.shared.catalog.violations(&[Bundle {
        inputs: Vec::new(),
        outputs: vec![declaration.clone()],
    }]);
    if let Some(violation) = violations
        .map_err(|error| failure("unavailable", error.message))?
        .first()
    {
        return Err(failure("failed", violation.to_string()));
    }
    carry_out(job, AssetEdit::Set { declaration, inputs })?;
    Ok(Done::with(given))
}

/// Has the edit recorded. Others change the catalog meanwhile, so that only then it is known whether it may be.
fn carry_out(job: &Job, edit: AssetEdit) -> Result<(), TaskFailure> {
    let event = RunEvent {
        time: clock::now(),
        actor: job.actor.clone(),
        kind: RunEventKind::AssetsEdited(Box::new(edit)),
    };
    let recorded = job.shared.writer.attempt(vec![event]);
    recorded.map_err(|error| failure("failed", format!("the catalog was not changed: {}", error.message)))
}

pub(super) fn delete(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let id = id(properties)?;
    let known = job
        .shared
        .catalog
        .asset(&id)
        .map_err(|error| failure("unavailable", error.message))?;
    let known = known.ok_or_else(|| failure("failed", format!("there is no asset `{id}`")))?;
    refuse_protected(&known)?;
    delete_all(job, vec![id])?;
    Ok(Done::default())
}

/// Deletes assets, and says in the log which are left without anything they were made from.
fn delete_all(job: &Job, ids: Vec<AssetId>) -> Result<(), TaskFailure> {
    let orphans = job.shared.catalog.left_behind(&ids);
    let orphans = orphans.map_err(|error| failure("unavailable", error.message))?;
    carry_out(job, AssetEdit::Delete(ids))?;
    if let Some((first, more)) = orphans.split_first() {
        let more = match more.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        job.lines.say(
            LogLevel::Warn,
            format!("`{first}`{more} lost the last of what it was made from: see `begat asset orphans`"),
        );
    }
    Ok(())
}

fn refuse_protected(asset: &Asset) -> Result<(), TaskFailure> {
    match asset.protected {
        true => Err(failure(
            "failed",
            format!("the asset `{}` is protected from being deleted", asset.id),
        )),
        false => Ok(()),
    }
}

pub(super) fn list(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let number = |name: &str, default: usize| {
        let given = properties.get(name).and_then(Json::as_u64);
        given.map_or(default, |number| usize::try_from(number).unwrap_or(default))
    };
    let (page, size) = (number("page", 1).max(1), number("size", PAGE));
    let found = matching(job, properties, "types", Reach::Itself)?;
    let found: Vec<Json> = found
        .iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .map(|asset| serde_json::to_value(asset).unwrap_or_default())
        .collect();
    let count = found.len();
    let given = match text(properties, "fetchType").as_deref() {
        Some("FETCH_ONE") => outputs([
            ("asset", found.into_iter().next().unwrap_or_default()),
            ("size", count.into()),
        ]),
        Some("STORE") => {
            let lines: String = found.iter().map(|asset| format!("{asset}\n")).collect();
            let (uri, effect) = stored(job, format!("{}.jsonl", job.id), lines.as_bytes());
            return Ok(Done {
                effects: vec![effect],
                ..Done::with(outputs([("uri", uri), ("size", count.into())]))
            });
        }
        Some("NONE") => outputs([("size", count.into())]),
        _ => outputs([("assets", found.into()), ("size", count.into())]),
    };
    Ok(Done::with(given))
}

/// Deletes all that match. What was recorded of them stays in the log, as all that was.
pub(super) fn purge(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    if let Some(kept) = ["purgeAssetUsages", "purgeAssetLineages"]
        .into_iter()
        .find(|name| properties.get(*name) == Some(&Json::Bool(true)))
    {
        let message =
            format!("`{kept}`: what was recorded stays in the log, which `begat catalog prune` makes shorter");
        job.lines.say(LogLevel::Info, message);
    }
    let mut found = match properties.get("purgeAssets") {
        Some(Json::Bool(false)) => Vec::new(),
        _ => matching(job, properties, "assetType", Reach::Below)?,
    };
    if let Some(id) = text(properties, "assetId") {
        found.retain(|asset| asset.id.as_str() == id);
    }
    if let Some(end) = text(properties, "endDate") {
        let end: crate::model::Timestamp = end
            .parse()
            .map_err(|_| invalid(format!("`endDate`: `{end}` is no date")))?;
        found.retain(|asset| asset.updated <= end);
    }
    found.iter().try_for_each(refuse_protected)?;
    let count = found.len();
    let ids: Vec<AssetId> = found.into_iter().map(|asset| asset.id).collect();
    if !ids.is_empty() {
        delete_all(job, ids)?;
    }
    Ok(Done::with(outputs([
        ("purgedAssetsCount", count.into()),
        ("purgedAssetUsagesCount", 0.into()),
        ("purgedAssetLineagesCount", 0.into()),
    ])))
}

/// Whether a namespace stands for itself alone or also for those below it.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Itself,
    Below,
}

/// The assets that the properties name, oldest first.
fn matching(job: &Job, properties: &JsonMap, types: &str, reach: Reach) -> Result<Vec<Asset>, TaskFailure> {
    let namespace = namespace(properties)?;
    let above = namespace.clone().filter(|_| reach == Reach::Below);
    let filter = AssetFilter {
        namespace: namespace.filter(|_| reach == Reach::Itself),
        ..AssetFilter::default()
    };
    let mut found = job
        .shared
        .catalog
        .assets(&filter)
        .map_err(|error| failure("unavailable", error.message))?;
    if let Some(above) = above {
        let below = format!("{above}.");
        found.retain(|asset| {
            let namespace = asset.namespace.as_ref().map(Namespace::as_str);
            namespace.is_some_and(|name| name == above.as_str() || name.starts_with(&below))
        });
    }
    if let Some(wanted) = properties
        .get(types)
        .and_then(Json::as_array)
        .filter(|wanted| !wanted.is_empty())
    {
        found.retain(|asset| {
            wanted
                .iter()
                .any(|name| name.as_str() == Some(asset.asset_type.as_str()))
        });
    }
    for query in properties
        .get("metadataQuery")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let query = Query::read(query)?;
        found.retain(|asset| query.holds(&asset.metadata));
    }
    Ok(found)
}

/// What a field of the metadata must be.
struct Query {
    field: String,
    operator: String,
    value: Json,
}

impl Query {
    fn read(query: &Json) -> Result<Self, TaskFailure> {
        let text = |name: &str| query.get(name).and_then(Json::as_str).map(str::to_owned);
        let operator = text("type").unwrap_or_else(|| "EQUAL_TO".to_owned());
        let known = [
            "EQUAL_TO",
            "NOT_EQUAL_TO",
            "IS_ONE_OF",
            "CONTAINS",
            "STARTS_WITH",
            "IS_SET",
            "IS_NOT_SET",
        ];
        if !known.contains(&operator.as_str()) {
            return Err(invalid(format!(
                "`{operator}` is no `type` of a query: one of {}",
                known.join(", ")
            )));
        }
        let mut value = query.get("value").cloned().unwrap_or_default();
        if operator == "IS_ONE_OF" {
            // A list that an expression gives is rendered as JSON text.
            value = match &value {
                Json::String(text) => serde_json::from_str(text).unwrap_or_default(),
                _ => value,
            };
            if !value.is_array() {
                return Err(invalid(
                    "`IS_ONE_OF` wants a list as the `value` of a query of `metadataQuery`",
                ));
            }
        }
        Ok(Self {
            field: text("field").ok_or_else(|| invalid("a query of `metadataQuery` has no `field`"))?,
            operator,
            value,
        })
    }

    fn holds(&self, metadata: &JsonMap) -> bool {
        let whole = json!(metadata);
        let found = self.field.split('.').try_fold(&whole, |value, key| value.get(key));
        let shown = |value: &Json| Value::from(value).to_string();
        let is = |value: &Json| found.is_some_and(|found| shown(found) == shown(value));
        match self.operator.as_str() {
            "NOT_EQUAL_TO" => !is(&self.value),
            "IS_ONE_OF" => self.value.as_array().is_some_and(|values| values.iter().any(is)),
            "CONTAINS" => match found {
                Some(Json::Array(items)) => items.contains(&self.value),
                Some(found) => shown(found).contains(&shown(&self.value)),
                None => false,
            },
            "STARTS_WITH" => found.is_some_and(|found| shown(found).starts_with(&shown(&self.value))),
            "IS_SET" => found.is_some_and(|found| !found.is_null()),
            "IS_NOT_SET" => found.is_none_or(Json::is_null),
            _ => is(&self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Query;

    fn check(query: serde_json::Value, expected: bool) {
        let metadata = json!({"os": "windows", "size": {"cpu": 4}, "tags": ["a", "b"]});
        let holds = Query::read(&query).unwrap().holds(metadata.as_object().unwrap());
        assert_eq!(holds, expected, "{query}");
    }

    #[test]
    fn one_of_wants_a_list() {
        check(
            json!({"field": "os", "type": "IS_ONE_OF", "value": "[\"windows\"]"}),
            true,
        );
        for value in [json!("windows"), json!(4), json!(null)] {
            let query = json!({"field": "os", "type": "IS_ONE_OF", "value": value});
            assert!(Query::read(&query).is_err(), "{query}");
        }
    }

    #[test]
    fn queries_hold_metadata_against_a_value() {
        check(json!({"field": "os", "value": "windows"}), true);
        check(json!({"field": "size.cpu", "type": "EQUAL_TO", "value": "4"}), true);
        check(
            json!({"field": "os", "type": "NOT_EQUAL_TO", "value": "windows"}),
            false,
        );
        check(
            json!({"field": "os", "type": "IS_ONE_OF", "value": ["linux", "windows"]}),
            true,
        );
        check(json!({"field": "tags", "type": "CONTAINS", "value": "b"}), true);
        check(json!({"field": "os", "type": "CONTAINS", "value": "dow"}), true);
        check(json!({"field": "os", "type": "STARTS_WITH", "value": "dow"}), false);
        check(json!({"field": "gone", "type": "IS_SET"}), false);
        check(json!({"field": "gone", "type": "IS_NOT_SET"}), true);
        assert!(Query::read(&json!({"field": "os", "type": "LIKE"})).is_err());
    }
}
