//! `assets()`: what the catalog knows, as a template sees it.

use std::sync::{Arc, OnceLock};

use super::{Function, function};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::signature::{Given, optional};
use crate::expr::value::Value;
use crate::model::{Asset, AssetFilter, AssetId, Json, Namespace};

pub(super) static FUNCTIONS: &[Function] = &[function(
    "assets",
    &[
        optional("id"),
        optional("type"),
        optional("namespace"),
        optional("metadata"),
    ],
    "the assets that match, the oldest first; in the flow's namespace unless told another",
    assets,
)];

/// Every part given must match. Ids and namespaces that could not be any match nothing, rather than fail.
fn assets(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let Some(catalog) = host.scope.catalog() else {
        return Err(Problem {
            code: "no-catalog",
            message: "there is no catalog of assets here".to_owned(),
            hint: None,
        });
    };
    let mut filter = AssetFilter {
        asset_type: given.text(1)?.map(str::to_owned),
        ..AssetFilter::default()
    };
    match given.text(0)?.map(AssetId::parse) {
        Some(Ok(id)) => filter.id = Some(id),
        Some(Err(_)) => return Ok(Value::list(Vec::new())),
        None => {}
    }
    match given.text(2)?.map(Namespace::parse) {
        Some(Ok(namespace)) => filter.namespace = Some(namespace),
        Some(Err(_)) => return Ok(Value::list(Vec::new())),
        None => filter.namespace = host.scope.namespace().cloned(),
    }
    if given.get(3).is_some() {
        filter.metadata = given
            .need_map(3)?
            .iter()
            .map(|(key, value)| (key.as_ref().to_owned(), Json::from(value)))
            .collect();
    }
    let found = catalog.assets(&filter).map_err(|error| Problem {
        code: "catalog-read",
        message: format!("the catalog cannot be read: {error}"),
        hint: None,
    })?;
    Ok(found.into_iter().map(asset_value).collect())
}

/// The names of what an asset shows, made once.
fn field_names() -> &'static [Arc<str>; 9] {
    static NAMES: OnceLock<[Arc<str>; 9]> = OnceLock::new();
    NAMES.get_or_init(|| {
        [
            "id",
            "type",
            "namespace",
            "displayName",
            "description",
            "metadata",
            "created",
            "updated",
            "deleted",
        ]
        .map(Arc::from)
    })
}

fn asset_value(asset: Asset) -> Value {
    let moment = |moment| Value::from(Value::Instant(moment).to_string());
    let created = moment(asset.created);
    let updated = if asset.updated == asset.created {
        created.clone()
    } else {
        moment(asset.updated)
    };
    let values = [
        Value::from(asset.id.as_str()),
        Value::from(asset.asset_type.as_str()),
        Value::from(asset.namespace.as_ref().map(Namespace::as_str)),
        Value::from(asset.display_name),
        Value::from(asset.description),
        Value::from(asset.metadata),
        created,
        updated,
        Value::from(false),
    ];
    field_names().iter().cloned().zip(values).collect()
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error, check_with, scope, with_catalog};

    const SEED: &str = r#"{{ [((assets(type='io.kestra.plugin.ee.assets.VM.IP') | jq('.[] | select(.metadata.attached_to == "' ~ inputs.target_vm ~ '")')) | first).id] }}"#;

    #[test]
    fn the_address_of_a_machine_is_found() {
        with_catalog(|scope| check_with(scope, SEED, r#"["ip-1"]"#));
    }

    #[test]
    fn a_machine_without_address_is_an_error_a_user_understands() {
        with_catalog(|scope| {
            let scope = scope.clone().with(
                "inputs",
                crate::expr::Value::from(serde_json::json!({"target_vm": "other"})),
            );
            let error = crate::expr::Template::parse(SEED).unwrap().render(&scope).unwrap_err();
            assert_eq!(
                (error.code, error.message.as_str()),
                ("attribute-of-null", "`id` is read from null")
            );
        });
    }

    #[test]
    fn every_part_narrows_and_the_flow_says_the_namespace() {
        with_catalog(|scope| {
            check_with(scope, "{{ assets() | jq('.[].id') | join(' ') }}", "vm-1 ip-1 ip-2");
            check_with(
                scope,
                "{{ assets(namespace='other') | jq('.[].id') | join(' ') }}",
                "stranger",
            );
            check_with(scope, "{{ assets(id='ip-2') | jq('.[].id') | join(' ') }}", "ip-2");
            check_with(
                scope,
                "{{ assets(metadata={'attached_to': 'vm-9'}) | jq('.[].id') | join(' ') }}",
                "ip-2",
            );
            check_with(
                scope,
                "{{ assets(id='not an id') }}{{ assets(namespace='Not One') }}",
                "[][]",
            );
        });
    }

    #[test]
    fn an_asset_shows_all_its_fields() {
        with_catalog(|scope| {
            let expected = r#"{"id":"vm-1","type":"io.kestra.plugin.ee.assets.VM","namespace":"company","displayName":"A machine","description":null,"metadata":{"state":"up"},"created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z","deleted":false}"#;
            check_with(scope, "{{ assets() | first }}", expected);
        });
    }

    #[test]
    fn without_a_catalog_there_is_nothing_to_ask() {
        check_error("{{ assets() }}", "no-catalog", "there is no catalog of assets here");
        let _ = scope();
        check("{{ 1 }}", "1");
    }
}
