//! Inputs of a flow as the faces show them and ask for them.

use serde::Serialize;

use super::{InputId, Json};

/// An input as a flow declares it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputView {
    pub id: InputId,
    #[serde(rename = "type")]
    pub input_type: &'static str,
    pub required: bool,
    /// The values it takes, in words.
    pub takes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The value where none is given, its expressions as they are written; of a secret it shows nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefill: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<InputOptionView>>,
    /// The expression that gives the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<InputId>,
    /// The expression without which the input is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// One value to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputOptionView {
    pub value: String,
    /// How people know the value.
    pub label: String,
}

/// A required input that has no value yet, to ask someone for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputQuestion {
    pub id: InputId,
    #[serde(rename = "type")]
    pub input_type: &'static str,
    /// The values it takes, in words.
    pub takes: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// What the answer may start with; nothing where that is secret.
    pub prefill: Option<Json>,
    /// The values to choose from, where it is a choice.
    pub options: Option<Vec<InputOptionView>>,
    /// Whether values that are no option are taken too.
    pub allow_custom_value: bool,
    /// Whether several values can be given, as a JSON list.
    pub is_list: bool,
    /// Whether the answer must not be seen.
    pub is_secret: bool,
}
