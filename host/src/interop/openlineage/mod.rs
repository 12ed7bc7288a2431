//! OpenLineage 2-0-2: events out, events in, and where they go.
//!
//! What real consumers need decides the form: a namespace is `scheme://authority` in lower case without a path, names have
//! colons and no slashes, run ids are UUIDv7, and `facets`, `inputs` and `outputs` are always there.

mod dataset;
mod endpoint;
mod read;
mod write;

use serde_json::json;

use super::PRODUCER;
use crate::model::{Json, JsonMap};

pub use endpoint::{Destination, Endpoint, EndpointError};
pub use read::Reader;
pub use write::{KnownExecution, Writer};

/// The namespace of jobs and datasets where no other is set.
pub const NAMESPACE: &str = "begat://local";

/// The schema of the facet that carries an asset as it is.
pub const ASSET_FACET_SCHEMA: &str = include_str!("BegatAssetDatasetFacet.json");

const EVENT_SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const ASSET_FACET: &str = "begat_asset";
const ASSET_FACET_URL: &str = "urn:begat:schema:1-0-0:BegatAssetDatasetFacet.json#/$defs/BegatAssetDatasetFacet";

/// A facet of the standard: its file with version, and its name.
fn facet(version: &str, name: &str, content: Json) -> Json {
    let file = if name.starts_with("Lineage") {
        "LineageFacet"
    } else {
        name
    };
    let schema = format!("https://openlineage.io/spec/facets/{version}/{file}.json#/$defs/{name}");
    facet_of(&schema, content)
}

fn facet_of(schema: &str, content: Json) -> Json {
    let mut facet = JsonMap::new();
    facet.insert("_producer".to_owned(), PRODUCER.into());
    facet.insert("_schemaURL".to_owned(), schema.into());
    if let Json::Object(content) = super::without_nulls(content) {
        facet.extend(content);
    }
    Json::Object(facet)
}

/// A dataset as lineage names it.
fn named(namespace: &str, name: &str) -> Json {
    json!({"namespace": namespace, "name": name, "type": "DATASET"})
}
