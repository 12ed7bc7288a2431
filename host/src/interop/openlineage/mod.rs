//! OpenLineage 2-0-2: events out, events in, and where they go.
//!
//! What real consumers need decides the form: a namespace is `scheme://authority` in lower case without a path, names have
//! colons and no slashes, run ids are UUIDv7, and `facets`, `inputs` and `outputs` are always there.

mod dataset;
mod endpoint;
mod read;
mod write;

use sha2::{Digest, Sha256};

use super::PRODUCER;
use crate::model::{Asset, AssetId, Json, JsonMap, digest};

pub use endpoint::{Destination, Endpoint, EndpointError};
pub use read::Reader;
pub use write::{KnownExecution, Writer};

/// The namespace of jobs and datasets where no other is set.
pub const NAMESPACE: &str = "begat://local";

/// The schema of the facet that carries an asset as it is.
pub const ASSET_FACET_SCHEMA: &str = include_str!("BegatAssetDatasetFacet.json");

const EVENT_SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// The key of an asset's metadata that holds what another producer calls it.
const NAMES: &str = "openlineage";
/// Characters that an asset id may have at most.
const LONGEST: usize = 150;
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

/// Namespace and name of a dataset.
type Name = (String, String);

/// What an asset is called outside: what another producer called it, where it is known from there, else its id in the
/// namespace of the catalog.
fn name_of(namespace: &str, asset: &Asset) -> Name {
    let given = asset.metadata.get(NAMES);
    let given = given.and_then(|names| Some((names["namespace"].as_str()?, names["name"].as_str()?)));
    let given = given.map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
    // Whoever writes metadata cannot give one asset the name of another.
    let given = given.filter(|names| foreign_id(names) == asset.id);
    given.unwrap_or_else(|| (namespace.to_owned(), asset.id.to_string()))
}

/// An asset id of both names. Where it would not lead back to them, a digest keeps it apart from others.
fn foreign_id((namespace, name): &Name) -> AssetId {
    let whole = format!("{}:{name}", namespace.replacen("://", ":", 1));
    if leads_back(namespace, name)
        && let Ok(id) = AssetId::parse(&whole)
    {
        return id;
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
    let plain: String = whole.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect();
    let digest = digest::hexadecimal(&Sha256::digest(format!("{namespace}\n{name}"))[..5]);
    let start: String = plain
        .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
        .chars()
        .take(LONGEST - 1 - digest.len())
        .collect();
    let text = match start.is_empty() {
        true => digest,
        false => format!("{start}-{digest}"),
    };
    AssetId::parse(&text).expect("it was made of characters that an id may have")
}

/// Whether both names, joined with colons, can be told apart again: `scheme:host:name`, `scheme:host:port:name`, or
/// `namespace:name` with no more colons.
fn leads_back(namespace: &str, name: &str) -> bool {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((scheme, authority)) = namespace.split_once("://") else {
        return !namespace.contains(':') && !name.contains(':');
    };
    let first = name.split_once(':').map(|(first, _)| first);
    match authority.split_once(':') {
        _ if scheme.contains(':') => false,
        None => !first.is_some_and(is_port),
        Some((_, port)) => is_port(port),
    }
}
