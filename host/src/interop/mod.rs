//! What the catalog knows, in the words of other systems: OpenLineage, W3C PROV, in-toto with SLSA provenance.
//!
//! It turns told events into documents and back, and knows neither SQL nor the command line. Only
//! [`openlineage::Endpoint`] reaches outside.

pub mod attestation;
pub mod openlineage;
pub mod prov;

mod envelope;

use crate::model::{Asset, Json, digest};

/// Which program says all this.
pub const PRODUCER: &str = concat!("urn:begat:", env!("CARGO_PKG_VERSION"));

/// sha256 of the canonical JSON (RFC 8785) of an asset, in lower-case hexadecimal: names one version of it.
pub fn digest_of(asset: &Asset) -> String {
    let text = serde_json::to_value(asset).and_then(|value| serde_json_canonicalizer::to_string(&value));
    digest::sha256(text.expect("an asset is JSON"))
}

/// An object without the entries that are null.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}
