//! Who is granted what: the policy of a run, what a flow asks for, and what is missing before anything runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::run::Prepared;
use super::subflows::{Inner, inner_flows, literal};
use super::{App, AppError, Report};
use crate::config::{self, RunGrant};
use crate::flow::Task;
use crate::model::{
    AskView, CachedView, Capability, Destination, Diagnostic, GrantKind, GrantView, Grants, Json, LimitView, Span,
    closest,
};
use crate::plan::{self, PlannedTask, Stubs, Work};
use crate::sandbox::{Authorities, Keyring, LimitScope, Limits, PluginPolicy, Policy, Registry, advice};
use crate::store::Catalog;

impl App {
    /// Who is granted what in this run.
    pub(super) fn policy(&self) -> Result<Policy, AppError> {
        let config = self.config()?;
        let mut policy = Policy {
            limits: config.limits,
            flow: config.flow,
            tools: Arc::new(config.tools),
            secrets: Arc::new(Keyring::new(config.secrets)),
            run_limits: self.run_limits(),
            authorities: Arc::new(Authorities::of(config.authorities)),
            ..Policy::default()
        };
        for (name, said) in config.plugins {
            let own = PluginPolicy {
                grants: said.grants,
                limits: said.limits,
                digest: said.digest,
            };
            policy.plugins.insert(name, own);
        }
        for RunGrant { principal, grant } in &self.settings.allow {
            let grant = grant.clone().within(&folder());
            match principal.as_deref() {
                None => policy.everyone = policy.everyone.iter().cloned().chain([grant]).collect(),
                Some(config::FLOW) => policy.flow = policy.flow.iter().cloned().chain([grant]).collect(),
                Some(name) => {
                    let own = policy.plugins.entry(name.to_owned()).or_default();
                    own.grants = own.grants.iter().cloned().chain([grant]).collect();
                }
            }
        }
        Ok(policy)
    }

    fn run_limits(&self) -> BTreeMap<String, String> {
        let mut limits = BTreeMap::new();
        if let Some(time) = self.settings.task_timeout {
            limits.insert("time".to_owned(), time.as_secs_f64().to_string());
        }
        if let Some(memory) = self.settings.task_memory {
            limits.insert("memory".to_owned(), memory.to_string());
        }
        limits
    }

    /// Refuses a grant of this run to a plugin that is not there: it would be missed only when it is needed.
    pub(super) fn check_principals(&self, registry: &Registry) -> Result<(), AppError> {
        if self.settings.allow.iter().all(|given| given.principal.is_none()) {
            return Ok(());
        }
        let plugins = registry.plugins();
        let known = || plugins.iter().map(|plugin| plugin.name.as_str()).chain([config::FLOW]);
        let named = self
            .settings
            .allow
            .iter()
            .filter_map(|given| given.principal.as_deref());
        for name in named {
            if known().any(|known| known == name) {
                continue;
            }
            let error = AppError::refused(format!("there is no plugin `{name}` to grant anything to"));
            return Err(match closest(name, known()) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error.with_hint("`begat plugin list` shows all"),
            });
        }
        Ok(())
    }

    /// All that is granted and all that is asked for, by plugin.
    pub async fn grants(&self) -> Result<Vec<GrantView>, AppError> {
        let registry = self.registry().await?;
        let config = self.config()?;
        let by = config.file.as_ref().map(|file| file.display().to_string());
        let policy = registry.policy();
        let mut views = Vec::new();
        for plugin in registry.plugins() {
            let reference = crate::model::PluginReference {
                name: plugin.name.clone(),
                version: plugin.version.clone(),
                digest: plugin.digest.clone(),
            };
            let grants = policy.grants_of(&reference);
            let asked = plugin.capabilities.iter().map(|wanted| {
                let granted = grants.answer(wanted);
                GrantView {
                    principal: plugin.name.clone(),
                    kind: wanted.kind.clone(),
                    target: wanted.target.clone(),
                    granted,
                    by: by.clone().filter(|_| granted),
                    reason: Some(wanted.reason.clone()),
                    required: wanted.required,
                }
            });
            views.extend(asked);
            let is_asked = |grant: &&crate::model::Grant| {
                let mut wanted = plugin.capabilities.iter();
                wanted.any(|wanted| wanted.kind == grant.kind.name() && wanted.target == grant.target)
            };
            let given = grants.iter().filter(|grant| !is_asked(grant));
            views.extend(given.map(|grant| given_view(&plugin.name, grant, by.clone())));
        }
        let others = config
            .plugins
            .iter()
            .filter(|(name, _)| registry.plugins().iter().all(|plugin| plugin.name != **name));
        for (name, said) in others {
            views.extend(said.grants.iter().map(|grant| given_view(name, grant, by.clone())));
        }
        views.extend(
            policy
                .grants_of_flow()
                .iter()
                .map(|grant| given_view(config::FLOW, grant, by.clone())),
        );
        Ok(views)
    }

    /// What is kept of compiled plugins, the last used first.
    pub async fn cached(&self) -> Result<Vec<CachedView>, AppError> {
        Ok(self.registry().await?.cached()?)
    }

    /// Removes all compiled plugins; gives how many there were and their bytes.
    pub async fn clear_cache(&self) -> Result<(usize, u64), AppError> {
        Ok(self.registry().await?.clear_cache()?)
    }

    /// The limits of every plugin, or of one.
    pub async fn limits(&self, plugin: Option<&str>) -> Result<Vec<LimitView>, AppError> {
        let policy = self.policy()?;
        let wrong = |reason: String| AppError::refused(reason).with_hint("correct it in begat.toml");
        let set = match plugin {
            Some(name) => policy.limits_of(&self.plugin(name).await?.name),
            None => policy.common_limits(),
        };
        let values = set.map_err(wrong)?.values();
        let view = |(info, value): (crate::sandbox::LimitInfo, String)| LimitView {
            name: info.name.to_owned(),
            value,
            default: info.default,
            per_plugin: info.scope == LimitScope::Plugin,
            bounds: info.bounds.to_owned(),
            reason: info.reason.to_owned(),
        };
        Ok(Limits::table().into_iter().zip(values).map(view).collect())
    }
}

fn given_view(principal: &str, grant: &crate::model::Grant, by: Option<String>) -> GrantView {
    GrantView {
        principal: principal.to_owned(),
        kind: grant.kind.name().to_owned(),
        target: grant.target.clone(),
        granted: true,
        by,
        reason: None,
        required: false,
    }
}

/// Relative paths of the command line are those of the folder that begat was started in.
fn folder() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// What a task asks for, with what its properties say, as far as that is known before the run.
pub(super) fn asks(prepared: &Prepared, catalog: &Catalog, planned: &PlannedTask) -> Vec<AskView> {
    let Work::Plugin(name) = &planned.work else {
        return Vec::new();
    };
    let Some(plugin) = prepared.registry.find(name) else {
        return Vec::new();
    };
    let grants = prepared.registry.policy().grants_of(&plugin.reference);
    let known = |property: &str| plan::known_property(&prepared.plan, catalog, planned, property);
    let wanted = plugin.description.capabilities.iter();
    wanted.map(|wanted| ask(wanted, &grants, known)).collect()
}

/// What a capability comes to with what is known of a task's properties.
fn ask(wanted: &Capability, grants: &Grants, property: impl Fn(&str) -> Option<Json>) -> AskView {
    let resolved = resolved(wanted, property);
    AskView {
        granted: grants.answer(&resolved),
        kind: resolved.kind,
        target: resolved.target,
        reason: resolved.reason,
        required: resolved.required,
    }
}

/// A capability whose target is named by a property, with what the property holds; with no target where that is not
/// known.
fn resolved(wanted: &Capability, property: impl Fn(&str) -> Option<Json>) -> Capability {
    let Some(name) = wanted.target.strip_prefix('$') else {
        return wanted.clone();
    };
    let value = property(name).and_then(|value| value.as_str().map(str::to_owned));
    let target = match (value, wanted.kind == GrantKind::Net.name()) {
        (Some(url), true) => Destination::of_url(&url).map(|destination| destination.to_string()),
        (value, _) => value,
    };
    Capability {
        target: target.unwrap_or_default(),
        ..wanted.clone()
    }
}

/// What tasks of the flows that this one starts need and have not been granted, as far as it is known before the run.
fn missing_within(prepared: &Prepared, folder: &Path, stubs: &Stubs) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for Inner { flow, started_by } in inner_flows(&prepared.plan.flow, folder, &prepared.task_types) {
        let is_stubbed =
            |task: &&Task| stubs.task_types.contains(&task.task_type) || stubs.tasks.contains_key(&task.id);
        for task in flow.all_tasks().into_iter().filter(|task| !is_stubbed(task)) {
            let Some(plugin) = prepared.registry.find(&task.task_type) else {
                continue;
            };
            let grants = prepared.registry.policy().grants_of(&plugin.reference);
            let known = |property: &str| Some(literal(task, property)?.0.into());
            let wanted = plugin.description.capabilities.iter();
            let who = format!(
                "the task `{}` of the flow `{}`, which the task `{}` starts,",
                task.id, flow.id, started_by.id
            );
            let missing = wanted
                .map(|wanted| ask(wanted, &grants, known))
                .filter_map(|ask| not_granted(&ask, &plugin.reference.name, &who, started_by.span));
            findings.extend(missing);
        }
    }
    findings
}

/// What is wrong where a task cannot do without what it asks for and does not have it.
fn not_granted(ask: &AskView, plugin: &str, who: &str, span: Span) -> Option<Diagnostic> {
    if !ask.required || ask.granted {
        return None;
    }
    let target = if ask.target.is_empty() { "TARGET" } else { &ask.target };
    let grant = format!("{}={target}", ask.kind);
    let message = format!("{who} needs `{grant}`, which is not granted: {}", ask.reason);
    let finding = Diagnostic::error("not-granted", message, span);
    Some(finding.with_hint(advice(plugin, &[grant])))
}

/// Refuses a flow whose tasks, or those of the flows that it starts from this folder, need what is not granted.
pub(super) fn check_grants(
    prepared: &Prepared,
    catalog: &Catalog,
    folder: &Path,
    stubs: &Stubs,
) -> Result<(), AppError> {
    let mut findings = missing_within(prepared, folder, stubs);
    for planned in &prepared.plan.tasks {
        let Work::Plugin(name) = &planned.work else { continue };
        let plugin = prepared.registry.find(name);
        let plugin = plugin.map_or(name.as_str(), |plugin| &plugin.reference.name);
        let who = format!("the task `{}`", planned.task.id);
        let asked = asks(prepared, catalog, planned).into_iter();
        findings.extend(asked.filter_map(|ask| not_granted(&ask, plugin, &who, planned.task.span)));
    }
    match findings.is_empty() {
        true => Ok(()),
        false => Err(AppError::about(
            "the flow was not run",
            Report {
                source: prepared.source.clone(),
                diagnostics: findings,
            },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_a_property_names_is_what_the_property_holds() {
        let check = |kind: &str, value: Option<&str>, expected: &str| {
            let wanted = Capability {
                kind: kind.to_owned(),
                target: "$uri".to_owned(),
                reason: String::new(),
                required: true,
            };
            let found = resolved(&wanted, |name| {
                assert_eq!(name, "uri");
                value.map(Json::from)
            });
            assert_eq!(found.target, expected);
        };
        check("net", Some("https://api.example.com/x"), "api.example.com");
        check("net", Some("http://localhost:8080/x"), "http://localhost:8080");
        check("net", Some("no url"), "");
        check("net", None, "");
        check("secret", Some("TOKEN"), "TOKEN");
    }
}
