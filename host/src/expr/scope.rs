//! What a template is rendered with: variables, the catalog, the flow it belongs to, and the time it is.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::surroundings::{Nothing, Surroundings};
use super::value::Value;
use crate::model::{CatalogReader, Namespace, Timestamp};

/// The world as a template sees it. Nothing of the machine shows but what the surroundings give; the only clock is `now`.
#[derive(Clone)]
pub struct Scope<'a> {
    variables: Vec<(Arc<str>, Value)>,
    catalog: Option<&'a dyn CatalogReader>,
    namespace: Option<&'a Namespace>,
    surroundings: &'a dyn Surroundings,
    now: Timestamp,
    time_zone: TimeZone,
    is_lenient: bool,
}

impl<'a> Scope<'a> {
    /// A scope without variables, at that moment, in UTC.
    pub fn new(now: Timestamp) -> Self {
        Self {
            variables: Vec::new(),
            catalog: None,
            namespace: None,
            surroundings: &Nothing,
            now,
            time_zone: TimeZone::UTC,
            is_lenient: false,
        }
    }

    /// The same scope with one more variable; it hides an earlier one of that name.
    pub fn with(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// The same scope with the assets that `assets()` sees.
    pub fn with_catalog(self, catalog: &'a dyn CatalogReader) -> Self {
        Self {
            catalog: Some(catalog),
            ..self
        }
    }

    /// The same scope with the namespace that `assets()` looks in unless it is told another.
    pub fn with_namespace(self, namespace: &'a Namespace) -> Self {
        Self {
            namespace: Some(namespace),
            ..self
        }
    }

    /// The same scope with what `env()`, `secret()`, `kv()`, `read()` and `errorLogs()` ask.
    pub fn with_surroundings(self, surroundings: &'a dyn Surroundings) -> Self {
        Self { surroundings, ..self }
    }

    /// The same scope with the time zone in which dates are written unless they are told another.
    pub fn with_time_zone(self, time_zone: TimeZone) -> Self {
        Self { time_zone, ..self }
    }

    /// The same scope, for a condition about things that need not be alike: what is missing is null where it is compared
    /// or asked about, null is not true, and what cannot be compared does not compare.
    pub fn lenient(self) -> Self {
        Self {
            is_lenient: true,
            ..self
        }
    }

    /// Adds a variable; it hides an earlier one of that name.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.variables.push((name.into(), value.into()));
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<&Value> {
        self.variables
            .iter()
            .rev()
            .find(|(known, _)| &**known == name)
            .map(|(_, value)| value)
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|(name, _)| &**name)
    }

    pub(super) fn catalog(&self) -> Option<&'a dyn CatalogReader> {
        self.catalog
    }

    pub(super) fn namespace(&self) -> Option<&'a Namespace> {
        self.namespace
    }

    pub(super) fn surroundings(&self) -> &'a dyn Surroundings {
        self.surroundings
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn is_lenient(&self) -> bool {
        self.is_lenient
    }

    pub(super) fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }
}
