//! Conditions over assets, in the expression language of flows.

use std::collections::BTreeSet;

use super::{AppError, Report};
use crate::expr::{Comparator, Comparison, ExprError, Scope, Template, Value};
use crate::model::{ASSET_FIELDS, Asset, Json, Source, Timestamp, closest};
use crate::store::{Lookup, LookupField};

/// A condition over assets. What an asset does not have is null, and nothing is more or less than null.
pub(super) struct Condition {
    template: Template,
    fields: BTreeSet<&'static str>,
    now: Timestamp,
}

impl Condition {
    /// Reads a condition such as `metadata.os == 'windows-server-2022'`; braces around it are allowed.
    pub(super) fn parse(text: &str, now: Timestamp) -> Result<Self, AppError> {
        let source = match text.trim_start().starts_with("{{") {
            true => text.to_owned(),
            false => format!("{{{{ {text} }}}}"),
        };
        let template = Template::parse(&source).map_err(|errors| refused(&source, &errors))?;
        let mut fields = BTreeSet::new();
        for reference in template.references() {
            let Some(name) = reference.path.first() else { continue };
            match ASSET_FIELDS.iter().find(|field| *field == name) {
                Some(field) => fields.insert(*field),
                None => return Err(unknown(name)),
            };
        }
        Ok(Self { template, fields, now })
    }

    /// What must hold for the condition to hold, as far as the catalog can look it up.
    pub(super) fn lookups(&self) -> Vec<Lookup> {
        let lookup = |comparison: Comparison| {
            let path: Vec<&str> = comparison.path.iter().map(String::as_str).collect();
            let comparator = match comparison.comparator {
                Comparator::Equal => "=",
                Comparator::Less => "<",
                Comparator::LessOrEqual => "<=",
                Comparator::Greater => ">",
                Comparator::GreaterOrEqual => ">=",
            };
            let field = match path.as_slice() {
                ["id"] if comparator == "=" => LookupField::Id,
                ["type"] if comparator == "=" => LookupField::Type,
                ["namespace"] if comparator == "=" => LookupField::Namespace,
                ["metadata", rest @ ..] if !rest.is_empty() => {
                    LookupField::Metadata(rest.iter().map(|part| (*part).to_owned()).collect())
                }
                _ => return None,
            };
            Some(Lookup {
                field,
                comparator,
                value: Json::from(&comparison.literal),
            })
        };
        self.template.comparisons().into_iter().filter_map(lookup).collect()
    }

    /// Whether the rest of an asset need not be read to tell.
    fn is_about_metadata(&self) -> bool {
        self.fields.iter().all(|field| *field == "metadata")
    }

    /// Whether an asset may meet the condition, told from the text of its metadata alone where that is all it takes.
    pub(super) fn may_hold(&self, metadata: &str) -> bool {
        if !self.is_about_metadata() {
            return true;
        }
        let Ok(metadata) = Value::from_json_text(metadata) else {
            return true;
        };
        let scope = Scope::new(self.now).lenient().with("metadata", metadata);
        match self.template.evaluate(&scope) {
            Ok(Value::Boolean(holds)) => holds,
            Err(error) => !error.is_absence(),
            Ok(_) => true,
        }
    }

    /// Whether an asset meets the condition.
    pub(super) fn holds(&self, asset: &Asset) -> Result<bool, AppError> {
        let mut scope = Scope::new(self.now).lenient();
        for field in &self.fields {
            scope.set(*field, value_of(asset, field));
        }
        let said = |asset: &Asset| format!("the condition cannot be told for the asset `{}`", asset.id);
        match self.template.evaluate(&scope) {
            Ok(Value::Boolean(holds)) => Ok(holds),
            Ok(Value::Null) => Ok(false),
            Ok(other) => {
                Err(
                    AppError::refused(format!("{}: it gives {}, not true or false", said(asset), other.kind()))
                        .with_hint("compare with something, such as `metadata.os == 'linux'`"),
                )
            }
            Err(error) if error.is_absence() => Ok(false),
            Err(error) => {
                let refused = refused(self.template.source(), &[error]);
                Err(AppError {
                    message: said(asset),
                    ..refused
                })
            }
        }
    }
}

fn value_of(asset: &Asset, field: &str) -> Value {
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    match field {
        "id" => Value::from(asset.id.as_str()),
        "type" => Value::from(asset.asset_type.as_str()),
        "namespace" => text(asset.namespace.as_ref().map(|namespace| namespace.as_str())),
        "displayName" => text(asset.display_name.as_deref()),
        "description" => text(asset.description.as_deref()),
        "metadata" => Value::from(&asset.metadata),
        "labels" => Value::from(&asset.labels),
        "protected" => Value::from(asset.protected),
        "created" => Value::from(asset.created.to_string()),
        "updated" => Value::from(asset.updated.to_string()),
        _ => Value::Null,
    }
}

fn unknown(name: &str) -> AppError {
    let hint = match closest(name, ASSET_FIELDS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "it may speak of `{}`; what is in the metadata is `metadata.{name}`",
            ASSET_FIELDS.join("`, `")
        ),
    };
    AppError::refused(format!("the condition speaks of `{name}`, which no asset has")).with_hint(hint)
}

fn refused(text: &str, errors: &[ExprError]) -> AppError {
    let source = Source {
        name: "condition".to_owned(),
        text: text.to_owned(),
    };
    let diagnostics = errors.iter().map(|error| error.diagnostic(0)).collect();
    AppError::about("the condition makes no sense", Report { source, diagnostics })
}

/// What an asset is sorted by, or shown in a column: one of its fields, or a dotted path in its metadata or labels.
pub(super) fn field(asset: &Asset, path: &str) -> Option<Json> {
    let said = match path {
        "id" => Json::from(asset.id.as_str()),
        "type" => Json::from(asset.asset_type.short_name()),
        "namespace" => Json::from(asset.namespace.as_ref()?.as_str()),
        "displayName" => Json::from(asset.display_name.as_deref()?),
        "description" => Json::from(asset.description.as_deref()?),
        "metadata" => Json::Object(asset.metadata.clone()),
        "labels" => Json::Object(asset.labels.clone()),
        "protected" => Json::from(asset.protected),
        "created" => Json::from(asset.created.to_string()),
        "updated" => Json::from(asset.updated.to_string()),
        other => match other.split_once('.') {
            Some(("metadata", path)) => crate::model::at_path(asset, path)?.clone(),
            Some(("labels", key)) => asset.labels.get(key)?.clone(),
            _ => return None,
        },
    };
    Some(said)
}

/// Refuses a field that no asset can have.
pub(super) fn check_field(path: &str) -> Result<(), AppError> {
    let inside = ["metadata.", "labels."]
        .iter()
        .any(|start| path.len() > start.len() && path.starts_with(start));
    match inside || ASSET_FIELDS.contains(&path) {
        true => Ok(()),
        false => Err(AppError::refused(format!("assets have no field `{path}`")).with_hint(
            match closest(path, ASSET_FIELDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "fields are `{}`, and paths such as `metadata.{path}`",
                    ASSET_FIELDS.join("`, `")
                ),
            },
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{AssetId, Declaration};

    fn check(condition: &str, expected: bool) {
        let metadata = json!({"os": "debian", "num": "many", "expiry": "2026-12-31", "none": null, "tags": ["a"]});
        let Json::Object(metadata) = metadata else { return };
        let id = AssetId::parse("vm-1").unwrap();
        let declaration = Declaration {
            metadata: metadata.into_iter().collect(),
            ..Declaration::of(id)
        };
        let asset = Asset::created(&declaration, None, Timestamp::UNIX_EPOCH);
        let condition = Condition::parse(condition, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            condition.holds(&asset).unwrap(),
            expected,
            "{}",
            condition.template.source()
        );
        let text = serde_json::to_string(&asset.metadata).unwrap();
        assert!(
            condition.may_hold(&text) || !expected,
            "{}",
            condition.template.source()
        );
    }

    #[test]
    fn what_an_asset_does_not_have_is_null() {
        check("metadata.os == 'debian' or metadata.nope == 1", true);
        check("metadata.nope == 1 or metadata.os == 'debian'", true);
        check("metadata.a.b.c < '2027' or metadata.expiry < '2027'", true);
        check("metadata.nope == 1 and metadata.os == 'debian'", false);
        check("not (metadata.nope == 1)", true);
        check("metadata.nope != 1", true);
        check("metadata.nope is null and metadata.none is null", true);
        check("metadata.nope is not null", false);
        check("metadata.nope is defined", false);
        check("metadata.nope", false);
        check("metadata.none", false);
        check("metadata.nope contains 'a'", false);
        check("'a' not in metadata.nope", true);
        check("metadata.nope | upper == 'A' or metadata.tags contains 'a'", true);
        check(
            "(metadata.nope | date('yyyy')) == '2027' or metadata.os | upper == 'DEBIAN'",
            true,
        );
    }

    #[test]
    fn what_cannot_be_compared_does_not_compare() {
        check("metadata.num > 2", false);
        check("metadata.num > 2 or metadata.os == 'debian'", true);
        check("metadata.num is odd", false);
    }
}
