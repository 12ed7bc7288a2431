//! What the tests of the expression language share: one scope, and checks by table.

use serde_json::json;

use super::{ExprError, Refusal, Scope, Surroundings, Template, Value};
use crate::model::{Asset, AssetFilter, AssetId, AssetType, CatalogReader, Json, Namespace, RecordError, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().expect("the tests write moments correctly")
}

/// The scope all checks use; it was made on 2026-02-03.
pub(super) fn scope() -> Scope<'static> {
    let execution: Value = [
        ("id", Value::from("01KC3Z8A")),
        ("startDate", Value::from(at("2026-01-21T10:00:00Z"))),
    ]
    .into_iter()
    .collect();
    Scope::new(at("2026-02-03T04:05:06.789Z"))
        .with("name", "World")
        .with("nothing", Value::Null)
        .with("list", json!([1, "two", null]))
        .with("numbers", json!([1, 2, 3]))
        .with("map", json!({"b": 1, "a": [true, null], "c-d": "x"}))
        .with("inputs", json!({"target_vm": "vm-1", "target_ip": "35.202.10.100"}))
        .with("execution", execution)
}

/// Renders, whether the fault is found early or late.
pub(super) fn render(scope: &Scope<'_>, source: &str) -> Result<String, ExprError> {
    Template::parse(source)
        .map_err(|mut errors| errors.remove(0))?
        .render(scope)
}

pub(super) fn check_with(scope: &Scope<'_>, source: &str, expected: &str) {
    match render(scope, source) {
        Ok(text) => assert_eq!(text, expected, "{source}"),
        Err(error) => panic!("{source}: {} at {:?} ({:?})", error.message, error.span, error.hint),
    }
}

pub(super) fn check(source: &str, expected: &str) {
    check_with(&scope(), source, expected);
}

pub(super) fn check_typed(source: &str, expected: Json) {
    let template = Template::parse(source).unwrap_or_else(|errors| panic!("{source}: {errors:?}"));
    let value = template
        .evaluate(&scope())
        .unwrap_or_else(|error| panic!("{source}: {error:?}"));
    assert_eq!(Json::from(&value), expected, "{source}");
}

fn fault(scope: &Scope<'_>, source: &str) -> ExprError {
    render(scope, source).expect_err(source)
}

pub(super) fn check_error(source: &str, code: &str, message: &str) {
    check_error_with(&scope(), source, code, message);
}

pub(super) fn check_error_with(scope: &Scope<'_>, source: &str, code: &str, message: &str) {
    let error = fault(scope, source);
    assert_eq!((error.code, error.message.as_str()), (code, message), "{source}");
    assert!(
        error.span.start <= error.span.end && error.span.end <= source.len(),
        "{source}: {:?}",
        error.span
    );
}

pub(super) fn check_hint(source: &str, hint: &str) {
    assert_eq!(fault(&scope(), source).hint.as_deref(), Some(hint), "{source}");
}

struct Shelf(Vec<Asset>);

impl CatalogReader for Shelf {
    fn asset(&self, id: &AssetId) -> Result<Option<Asset>, RecordError> {
        Ok(self.0.iter().find(|asset| asset.id == *id).cloned())
    }

    fn assets(&self, filter: &AssetFilter) -> Result<Vec<Asset>, RecordError> {
        let matches = |asset: &&Asset| {
            filter.id.as_ref().is_none_or(|id| asset.id == *id)
                && filter
                    .asset_type
                    .as_ref()
                    .is_none_or(|given| asset.asset_type.as_str() == given)
                && (filter.namespace.is_none() || asset.namespace == filter.namespace)
                && filter
                    .metadata
                    .iter()
                    .all(|(key, value)| asset.metadata.get(key) == Some(value))
        };
        Ok(self.0.iter().filter(matches).cloned().collect())
    }
}

fn asset(id: &str, asset_type: &str, namespace: &str, name: Option<&str>, metadata: Json) -> Asset {
    Asset {
        id: AssetId::parse(id).expect("a good id"),
        asset_type: AssetType::parse(&format!("io.kestra.plugin.ee.assets.{asset_type}")).expect("a good type"),
        namespace: Some(Namespace::parse(namespace).expect("a good namespace")),
        display_name: name.map(str::to_owned),
        description: None,
        metadata: metadata.as_object().cloned().unwrap_or_default(),
        labels: crate::model::JsonMap::new(),
        protected: false,
        created: at("2026-01-01T00:00:00Z"),
        updated: at("2026-01-01T00:00:00Z"),
    }
}

/// Gives the check a scope with a catalog: a machine, its address, the address of another, and a stranger.
pub(super) fn with_catalog(check: impl FnOnce(&Scope<'_>)) {
    let shelf = Shelf(vec![
        asset("vm-1", "VM", "company", Some("A machine"), json!({"state": "up"})),
        asset("ip-1", "VM.IP", "company", None, json!({"attached_to": "vm-1"})),
        asset("ip-2", "VM.IP", "company", None, json!({"attached_to": "vm-9"})),
        asset("stranger", "VM.IP", "other", None, json!({"attached_to": "vm-1"})),
    ]);
    let namespace = Namespace::parse("company").expect("a good namespace");
    check(&scope().with_catalog(&shelf).with_namespace(&namespace));
}

/// Surroundings that grant a few things of each kind.
pub(super) struct World;

impl Surroundings for World {
    fn environment(&self, name: &str) -> Result<Option<String>, Refusal> {
        match name {
            "api_host" => Ok(Some("example.org".to_owned())),
            "blank" => Ok(Some(String::new())),
            "unset" => Ok(None),
            _ => Err(Refusal::environment(name)),
        }
    }

    fn secret(&self, key: &str, namespace: Option<&str>) -> Result<Option<String>, Refusal> {
        Ok(match key {
            "TOKEN" => Some(format!("{}:t0ken", namespace.unwrap_or_default())),
            "DB" => Some(r#"{"password": "pass word", "port": 5432, "tags": ["a"]}"#.to_owned()),
            _ => None,
        })
    }

    fn key_value(&self, key: &str, namespace: Option<&str>) -> Result<Option<Value>, Refusal> {
        Ok(match key {
            "my-key" => Some(Value::from(json!({"field": "value"}))),
            "where" => Some(Value::from(namespace.unwrap_or_default())),
            _ => None,
        })
    }

    fn file_size(&self, path: &str) -> Result<Option<u64>, Refusal> {
        Ok(match path {
            "huge" => Some(1 << 40),
            "none" => None,
            _ => Some(self.file(path).map_or(1, |content| content.len() as u64)),
        })
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        match path {
            "greeting.txt" => Ok("Héllo".as_bytes().to_vec()),
            "empty" => Ok(Vec::new()),
            "binary" => Ok(vec![0xff, 0xfe]),
            "broken" => Err(Refusal::Failed("the disk is on fire".to_owned())),
            _ => Err(Refusal::file(path)),
        }
    }

    fn error_logs(&self) -> Result<Vec<Value>, Refusal> {
        let log = |message: &str| Value::from(json!({"level": "ERROR", "message": message}));
        Ok(vec![log("first"), log("second")])
    }
}

/// Gives the check a scope with surroundings, in the namespace `company`.
pub(super) fn with_world(check: impl FnOnce(&Scope<'_>)) {
    let namespace = Namespace::parse("company").expect("a good namespace");
    check(&scope().with_surroundings(&World).with_namespace(&namespace));
}
