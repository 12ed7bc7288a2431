//! The lineage graph as text for Graphviz and Mermaid.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{AssetId, GraphView};

/// Writes a graph in the DOT language, what was made below or right of what it was made from.
pub fn dot(graph: &GraphView) -> String {
    let mut text = String::from("digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n");
    for asset in &graph.nodes {
        let label = format!(
            "{}\\n{}",
            quoted(asset.id.as_str()),
            quoted(asset.asset_type.short_name())
        );
        writeln!(text, "  \"{}\" [label=\"{label}\"];", asset.id).expect("a string takes all text");
    }
    for edge in &graph.edges {
        writeln!(text, "  \"{}\" -> \"{}\";", edge.from, edge.to).expect("a string takes all text");
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}

/// Writes a graph as a Mermaid flow chart.
pub fn mermaid(graph: &GraphView) -> String {
    let names: BTreeMap<&AssetId, String> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(place, asset)| (&asset.id, format!("a{place}")))
        .collect();
    let mut text = String::from("flowchart LR\n");
    for asset in &graph.nodes {
        let label = format!(
            "{}<br/>{}",
            entity(asset.id.as_str()),
            entity(asset.asset_type.short_name())
        );
        writeln!(text, "  {}[\"{label}\"]", names[&asset.id]).expect("a string takes all text");
    }
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (names.get(&edge.from), names.get(&edge.to)) {
            writeln!(text, "  {from} --> {to}").expect("a string takes all text");
        }
    }
    text
}

fn entity(text: &str) -> String {
    let mut result = String::new();
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | '\n' => {
                write!(result, "#{};", u32::from(c)).expect("a string takes all text")
            }
            other => result.push(other),
        }
    }
    result
}
