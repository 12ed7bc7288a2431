//! What a flow would do: planned as for a run, and told.

use super::grants::asks;
use super::{App, AppError, FlowRequest, Report};
use crate::model::{AsOf, AssetId, PlanView, RecordError};
use crate::plan;
use crate::store::Catalog;

impl App {
    /// Plans a flow and tells what it would do. Runs nothing and writes nothing.
    pub async fn plan(&self, request: &FlowRequest<'_>) -> Result<(PlanView, Option<Report>), AppError> {
        let catalog = match self.settings.catalog.exists() {
            true => Catalog::open_existing(&self.settings.catalog)?,
            false => Catalog::in_memory()?,
        };
        let prepared = self.prepare(request, &catalog).await?;
        let dependents = |id: &AssetId| -> Result<Vec<AssetId>, RecordError> {
            let detail = catalog.asset_detail(id, AsOf::Now)?;
            Ok(detail.map(|detail| detail.children).unwrap_or_default())
        };
        let mut tasks = plan::preview(&prepared.plan, &catalog, &dependents)?;
        for (view, planned) in tasks.iter_mut().zip(&prepared.plan.tasks) {
            view.capabilities = asks(&prepared, &catalog, planned);
        }
        let plan = &prepared.plan;
        let view = PlanView {
            flow_id: plan.flow.id.clone(),
            namespace: plan.flow.namespace.clone(),
            flow_digest: plan.flow.digest.clone(),
            inputs: plan.recorded_inputs.clone(),
            labels: plan.labels.clone(),
            tasks,
            triggers: plan
                .flow
                .triggers
                .iter()
                .map(|trigger| trigger.id.to_string())
                .collect(),
        };
        Ok((view, prepared.report))
    }
}
