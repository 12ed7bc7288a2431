//! The functions there are: `{{ name(arguments) }}`. The checker and the evaluator share this table.

use serde_json::json;

use super::error::Problem;
use super::evaluate::Host;
use super::filters::Check;
use super::signature::{Given, Parameter, optional};
use super::value::Value;
use crate::model::{Asset, AssetFilter, AssetId, Json, Namespace};

/// One function.
pub(super) struct Function {
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    /// Whether any number of arguments may follow.
    pub open: bool,
    pub check: Option<Check>,
    pub call: fn(&Given, &Host<'_>) -> Result<Value, Problem>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

static FUNCTIONS: &[Function] = &[
    Function {
        name: "assets",
        parameters: &[
            optional("id"),
            optional("type"),
            optional("namespace"),
            optional("metadata"),
        ],
        open: false,
        check: None,
        call: assets,
    },
    Function {
        name: "now",
        parameters: &[],
        open: false,
        check: None,
        call: |_, host| Ok(Value::Instant(host.scope.now())),
    },
];

/// Every function.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter()
}

/// Finds the function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// The assets that match, ordered by creation, then id; those of the flow's namespace unless told another.
fn assets(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let Some(catalog) = host.scope.catalog() else {
        return Err(Problem::wrong_type("no catalog can be read here"));
    };
    let parse =
        |text: &str| Namespace::parse(text).map_err(|error| given.wrong(2, format!("is no namespace: {error}")));
    let namespace = match given.text(2)? {
        Some(text) => Some(parse(text)?),
        None => host.scope.namespace().cloned(),
    };
    let id = given.text(0)?.map(AssetId::parse).transpose();
    let metadata = match given.get(3) {
        Some(_) => given
            .need_map(3)?
            .iter()
            .map(|(key, value)| (key.to_string(), Json::from(value)))
            .collect(),
        None => Vec::new(),
    };
    let filter = AssetFilter {
        id: id.map_err(|error| given.wrong(0, format!("is no asset id: {error}")))?,
        asset_type: given.text(1)?.map(str::to_owned),
        namespace,
        metadata,
        limit: None,
    };
    let found = catalog
        .assets(&filter)
        .map_err(|error| Problem::wrong_type(error.message))?;
    Ok(Value::list(found.iter().map(shown).collect()))
}

fn shown(asset: &Asset) -> Value {
    Value::from(json!({
        "id": asset.id, "type": asset.asset_type, "namespace": asset.namespace, "displayName": asset.display_name,
        "description": asset.description, "metadata": asset.metadata, "created": asset.created,
        "updated": asset.updated, "deleted": false,
    }))
}
