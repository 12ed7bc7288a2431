//! The JSON Schemas of what users write.

use super::{App, AppError};
use crate::flow;
use crate::model::Json;

impl App {
    /// Makes the JSON Schema of a `flow`, with the properties of all task types there are, of a `test` of flows, or of
    /// a golden `case` of a plugin.
    pub async fn schema(&self, of: &str) -> Result<Json, AppError> {
        match of {
            "test" => Ok(flow::flow_test_schema()),
            "case" => Ok(flow::plugin_case_schema()),
            _ => Ok(flow::json_schema(&self.registry().await?.task_types())),
        }
    }
}
