//! The JSON Schema of the flow language.

use super::{App, AppError};
use crate::flow;
use crate::model::Json;

impl App {
    /// Makes the JSON Schema of a flow, with the properties of all task types there are.
    pub async fn flow_schema(&self) -> Result<Json, AppError> {
        Ok(flow::json_schema(&self.registry().await?.task_types()))
    }
}
