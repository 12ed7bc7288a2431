//! An input as the faces show it.

use super::options::{InputOption, Options};
use super::read::{Condition, Input, Preset};
use crate::model::{InputOptionView, InputView, Json};

impl From<&InputOption> for InputOptionView {
    fn from(option: &InputOption) -> Self {
        Self {
            value: option.value.clone(),
            label: option.label.clone(),
        }
    }
}

impl From<&Input> for InputView {
    fn from(input: &Input) -> Self {
        let shown = |preset: &Preset| match input.kind.is_secret() {
            true => Json::from("******"),
            false => preset.property.source(),
        };
        let (values, expression) = match input.kind.selection().map(|selection| &selection.options) {
            Some(Options::Values(values)) => (Some(values.iter().map(InputOptionView::from).collect()), None),
            Some(Options::Expression(text)) => (None, Some(text.template.source().to_owned())),
            None => (None, None),
        };
        Self {
            id: input.id.clone(),
            input_type: input.input_type.name(),
            required: input.required,
            takes: input.kind.in_words(),
            display_name: input.display_name.clone(),
            description: input.description.clone(),
            defaults: input.defaults.as_ref().map(shown),
            prefill: input.prefill.as_ref().map(shown),
            values,
            expression,
            depends_on: input.depends_on.clone(),
            condition: input.condition.as_ref().map(|condition| match condition {
                Condition::Literal(literal) => literal.to_string(),
                Condition::Expression(text) => text.template.source().to_owned(),
            }),
        }
    }
}
