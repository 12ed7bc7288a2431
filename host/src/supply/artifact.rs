//! A component as registries hold it: the artifact layout of the CNCF (`application/wasm`), one layer with a small
//! configuration that says what it imports and exports.
//!
//! Source: <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>

use std::collections::BTreeMap;

use oci_client::client::{Config, ImageLayer};
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use serde_json::json;

use crate::model::digest;

const LAYER: &str = "application/wasm";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// What the layer's signature is called among its annotations; its value is a file as minisign writes it.
const SIGNATURE: &str = "begat.signature.minisign";
/// The layout wants a time; without the real one the same component is the same artifact whenever it is pushed.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// A component that is to be pushed.
#[derive(Debug, Clone, Default)]
pub struct Artifact {
    pub bytes: Vec<u8>,
    pub name: String,
    pub version: String,
    pub summary: String,
    /// The interfaces it wants of its host.
    pub imports: Vec<String>,
    /// The interfaces it has for its host.
    pub exports: Vec<String>,
    /// A signature as minisign writes it.
    pub signature: Option<String>,
}

impl Artifact {
    /// Its only layer.
    pub(super) fn layer(&self) -> ImageLayer {
        let signature = self.signature.iter();
        let annotations = signature.map(|text| (SIGNATURE.to_owned(), text.clone())).collect();
        ImageLayer::new(self.bytes.clone(), LAYER.to_owned(), Some(annotations))
    }

    /// What the layout wants to know of the component.
    pub(super) fn config(&self) -> Config {
        let config = json!({
            "created": CREATED,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [format!("sha256:{}", digest::sha256(&self.bytes))],
            "component": {"exports": self.exports, "imports": self.imports},
        });
        Config::new(config.to_string(), CONFIG.to_owned(), None)
    }

    /// What ties both together.
    pub(super) fn manifest(&self) -> OciImageManifest {
        let annotation = |key: &str, value: &str| (format!("org.opencontainers.image.{key}"), value.to_owned());
        let annotations = BTreeMap::from([
            annotation("title", &self.name),
            annotation("version", &self.version),
            annotation("description", &self.summary),
        ]);
        let manifest = OciImageManifest::build(&[self.layer()], &self.config(), Some(annotations));
        OciImageManifest {
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            ..manifest
        }
    }
}

/// The layer of a manifest that is the component; says what else it is where there is none.
pub(super) fn component(manifest: &OciImageManifest) -> Result<&OciDescriptor, String> {
    match manifest.layers.as_slice() {
        [layer] if layer.media_type == LAYER => Ok(layer),
        [layer] => Err(format!("it holds `{}`, not `{LAYER}`", layer.media_type)),
        layers => Err(format!("it has {} layers, and a component is one", layers.len())),
    }
}

/// The signature that came with a layer.
pub(super) fn signature(layer: &OciDescriptor) -> Option<String> {
    layer.annotations.as_ref()?.get(SIGNATURE).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_component_is_the_same_artifact_in_the_layout_of_the_cncf() {
        let artifact = Artifact {
            bytes: b"component".to_vec(),
            name: "greet".to_owned(),
            version: "0.1.0".to_owned(),
            signature: Some("signed".to_owned()),
            ..Artifact::default()
        };
        let manifest = artifact.manifest();
        assert_eq!(manifest.config.media_type, "application/vnd.wasm.config.v0+json");
        let layer = component(&manifest).expect("it has one");
        assert_eq!(layer.digest, format!("sha256:{}", digest::sha256("component")));
        assert_eq!(signature(layer).as_deref(), Some("signed"));
        let text = |manifest| serde_json::to_string(&manifest).expect("a manifest is JSON");
        assert_eq!(text(manifest), text(artifact.manifest()));
    }

    #[test]
    fn other_artifacts_are_told_by_what_they_hold() {
        let told = |manifest: &OciImageManifest| component(manifest).err().unwrap_or_default();
        let mut manifest = Artifact::default().manifest();
        manifest.layers[0].media_type = "application/vnd.oci.image.layer.v1.tar".to_owned();
        assert!(told(&manifest).starts_with("it holds `application/vnd.oci.image.layer.v1.tar`"));
        manifest.layers.clear();
        assert_eq!(told(&manifest), "it has 0 layers, and a component is one");
    }
}
