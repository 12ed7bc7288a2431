//! Who is granted what: the operator's settings and the grants of one run, by principal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::http::Authorities;
use super::keyring::Keyring;
use super::limits::{LimitScope, Limits};
use crate::model::{Grant, GrantKind, Grants, Masker, PluginReference, Tool, UsedGrant};

/// Hears of each use of a grant, when it happens.
pub type UseSink = Arc<dyn Fn(UsedGrant) + Send + Sync>;

/// What is said of one plugin.
#[derive(Debug, Clone, Default)]
pub struct PluginPolicy {
    pub grants: Grants,
    /// Limits by name, as they were written.
    pub limits: BTreeMap<String, String>,
    /// The sha256 of the only component that this is for.
    pub digest: Option<String>,
}

/// What is granted and to whom. The default grants nothing.
#[derive(Clone, Default)]
pub struct Policy {
    /// Limits of every plugin by name.
    pub limits: BTreeMap<String, String>,
    pub plugins: BTreeMap<String, PluginPolicy>,
    /// Granted to the expressions of flows.
    pub flow: Grants,
    /// Granted to every plugin and to expressions, for this run.
    pub everyone: Grants,
    pub tools: Arc<BTreeMap<String, Tool>>,
    pub secrets: Arc<Keyring>,
    /// Whom HTTPS trusts.
    pub authorities: Arc<Authorities>,
    /// Limits given for this run; they win over all others.
    pub run_limits: BTreeMap<String, String>,
}

impl Policy {
    /// What a plugin is granted. What is meant for one component is not given to another of the same name.
    pub fn grants_of(&self, plugin: &PluginReference) -> Grants {
        let own = self.plugins.get(&plugin.name).filter(|own| is_for(own, plugin));
        let own = own.into_iter().flat_map(|own| own.grants.iter());
        own.chain(self.everyone.iter()).cloned().collect()
    }

    /// What expressions are granted.
    pub fn grants_of_flow(&self) -> Grants {
        self.flow.iter().chain(self.everyone.iter()).cloned().collect()
    }

    /// The limits of a plugin.
    ///
    /// # Errors
    /// Says which setting makes no sense.
    pub fn limits_of(&self, plugin: &str) -> Result<Limits, String> {
        let mut limits = self.common_limits()?;
        if let Some(own) = self.plugins.get(plugin) {
            for (name, text) in &own.limits {
                let set = limits.set(name, text, LimitScope::Plugin);
                set.map_err(|reason| format!("`plugins.{plugin}.limits`: {reason}"))?;
            }
        }
        for (name, text) in &self.run_limits {
            limits.set(name, text, LimitScope::All)?;
        }
        Ok(limits)
    }

    /// The limits of plugins that nothing else is said of.
    ///
    /// # Errors
    /// Says which setting makes no sense.
    pub fn common_limits(&self) -> Result<Limits, String> {
        let mut limits = Limits::default();
        for (name, text) in &self.limits {
            let set = limits.set(name, text, LimitScope::All);
            set.map_err(|reason| format!("`limits`: {reason}"))?;
        }
        Ok(limits)
    }

    /// Finds settings that make no sense before anything uses them.
    ///
    /// # Errors
    /// Says which.
    pub fn check(&self) -> Result<(), String> {
        self.common_limits()?;
        self.authorities.check()?;
        self.plugins
            .keys()
            .try_for_each(|name| self.limits_of(name).map(|_| ()))
    }

    /// The masker of all secrets that were revealed.
    pub fn masker(&self) -> &Masker {
        self.secrets.masker()
    }
}

fn is_for(own: &PluginPolicy, plugin: &PluginReference) -> bool {
    own.digest.as_ref().is_none_or(|digest| *digest == plugin.digest)
}

/// What one task run may do beyond its sandbox.
#[derive(Clone)]
pub(super) struct Permit {
    pub plugin: String,
    pub grants: Arc<Grants>,
    pub tools: Arc<BTreeMap<String, Tool>>,
    pub secrets: Arc<Keyring>,
    pub authorities: Arc<Authorities>,
    pub on_use: UseSink,
    /// What was asked for and is not granted, as grants.
    refused: Arc<Mutex<Vec<String>>>,
    /// What was asked for and no grant opens, in words.
    forbidden: Arc<Mutex<Option<String>>>,
}

impl Permit {
    pub(super) fn new(policy: &Policy, plugin: &PluginReference, on_use: UseSink) -> Self {
        Self {
            plugin: plugin.name.clone(),
            grants: Arc::new(policy.grants_of(plugin)),
            tools: policy.tools.clone(),
            secrets: policy.secrets.clone(),
            authorities: policy.authorities.clone(),
            on_use,
            refused: Arc::default(),
            forbidden: Arc::default(),
        }
    }

    /// Grants nothing at all, as for `describe`.
    pub(super) fn nothing() -> Self {
        Self {
            plugin: String::new(),
            grants: Arc::default(),
            tools: Arc::default(),
            secrets: Arc::default(),
            authorities: Arc::default(),
            on_use: Arc::new(|_| ()),
            refused: Arc::default(),
            forbidden: Arc::default(),
        }
    }

    /// Looks for the grant of a name, and notes what is missing.
    pub(super) fn named(&self, kind: GrantKind, name: &str) -> Option<&Grant> {
        let found = self.grants.named(kind, name);
        if found.is_none() {
            self.refuse(format!("{kind}={name}"));
        }
        found
    }

    /// Notes a grant that is missing.
    pub(super) fn refuse(&self, grant: String) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        // A guest may ask for ever; a person reads a few.
        if refused.len() < 10 && !refused.contains(&grant) {
            refused.push(grant);
        }
    }

    /// Notes that something was asked for that no grant opens; the first is told.
    pub(super) fn forbid(&self, words: &str) {
        let mut forbidden = self.forbidden.lock().unwrap_or_else(PoisonError::into_inner);
        forbidden.get_or_insert_with(|| words.to_owned());
    }

    /// What was asked for and no grant opens; nothing where nothing was.
    pub(super) fn never(&self) -> Option<String> {
        self.forbidden.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells of a grant that is used.
    pub(super) fn used(&self, kind: GrantKind, target: impl Into<String>) {
        (self.on_use)(UsedGrant {
            kind,
            target: target.into(),
        });
    }

    /// What to add where, for all that was refused; nothing where nothing was.
    pub(super) fn advice(&self) -> Option<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        (!refused.is_empty()).then(|| advice(&self.plugin, &refused))
    }
}

/// What to add where, so that a principal has grants that it lacks.
pub fn advice(principal: &str, missing: &[String]) -> String {
    let quoted: Vec<String> = missing.iter().map(|grant| format!("{grant:?}")).collect();
    let options: Vec<String> = missing
        .iter()
        .map(|grant| format!("--allow {principal}:{grant}"))
        .collect();
    let table = match principal {
        "flow" => "flow".to_owned(),
        name => format!("plugins.{name}"),
    };
    format!(
        "add `allow = [{}]` to `[{table}]` in begat.toml, or run with `{}`",
        quoted.join(", "),
        options.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(name: &str, digest: &str) -> PluginReference {
        PluginReference {
            name: name.to_owned(),
            version: String::new(),
            digest: digest.to_owned(),
        }
    }

    fn policy(digest: Option<&str>) -> Policy {
        let own = PluginPolicy {
            grants: ["net=a.org".parse().unwrap()].into_iter().collect(),
            digest: digest.map(str::to_owned),
            ..PluginPolicy::default()
        };
        Policy {
            plugins: [("http".to_owned(), own)].into(),
            ..Policy::default()
        }
    }

    #[test]
    fn a_plugin_has_its_own_grants_and_nobody_elses() {
        let count = |policy: &Policy, name: &str| policy.grants_of(&reference(name, "d1")).iter().count();
        assert_eq!(count(&policy(None), "http"), 1);
        assert_eq!(count(&policy(None), "other"), 0);
        assert_eq!(count(&policy(Some("d1")), "http"), 1);
        assert_eq!(count(&policy(Some("d2")), "http"), 0);
        assert_eq!(policy(None).grants_of_flow().iter().count(), 0);
    }

    #[test]
    fn limits_of_a_run_win_over_those_of_the_plugin_and_those_over_the_common_ones() {
        let mut policy = policy(None);
        let time = |policy: &Policy, name: &str| policy.limits_of(name).unwrap().time.as_secs();
        assert_eq!(time(&policy, "http"), 300);
        policy.limits.insert("time".to_owned(), "20".to_owned());
        assert_eq!(time(&policy, "http"), 20);
        let own = policy.plugins.get_mut("http").unwrap();
        own.limits.insert("time".to_owned(), "10".to_owned());
        assert_eq!((time(&policy, "http"), time(&policy, "other")), (10, 20));
        policy.run_limits.insert("time".to_owned(), "5".to_owned());
        assert_eq!(time(&policy, "http"), 5);
        policy.limits.insert("tmie".to_owned(), "5".to_owned());
        assert_eq!(
            policy.check(),
            Err("`limits`: `tmie` is no limit; did you mean `time`?".to_owned())
        );
    }

    #[test]
    fn what_is_missing_is_said_as_the_line_to_add() {
        assert_eq!(
            advice("http", &["net=a.org".to_owned()]),
            "add `allow = [\"net=a.org\"]` to `[plugins.http]` in begat.toml, or run with `--allow http:net=a.org`"
        );
    }
}
