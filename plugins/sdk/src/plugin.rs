//! The trait a plugin author implements.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Bundle, Context, Description, Failure};

/// A task plugin. The host makes a fresh instance for each task run and calls [`run`](Plugin::run), then
/// [`declare`](Plugin::declare) if the run succeeded.
pub trait Plugin {
    /// What a flow gives. Their JSON Schema is what flows are checked against; `#[serde(deny_unknown_fields)]`
    /// makes misspelt properties an error.
    type Properties: DeserializeOwned + JsonSchema;
    /// What the task gives back.
    type Outputs: Serialize + JsonSchema;

    /// Says what the plugin is. Called with nothing granted; the answer must always be the same.
    fn describe() -> Description;

    /// Runs one task.
    fn run(context: &Context, properties: Self::Properties) -> Result<Self::Outputs, Failure>;

    /// Says what the task that just succeeded used and made. `outputs` are those that `run` gave. As it stands, it
    /// returns what the flow declared.
    fn declare(context: &Context, outputs: &crate::JsonMap, declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        let _unused = (context, outputs);
        Ok(declared)
    }
}
