//! The least and the most that a value may be.

use std::fmt::Display;

/// A range whose ends belong to it; an end that is not given is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Range<T> {
    pub least: Option<T>,
    pub most: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Self {
            least: None,
            most: None,
        }
    }
}

impl<T: PartialOrd + Display> Range<T> {
    /// Whether the value lies within.
    pub fn holds(&self, value: &T) -> bool {
        self.least.as_ref().is_none_or(|least| value >= least) && self.most.as_ref().is_none_or(|most| value <= most)
    }

    /// Whether no value lies within.
    pub fn is_empty(&self) -> bool {
        matches!((&self.least, &self.most), (Some(least), Some(most)) if least > most)
    }

    /// The range as it follows the name of a kind of value: ` from 1 to 5`.
    pub fn in_words(&self) -> String {
        match (&self.least, &self.most) {
            (Some(least), Some(most)) => format!(" from {least} to {most}"),
            (Some(least), None) => format!(" from {least} on"),
            (None, Some(most)) => format!(" up to {most}"),
            (None, None) => String::new(),
        }
    }
}
