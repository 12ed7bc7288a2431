//! Questions to the catalog and to the plugins.

use super::{App, AppError, slots};
use crate::lineage;
use crate::model::{
    AssetDetailView, AssetFilter, AssetId, AssetView, ExecutionDetailView, ExecutionId, ExecutionView, GraphView,
    LogLevel, LogView, Namespace, PluginView, State, TaskId, VerifyView, closest,
};
use crate::store::{Catalog, Direction, GraphRequest};

/// Which assets to list.
#[derive(Debug, Clone, Default)]
pub struct AssetQuery {
    /// A type, in full or short, in which `*` stands for any text.
    pub asset_type: Option<String>,
    pub namespace: Option<String>,
    pub limit: Option<usize>,
}

/// Which part of the graph to show.
#[derive(Debug, Clone)]
pub struct GraphQuery {
    pub root: String,
    pub up: bool,
    pub down: bool,
    pub depth: Option<usize>,
}

/// Which log lines to show.
#[derive(Debug, Clone)]
pub struct LogQuery {
    pub execution: String,
    pub task: Option<String>,
    pub level: LogLevel,
}

/// The most nodes a graph shows.
const NODE_LIMIT: usize = 10_000;

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

    /// Assets, oldest first.
    pub fn assets(&self, query: &AssetQuery) -> Result<Vec<AssetView>, AppError> {
        let namespace = query.namespace.as_deref().map(Namespace::parse).transpose();
        let filter = AssetFilter {
            asset_type: query.asset_type.clone(),
            namespace: namespace.map_err(|error| AppError::refused(error.to_string()))?,
            limit: query.limit,
            ..AssetFilter::default()
        };
        Ok(self.catalog()?.assets(&filter)?)
    }

    /// One asset with its neighbours and its history.
    pub fn asset(&self, id: &str) -> Result<AssetDetailView, AppError> {
        let catalog = self.catalog()?;
        match AssetId::parse(id) {
            Ok(parsed) => catalog
                .asset_detail(&parsed)?
                .map_or_else(|| Err(unknown_asset(&catalog, id)), Ok),
            Err(error) => Err(AppError::refused(error.to_string())),
        }
    }

    /// The lineage around one asset.
    pub fn graph(&self, query: &GraphQuery) -> Result<GraphView, AppError> {
        let catalog = self.catalog()?;
        let root = AssetId::parse(&query.root).map_err(|error| AppError::refused(error.to_string()))?;
        let direction = match (query.up, query.down) {
            (true, false) => Direction::Up,
            (false, true) => Direction::Down,
            _ => Direction::Both,
        };
        let graph = catalog.graph(&GraphRequest {
            root,
            direction,
            depth: query.depth,
            nodes: NODE_LIMIT,
        })?;
        graph.map_or_else(|| Err(unknown_asset(&catalog, &query.root)), Ok)
    }

    /// A graph as text for Graphviz.
    pub fn dot(&self, graph: &GraphView) -> String {
        lineage::dot(graph)
    }

    /// A graph as text for Mermaid.
    pub fn mermaid(&self, graph: &GraphView) -> String {
        lineage::mermaid(graph)
    }

    /// A graph as lines of a tree.
    pub fn tree(&self, graph: &GraphView) -> Vec<lineage::TreeLine> {
        lineage::tree(graph)
    }

    /// Checks the hash chain from its first event to its last.
    pub fn verify(&self) -> Result<VerifyView, AppError> {
        Ok(self.catalog()?.verify()?)
    }

    /// All plugins.
    pub async fn plugins(&self) -> Result<Vec<PluginView>, AppError> {
        Ok(self.registry().await?.plugins())
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

    fn catalog(&self) -> Result<Catalog, AppError> {
        Ok(Catalog::open_existing(&self.settings.catalog)?)
    }
}

fn find_execution(catalog: &Catalog, text: &str) -> Result<ExecutionId, AppError> {
    Ok(catalog.find_execution(text)?)
}

fn unknown_execution(text: &str) -> AppError {
    AppError::refused(format!("unknown execution `{text}`")).with_hint("`begat execution list` shows them")
}

fn unknown_asset(catalog: &Catalog, id: &str) -> AppError {
    // A failing look-up for the hint must not hide the error it belongs to.
    let similar = catalog.similar_assets(id).unwrap_or_default();
    let hint = match similar.first() {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`begat asset list` shows them".to_owned(),
    };
    AppError::refused(format!("unknown asset `{id}`")).with_hint(hint)
}
