//! Questions to the catalog and to the plugins.

use super::{App, AppError, slots};
use crate::model::{
    ExecutionDetailView, ExecutionId, ExecutionView, LogLevel, LogView, MadeView, PluginView, State, TaskId, closest,
};
use crate::store::Catalog;

/// Which log lines to show.
#[derive(Debug, Clone)]
pub struct LogQuery {
    pub execution: String,
    pub task: Option<String>,
    pub level: LogLevel,
}

impl App {
    /// The newest executions first.
    pub fn executions(&self, limit: usize) -> Result<Vec<ExecutionView>, AppError> {
        let mut views = self.catalog()?.executions(limit)?;
        views.iter_mut().for_each(|view| self.mark_interrupted(view));
        Ok(views)
    }

    /// One execution by id or by the unique start of one.
    pub fn execution(&self, id: &str) -> Result<ExecutionDetailView, AppError> {
        let catalog = self.catalog()?;
        let id = find_execution(&catalog, id)?;
        let mut detail = catalog.execution(&id)?.ok_or_else(|| unknown_execution(id.as_str()))?;
        self.mark_interrupted(&mut detail.execution);
        Ok(detail)
    }

    /// An execution that has not ended and whose lock nobody holds has lost its process. One that a task of another
    /// started is at work as long as that is.
    fn mark_interrupted(&self, view: &mut ExecutionView) {
        let is_running = view.state == State::Running && view.parent_id.is_none();
        view.interrupted = is_running && !slots::is_held(&self.settings.catalog, &view.id);
    }

    /// Log lines of one execution, oldest first.
    pub fn logs(&self, query: &LogQuery) -> Result<Vec<LogView>, AppError> {
        let catalog = self.catalog()?;
        let id = find_execution(&catalog, &query.execution)?;
        let task = query.task.as_deref().map(TaskId::parse).transpose();
        let task = task.map_err(|error| AppError::refused(error.to_string()))?;
        Ok(catalog.logs(&id, task.as_ref(), query.level)?)
    }

    /// Whether the log lines of an execution were pruned.
    pub fn is_log_pruned(&self, execution: &str) -> Result<bool, AppError> {
        let catalog = self.catalog()?;
        Ok(catalog.is_log_pruned(&find_execution(&catalog, execution)?)?)
    }

    /// All plugins.
    pub async fn plugins(&self) -> Result<Vec<PluginView>, AppError> {
        Ok(self.registry().await?.plugins())
    }

    /// What a plugin made, by its name or the beginning of its digest, whether it is here or not.
    pub fn made_by(&self, plugin: &str) -> Result<Vec<MadeView>, AppError> {
        let named = plugin.strip_prefix("sha256:").unwrap_or(plugin);
        Ok(self.catalog()?.made_by(named)?)
    }

    /// One plugin, by its name or by a task type it provides.
    pub async fn plugin(&self, name: &str) -> Result<PluginView, AppError> {
        let plugins = self.plugins().await?;
        let answers = |plugin: &PluginView| {
            let types = plugin.task_types.iter();
            plugin.name == name
                || types
                    .flat_map(|t| t.aliases.iter().chain([&t.name]))
                    .any(|known| known == name)
        };
        if let Some(plugin) = plugins.iter().find(|plugin| answers(plugin)) {
            return Ok(plugin.clone());
        }
        let near = closest(name, plugins.iter().map(|plugin| plugin.name.as_str()));
        let hint = near.map_or_else(
            || "`begat plugin list` shows all".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Err(AppError::refused(format!("unknown plugin `{name}`")).with_hint(hint))
    }

    pub(super) fn catalog(&self) -> Result<Catalog, AppError> {
        Ok(Catalog::open_existing(&self.settings.catalog)?)
    }
}

fn find_execution(catalog: &Catalog, text: &str) -> Result<ExecutionId, AppError> {
    Ok(catalog.find_execution(text)?)
}

fn unknown_execution(text: &str) -> AppError {
    AppError::refused(format!("unknown execution `{text}`")).with_hint("`begat execution list` shows them")
}
