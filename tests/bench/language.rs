//! What the language costs: checking many flows, and rendering the longest expression of the flows that come along.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use begat::expr::Scope;
use begat::flow::{self, Flow, Text};
use begat::model::{
    Asset, AssetFilter, AssetId, AssetType, CatalogReader, Json, JsonMap, Namespace, RecordError, Source, Timestamp,
};

/// How many flows are checked at once.
pub const FLOWS: usize = 1_000;
/// How often the expression is rendered for one measurement.
const RENDERINGS: u32 = 10_000;

/// Writes so many flows, copies of those that come along, into a folder.
pub fn many_flows(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let flows = sources()?;
    for (number, source) in (0..FLOWS).zip(flows.iter().cycle()) {
        std::fs::write(folder.join(format!("{number}.yaml")), &source.text)?;
    }
    Ok(())
}

/// How long the longest expression takes to render, and how many characters it has.
pub fn longest_expression() -> Result<(Duration, usize)> {
    let flows: Vec<Flow> = sources()?
        .iter()
        .filter_map(|source| flow::check(source, &[]).flow)
        .collect();
    let text = flows
        .iter()
        .flat_map(texts)
        .max_by_key(|text| text.template.source().len())
        .context("no flow has an expression")?;
    let (shelf, namespace) = (Shelf::new()?, Namespace::parse("company.team")?);
    let scope = Scope::new(Timestamp::UNIX_EPOCH)
        .with_catalog(&shelf)
        .with_namespace(&namespace)
        .with(
            "inputs",
            begat::expr::Value::from(serde_json::json!({"target_vm": "windows-web-01"})),
        );
    let value = text.evaluate(&scope).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    anyhow::ensure!(Json::from(&value) == serde_json::json!(["ip-1"]), "{value:?}");
    let begin = Instant::now();
    for _ in 0..RENDERINGS {
        drop(black_box(text.evaluate(black_box(&scope))));
    }
    Ok((begin.elapsed() / RENDERINGS, text.template.source().chars().count()))
}

fn sources() -> Result<Vec<Source>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.to_string_lossy();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
            found.push(Source {
                name: path.display().to_string(),
                text: std::fs::read_to_string(&path)?,
            });
        }
    }
    Ok(found)
}

fn texts(flow: &Flow) -> Vec<&Text> {
    let inputs = flow.inputs.iter().flat_map(|input| input.texts());
    let properties = flow.tasks.iter().flat_map(|task| task.properties.values());
    let assets = flow.tasks.iter().filter_map(|task| task.assets.as_ref());
    inputs
        .chain(properties.flat_map(|property| property.texts()))
        .chain(assets.flat_map(|assets| assets.texts()))
        .collect()
}

/// A catalog with two addresses, one of them of the machine that is asked for.
struct Shelf(Vec<Asset>);

impl Shelf {
    fn new() -> Result<Self> {
        let address = |id: &str, machine: &str| -> Result<Asset> {
            Ok(Asset {
                id: AssetId::parse(id)?,
                asset_type: AssetType::try_from("io.kestra.plugin.ee.assets.VM.IP".to_owned())
                    .map_err(anyhow::Error::msg)?,
                namespace: Some(Namespace::parse("company.team")?),
                display_name: None,
                description: None,
                metadata: JsonMap::from_iter([("attached_to".to_owned(), Json::from(machine))]),
                created: Timestamp::UNIX_EPOCH,
                updated: Timestamp::UNIX_EPOCH,
                labels: JsonMap::new(),
                protected: false,
            })
        };
        Ok(Self(vec![
            address("ip-1", "windows-web-01")?,
            address("ip-2", "windows-web-02")?,
        ]))
    }
}

impl CatalogReader for Shelf {
    fn asset(&self, id: &AssetId) -> Result<Option<Asset>, RecordError> {
        Ok(self.0.iter().find(|asset| asset.id == *id).cloned())
    }

    fn assets(&self, _filter: &AssetFilter) -> Result<Vec<Asset>, RecordError> {
        Ok(self.0.clone())
    }
}
