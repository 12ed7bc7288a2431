//! The values a choice is made from.

use super::take::shown;
use crate::flow::place::Text;
use crate::model::{Json, closest};

/// A choice of one or several values.
#[derive(Debug, Clone)]
pub struct Selection {
    pub options: Options,
    /// Whether the first option is taken when no value is given.
    pub auto_select_first: bool,
    /// Whether values that are no option are taken too.
    pub allow_custom_value: bool,
}

impl Selection {
    /// The expression that gives the options, where one does.
    pub fn expression(&self) -> Option<&Text> {
        match &self.options {
            Options::Values(_) => None,
            Options::Expression(text) => Some(text),
        }
    }
}

/// The values a choice is made from.
#[derive(Debug, Clone)]
pub enum Options {
    Values(Vec<InputOption>),
    /// An expression that renders to a list.
    Expression(Text),
}

/// One value to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputOption {
    pub value: String,
    /// How people know the value.
    pub label: String,
}

impl InputOption {
    /// An option that is called what it is.
    pub fn of(value: impl Into<String>) -> Self {
        let value = value.into();
        Self {
            label: value.clone(),
            value,
        }
    }

    /// The option that an item of a list stands for: a scalar, or a map of `value` and `label`. Null is none.
    pub fn of_item(item: &Json) -> Option<Self> {
        let text = |json: &Json| match json {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        match item.get("value").and_then(text) {
            Some(value) => Some(Self {
                label: item.get("label").and_then(text).unwrap_or_else(|| value.clone()),
                value,
            }),
            None => text(item).map(Self::of),
        }
    }

    /// What to say to someone whose value is none of these.
    pub fn hint(value: &str, options: &[InputOption]) -> String {
        const SHOWN: usize = 12;
        let values = || options.iter().map(|option| option.value.as_str());
        match (closest(value, values()), options) {
            (Some(near), _) => format!("did you mean `{}`?", shown(near)),
            (None, []) => "there is no option at the moment".to_owned(),
            (None, _) if options.len() > SHOWN => {
                let first: Vec<String> = values().take(SHOWN).map(shown).collect();
                format!(
                    "it must be one of {} and {} more",
                    first.join(", "),
                    options.len() - SHOWN
                )
            }
            (None, _) => format!(
                "it must be one of {}",
                values().map(shown).collect::<Vec<_>>().join(", ")
            ),
        }
    }
}
