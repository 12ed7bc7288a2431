//! What a plan would do, told before it runs. Nothing is run and nothing is written.

use std::sync::Arc;

use super::Plan;
use super::shape::{PlannedTask, Work};
use crate::expr::Scope;
use crate::flow::{AssetList, AssetTemplate, Property, Task, Text};
use crate::model::{
    Asset, AssetEffect, AssetId, CatalogReader, Declaration, FieldChange, Json, PlannedAssetView, PlannedTaskView,
    PlannedValue, PlannedWork, RecordError,
};

/// What else an answer about an asset needs: what was made from it.
pub type Dependents<'a> = &'a dyn Fn(&AssetId) -> Result<Vec<AssetId>, RecordError>;

/// Tells of each task in the order they are written, those of a block after the task that holds it.
pub fn preview(
    plan: &Plan,
    catalog: &dyn CatalogReader,
    dependents: Dependents<'_>,
) -> Result<Vec<PlannedTaskView>, RecordError> {
    let mut preview = Preview {
        plan,
        scope: plan.scope(catalog),
        catalog,
        dependents,
        next: 0,
        tasks: Vec::with_capacity(plan.tasks.len()),
    };
    for (name, list) in plan.flow.lists() {
        preview.list((name != "tasks").then_some(name), list, 0)?;
    }
    Ok(preview.tasks)
}

/// What a property of a task holds, where that is known before the run.
pub fn known_property(plan: &Plan, catalog: &dyn CatalogReader, planned: &PlannedTask, name: &str) -> Option<Json> {
    let nothing = |_: &AssetId| Ok(Vec::new());
    let preview = Preview {
        plan,
        scope: plan.scope(catalog),
        catalog,
        dependents: &nothing,
        next: 0,
        tasks: Vec::new(),
    };
    match preview.value(planned.task.properties.get(name)?) {
        PlannedValue::Known(value) => Some(value),
        PlannedValue::Unknown { .. } => None,
    }
}

struct Preview<'a> {
    plan: &'a Plan,
    scope: Scope<'a>,
    catalog: &'a dyn CatalogReader,
    dependents: Dependents<'a>,
    /// The place of the next task: the plan lays them out in the order they are walked here.
    next: usize,
    tasks: Vec<PlannedTaskView>,
}

impl Preview<'_> {
    fn list(&mut self, name: Option<&str>, tasks: &[Arc<Task>], depth: usize) -> Result<(), RecordError> {
        for task in tasks.iter().filter(|task| !task.settings.disabled) {
            let planned = &self.plan.tasks[self.next];
            self.next += 1;
            let view = self.task(planned, name, depth)?;
            self.tasks.push(view);
            for (name, list) in task.block.iter().flat_map(crate::flow::TaskBlock::lists) {
                self.list((name != "tasks").then_some(name.as_str()), list, depth + 1)?;
            }
        }
        Ok(())
    }

    fn task(&self, planned: &PlannedTask, list: Option<&str>, depth: usize) -> Result<PlannedTaskView, RecordError> {
        let task = &planned.task;
        let mut assets = Vec::new();
        if let Some(block) = &task.assets {
            self.assets(&block.inputs, true, &mut assets)?;
            self.assets(&block.outputs, false, &mut assets)?;
        }
        let properties = task.properties.iter();
        Ok(PlannedTaskView {
            id: task.id.to_string(),
            task_type: task.task_type.clone(),
            work: match &planned.work {
                Work::Plugin(name) => PlannedWork::Plugin(name.clone()),
                Work::Core(_) => PlannedWork::Begat,
                Work::Stub => PlannedWork::Stub,
            },
            depth,
            list: list.map(str::to_owned),
            run_if: task.settings.run_if.as_ref().map(|property| self.value(property)),
            properties: properties
                .map(|(name, property)| (name.clone(), self.value(property)))
                .collect(),
            capabilities: Vec::new(),
            assets,
        })
    }

    fn value(&self, property: &Property) -> PlannedValue {
        let unknown = |known: String| PlannedValue::Unknown {
            template: property.source(),
            known,
        };
        if let Some(known) = property.texts().into_iter().find_map(|text| self.known(text)) {
            return unknown(known);
        }
        match property.evaluate(&self.scope) {
            Ok(value) => PlannedValue::Known(value),
            Err(error) => unknown(format!("not at all: {}", error.error.message)),
        }
    }

    /// When the value of a template is known; nothing where it is now.
    fn known(&self, text: &Text) -> Option<String> {
        let known = |path: &[String]| match (path.first().map(String::as_str), path.get(1)) {
            (Some("outputs" | "tasks"), Some(task)) => Some(format!("after {task}")),
            (Some("outputs" | "tasks"), None) => Some("when it runs".to_owned()),
            (
                Some("execution" | "task" | "taskrun" | "item" | "parent" | "parents" | "error" | "trigger" | "envs"),
                _,
            ) => Some("when it runs".to_owned()),
            // Variables that hold expressions may read anything.
            (Some("vars"), _) if text.template.source().contains("render") => Some("when it runs".to_owned()),
            _ => None,
        };
        text.template
            .references()
            .iter()
            .find_map(|reference| known(&reference.path))
    }

    fn assets(&self, list: &AssetList, is_input: bool, views: &mut Vec<PlannedAssetView>) -> Result<(), RecordError> {
        match list {
            AssetList::Expression(text) => views.push(PlannedAssetView {
                id: self.value(&Property::Text(text.clone())),
                asset_type: None,
                effect: AssetEffect::Unknown,
                fields: Vec::new(),
                changes: Vec::new(),
                dependents: Vec::new(),
            }),
            AssetList::Listed(templates) => {
                for template in templates {
                    views.push(self.asset(template, is_input)?);
                }
            }
        }
        Ok(())
    }

    fn asset(&self, template: &AssetTemplate, is_input: bool) -> Result<PlannedAssetView, RecordError> {
        let field = |name: &str| match &template.fields {
            Property::Map(fields) => fields.get(name).map(|field| self.value(field)),
            _ => None,
        };
        let id = field("id").unwrap_or(PlannedValue::Known(Json::Null));
        let asset_type = field("type");
        let fields = if is_input { Vec::new() } else { self.fields(template) };
        let parsed = match &id {
            PlannedValue::Known(Json::String(text)) => AssetId::parse(text).ok(),
            PlannedValue::Known(_) | PlannedValue::Unknown { .. } => None,
        };
        let Some(parsed) = parsed else {
            return Ok(PlannedAssetView {
                id,
                asset_type,
                effect: if is_input {
                    AssetEffect::Unknown
                } else {
                    AssetEffect::Create
                },
                fields,
                changes: Vec::new(),
                dependents: Vec::new(),
            });
        };
        let known = self.catalog.asset(&parsed)?;
        let effect = match (&known, is_input) {
            (Some(_), true) => AssetEffect::Read,
            (None, true) => AssetEffect::External,
            (Some(_), false) => AssetEffect::Update,
            (None, false) => AssetEffect::Create,
        };
        let changes = match (&known, is_input) {
            (Some(known), false) => self.changes(template, known),
            _ => Vec::new(),
        };
        let dependents = match known {
            Some(_) => (self.dependents)(&parsed)?,
            None => Vec::new(),
        };
        Ok(PlannedAssetView {
            id,
            asset_type,
            effect,
            fields,
            changes,
            dependents,
        })
    }

    /// What is declared of an asset, but for its id and its type.
    fn fields(&self, template: &AssetTemplate) -> Vec<(String, PlannedValue)> {
        let Property::Map(fields) = &template.fields else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, field) in fields {
            match (name.as_str(), field) {
                ("id" | "type", _) => {}
                ("metadata", Property::Map(facts)) => {
                    let facts = facts.iter();
                    found.extend(facts.map(|(key, fact)| (format!("metadata.{key}"), self.value(fact))));
                }
                ("namespace" | "displayName" | "description", _) => found.push((name.clone(), self.value(field))),
                // Unknown keys fold into the metadata.
                _ => found.push((format!("metadata.{name}"), self.value(field))),
            }
        }
        found
    }

    /// What an update would change; nothing of it where that is not known before the run.
    fn changes(&self, template: &AssetTemplate, known: &Asset) -> Vec<FieldChange> {
        if template
            .fields
            .texts()
            .into_iter()
            .any(|text| self.known(text).is_some())
        {
            return Vec::new();
        }
        let declared: Option<Declaration> = template.render(&self.scope).ok();
        let Some(declared) = declared else { return Vec::new() };
        let after = known.updated(&declared, known.updated);
        FieldChange::between(Some(known), Some(&after))
    }
}
