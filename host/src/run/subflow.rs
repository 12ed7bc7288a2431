//! How a run comes to the flows that its tasks start.

use std::sync::Arc;

use crate::model::{ExecutionId, FlowId, JsonMap, Namespace};
use crate::plan::Plan;

/// A flow that a task wants to run.
#[derive(Debug, Clone)]
pub struct SubflowRequest {
    pub namespace: Namespace,
    pub flow: FlowId,
    pub inputs: JsonMap,
    /// Labels beside those of the flow.
    pub labels: JsonMap,
    pub execution: ExecutionId,
}

/// Finds flows and makes plans of them.
pub trait Subflows: Send + Sync {
    /// A plan of that flow; the error is for the operator.
    fn plan(&self, request: SubflowRequest) -> Result<Arc<Plan>, String>;
}
