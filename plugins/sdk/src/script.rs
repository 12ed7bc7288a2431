//! Lines by which a script tells the task that runs it what it made: `::{"outputs": {…}, "assets": {…}}::`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Asset, Bundle, Failure, JsonMap};

/// What a script printed, taken apart.
#[derive(Debug)]
pub struct Said {
    /// All but the lines that tell something.
    pub text: String,
    /// What it set as outputs.
    pub vars: BTreeMap<String, Value>,
    /// What it used and made, a bundle for each line; or why one of them cannot be read, which is no fault of the work
    /// that was done.
    pub assets: Result<Vec<Bundle>, Failure>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            text: String::new(),
            vars: BTreeMap::new(),
            assets: Ok(Vec::new()),
        }
    }
}

thread_local! {
    /// What the last script of this instance made, until `declare` asks for it.
    static MADE: RefCell<Result<Vec<Bundle>, Failure>> = const { RefCell::new(Ok(Vec::new())) };
}

/// The JSON text of a line `::{…}::`.
pub fn protocol(line: &str) -> Option<&str> {
    line.trim()
        .strip_prefix("::")
        .and_then(|rest| rest.strip_suffix("::"))
        .filter(|inner| inner.starts_with('{'))
}

/// Takes the lines that tell something out of what a script printed, and keeps its assets for [`declared`].
pub fn read(stdout: &str) -> Result<Said, Failure> {
    let mut said = Said::default();
    for line in stdout.split_inclusive('\n') {
        match protocol(line) {
            None => said.text.push_str(line),
            Some(text) => read_line(text, line.trim(), &mut said)?,
        }
    }
    MADE.with_borrow_mut(|made| *made = said.assets.clone());
    Ok(said)
}

/// Hands output of an emulation to the component's own streams, whose lines the log gets as they come, but for those that
/// tell something. A unit test has no such streams.
pub fn print_through(text: &str, is_error: bool) {
    if cfg!(target_family = "wasm") {
        let lines = text.split_inclusive('\n').filter(|line| protocol(line).is_none());
        crate::bindings::print(is_error, lines.collect::<String>().as_bytes());
    }
}

/// What the flow declared, and after it what the script made.
///
/// # Errors
/// When the script said it in a way that cannot be read.
pub fn declared(mut declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
    declared.extend(MADE.replace(Ok(Vec::new()))?);
    Ok(declared)
}

fn read_line(text: &str, line: &str, said: &mut Said) -> Result<(), Failure> {
    let map: JsonMap = serde_json::from_str(text)
        .map_err(|error| Failure::failed(format!("the line `{line}` is no JSON: {error}")))?;
    for (key, value) in map {
        match (key.as_str(), value) {
            ("outputs", Value::Object(outputs)) => said.vars.extend(outputs),
            ("assets", assets) => match (&mut said.assets, bundle(assets)) {
                (Ok(made), Ok(bundle)) => made.push(bundle),
                (Ok(_), Err(failure)) => said.assets = Err(failure),
                (Err(_), _) => {}
            },
            ("outputs", _) => return Err(Failure::failed("`outputs` in a `::{…}::` line must be an object")),
            _ => {
                return Err(Failure::failed(format!(
                    "`{key}` in a `::{{…}}::` line is not supported yet"
                )));
            }
        }
    }
    Ok(())
}

fn bundle(value: Value) -> Result<Bundle, Failure> {
    let Value::Object(map) = value else {
        return Err(Failure::failed("`assets` in a `::{…}::` line must be an object"));
    };
    let mut bundle = Bundle::default();
    for (key, value) in map {
        let Value::Array(items) = value else {
            return Err(Failure::failed(format!(
                "`assets.{key}` in a `::{{…}}::` line must be a list"
            )));
        };
        let assets = items.into_iter().map(asset).collect::<Result<Vec<_>, _>>()?;
        match key.as_str() {
            "inputs" => bundle.inputs = assets,
            "outputs" => bundle.outputs = assets,
            _ => {
                return Err(Failure::failed(format!(
                    "`assets.{key}` in a `::{{…}}::` line is unknown: it takes `inputs` and `outputs`"
                )));
            }
        }
    }
    Ok(bundle)
}

/// An asset as a flow would write it: what it does not know belongs to the metadata. A text alone is an id.
fn asset(value: Value) -> Result<Asset, Failure> {
    let map = match value {
        Value::String(id) => return Ok(Asset::new(id)),
        Value::Object(map) => map,
        other => {
            return Err(Failure::failed(format!(
                "an asset in a `::{{…}}::` line is an object, not {other}"
            )));
        }
    };
    let mut asset = Asset::default();
    let mut folded = JsonMap::new();
    for (key, value) in map {
        let text = |value: Value| match value {
            Value::String(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            other => Err(Failure::failed(format!(
                "`{key}` of an asset in a `::{{…}}::` line is text, not {other}"
            ))),
        };
        match key.as_str() {
            "id" => asset.id = text(value)?.unwrap_or_default(),
            "type" => asset.asset_type = text(value)?,
            "namespace" => asset.namespace = text(value)?,
            "displayName" => asset.display_name = text(value)?,
            "description" => asset.description = text(value)?,
            "metadata" => match value {
                Value::Object(metadata) => asset.metadata.extend(metadata),
                Value::Null => {}
                other => {
                    return Err(Failure::failed(format!(
                        "`metadata` of an asset in a `::{{…}}::` line is an object, not {other}"
                    )));
                }
            },
            _ => {
                folded.insert(key, value);
            }
        }
    }
    asset.metadata.extend(folded);
    match asset.id.is_empty() {
        true => Err(Failure::failed("an asset in a `::{…}::` line has no `id`")),
        false => Ok(asset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_tell_something_are_taken_out() {
        let text = "before\n::{\"outputs\": {\"n\": 1}, \"assets\": {\"inputs\": [\"vm\"], \"outputs\": [{\"id\": \"disk\", \
                    \"type\": \"Disk\", \"size\": 4, \"metadata\": {\"zone\": \"a\", \"size\": 5}}]}}::\nafter\n";
        let said = read(text).unwrap();
        assert_eq!(
            (said.text.as_str(), said.vars["n"].as_i64()),
            ("before\nafter\n", Some(1))
        );
        let disk = Asset::new("disk").of_type("Disk").with("size", 4).with("zone", "a");
        let made = Bundle {
            inputs: vec![Asset::new("vm")],
            outputs: vec![disk],
        };
        assert_eq!(declared(vec![Bundle::default()]).unwrap(), [Bundle::default(), made]);
        assert_eq!(declared(vec![]).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_meant_is_an_error_and_of_assets_one_of_the_declaration_alone() {
        let of_assets = |line: &str| {
            read(line).unwrap();
            declared(vec![]).unwrap_err().message
        };
        let message = |line: &str| read(line).map(|_| ()).unwrap_err().message;
        assert_eq!(
            of_assets("::{\"assets\": []}::"),
            "`assets` in a `::{…}::` line must be an object"
        );
        assert_eq!(
            of_assets("::{\"assets\": {\"made\": []}}::"),
            "`assets.made` in a `::{…}::` line is unknown: it takes `inputs` and `outputs`"
        );
        assert_eq!(
            of_assets("::{\"assets\": {\"outputs\": [{}]}}::"),
            "an asset in a `::{…}::` line has no `id`"
        );
        assert_eq!(
            message("::{\"metrics\": []}::"),
            "`metrics` in a `::{…}::` line is not supported yet"
        );
    }
}
