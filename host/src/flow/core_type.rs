//! The task types that begat brings itself: control tasks, which hold other tasks, and small ones that need no sandbox.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::{Json, TaskType};

/// A task type that needs no plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoreType {
    AllowFailure,
    Assert,
    AssetDelete,
    AssetList,
    AssetPurge,
    AssetSet,
    Dag,
    Echo,
    Exit,
    Fail,
    ForEach,
    If,
    KeyDelete,
    KeyGet,
    KeySet,
    Labels,
    Loop,
    LoopUntil,
    OutputValues,
    Parallel,
    Pause,
    Return,
    Sequential,
    SetVariables,
    Sleep,
    StorageWrite,
    Subflow,
    Switch,
    UnsetVariables,
    WorkingDirectory,
}

/// Short name, Kestra's class below `io.kestra.plugin.core.`, and its class in older versions below
/// `io.kestra.core.tasks.`, where it had one.
const NAMES: [(CoreType, &str, &str, Option<&str>); 30] = [
    (
        CoreType::AllowFailure,
        "allow-failure",
        "flow.AllowFailure",
        Some("flows.AllowFailure"),
    ),
    (CoreType::Assert, "assert", "execution.Assert", None),
    (CoreType::AssetDelete, "asset.delete", "assets.Delete", None),
    (CoreType::AssetList, "asset.list", "assets.List", None),
    (CoreType::AssetPurge, "asset.purge", "assets.PurgeAssets", None),
    (CoreType::AssetSet, "asset.set", "assets.Set", None),
    (CoreType::Dag, "dag", "flow.Dag", Some("flows.Dag")),
    (CoreType::Echo, "echo", "debug.Echo", Some("debugs.Echo")),
    (CoreType::Exit, "exit", "execution.Exit", None),
    (CoreType::Fail, "fail", "execution.Fail", Some("executions.Fail")),
    (CoreType::ForEach, "foreach", "flow.ForEach", None),
    (CoreType::If, "if", "flow.If", Some("flows.If")),
    (CoreType::KeyDelete, "kv.delete", "kv.Delete", None),
    (CoreType::KeyGet, "kv.get", "kv.Get", None),
    (CoreType::KeySet, "kv.set", "kv.Set", None),
    (
        CoreType::Labels,
        "labels",
        "execution.Labels",
        Some("executions.Labels"),
    ),
    (CoreType::Loop, "loop", "flow.Loop", None),
    (
        CoreType::LoopUntil,
        "loop-until",
        "flow.LoopUntil",
        Some("flows.WaitFor"),
    ),
    (CoreType::OutputValues, "output-values", "output.OutputValues", None),
    (CoreType::Parallel, "parallel", "flow.Parallel", Some("flows.Parallel")),
    (CoreType::Pause, "pause", "flow.Pause", Some("flows.Pause")),
    (CoreType::Return, "return", "debug.Return", Some("debugs.Return")),
    (
        CoreType::Sequential,
        "sequential",
        "flow.Sequential",
        Some("flows.Sequential"),
    ),
    (CoreType::SetVariables, "set-variables", "execution.SetVariables", None),
    (CoreType::Sleep, "sleep", "flow.Sleep", None),
    (CoreType::StorageWrite, "storage.write", "storage.Write", None),
    (CoreType::Subflow, "subflow", "flow.Subflow", Some("flows.Subflow")),
    (CoreType::Switch, "switch", "flow.Switch", Some("flows.Switch")),
    (
        CoreType::UnsetVariables,
        "unset-variables",
        "execution.UnsetVariables",
        None,
    ),
    (
        CoreType::WorkingDirectory,
        "working-directory",
        "flow.WorkingDirectory",
        Some("flows.WorkingDirectory"),
    ),
];

/// Names that fit no rule.
const OTHER_NAMES: [(&str, &str); 7] = [
    ("io.kestra.plugin.kestra.ee.assets.Delete", "asset.delete"),
    ("io.kestra.plugin.kestra.ee.assets.List", "asset.list"),
    ("io.kestra.plugin.kestra.ee.assets.PurgeAssets", "asset.purge"),
    ("io.kestra.plugin.kestra.ee.assets.Set", "asset.set"),
    ("wait-for", "loop-until"),
    ("io.kestra.plugin.core.flow.WaitFor", "loop-until"),
    ("io.kestra.core.tasks.flows.Flow", "subflow"),
];

/// Every core type as plugins describe theirs, in the order of [`NAMES`].
static TASK_TYPES: LazyLock<Vec<TaskType>> = LazyLock::new(|| {
    let described: Json = serde_json::from_str(include_str!("core_types.json")).expect("a test reads the file");
    let part = |name: &str, part: &str| described[name][part].clone();
    let schema = |name: &str, what: &str| match part(name, what) {
        Json::Null => serde_json::json!({"type": "object", "properties": {}, "additionalProperties": false}),
        schema => schema,
    };
    let task_type = |(_, name, class, legacy): &(CoreType, &str, &str, Option<&str>)| TaskType {
        name: (*name).to_owned(),
        aliases: aliases(name, class, *legacy),
        summary: part(name, "summary").as_str().unwrap_or_default().to_owned(),
        properties: schema(name, "properties").into(),
        outputs: schema(name, "outputs").into(),
    };
    NAMES.iter().map(task_type).collect()
});

/// Every name of every core type.
static BY_NAME: LazyLock<HashMap<String, CoreType>> = LazyLock::new(|| {
    let names = NAMES.iter().flat_map(|(core_type, name, class, legacy)| {
        let all = aliases(name, class, *legacy).into_iter().chain([(*name).to_owned()]);
        all.map(|name| (name, *core_type))
    });
    names.collect()
});

fn aliases(name: &str, class: &str, legacy: Option<&str>) -> Vec<String> {
    let mut names = vec![format!("io.kestra.plugin.core.{class}"), class.to_owned()];
    let short = class.rsplit('.').next().unwrap_or(class);
    if !["kv.", "storage.", "assets."]
        .iter()
        .any(|family| class.starts_with(family))
    {
        names.push(short.to_owned());
    }
    names.extend(legacy.map(|legacy| format!("io.kestra.core.tasks.{legacy}")));
    names.extend(
        OTHER_NAMES
            .iter()
            .filter(|(_, known)| *known == name)
            .map(|(other, _)| (*other).to_owned()),
    );
    names
}

impl CoreType {
    /// The core type that a flow means by a name.
    pub fn find(name: &str) -> Option<Self> {
        BY_NAME.get(name).copied()
    }

    /// The short name, such as `foreach`.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The type as plugins describe theirs. Keys that hold tasks are not among its properties.
    pub fn task_type(self) -> &'static TaskType {
        let place = NAMES.iter().position(|(known, ..)| *known == self);
        &TASK_TYPES[place.expect("every core type has a name")]
    }

    /// All core types as plugins describe theirs, in the order of the alphabet.
    pub fn task_types() -> &'static [TaskType] {
        &TASK_TYPES
    }

    /// Whether it holds other tasks.
    pub fn is_block(self) -> bool {
        matches!(
            self,
            CoreType::AllowFailure
                | CoreType::Dag
                | CoreType::ForEach
                | CoreType::If
                | CoreType::Loop
                | CoreType::LoopUntil
                | CoreType::Parallel
                | CoreType::Sequential
                | CoreType::Switch
                | CoreType::WorkingDirectory
        )
    }

    fn entry(self) -> &'static (CoreType, &'static str, &'static str, Option<&'static str>) {
        let entry = NAMES.iter().find(|(known, ..)| *known == self);
        entry.expect("every core type has a name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_core_type_is_described_and_found_by_all_its_names() {
        for (core_type, name, ..) in NAMES {
            let task_type = core_type.task_type();
            assert_eq!(task_type.name, name);
            assert!(!task_type.summary.is_empty(), "{name}");
            for alias in task_type.names() {
                assert_eq!(CoreType::find(alias), Some(core_type), "{alias}");
            }
        }
        assert_eq!(
            CoreType::find("io.kestra.plugin.core.flow.WaitFor"),
            Some(CoreType::LoopUntil)
        );
        assert_eq!(CoreType::find("log"), None);
    }
}
