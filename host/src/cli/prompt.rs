//! Questions to the person at the terminal.

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, MultiSelect, Password, Select};

use super::output::{CYAN, DIM, Output, YELLOW};
use super::tables::paint;
use crate::model::{InputOptionView, InputQuestion, Json};

/// Asks for the value of an input; nothing where the person gave up or there is nothing to choose from.
pub(super) fn ask(question: &InputQuestion, wrong: Option<&str>) -> Option<String> {
    explain(question, wrong);
    let name = question.display_name.as_deref().unwrap_or(question.id.as_str());
    let theme = ColorfulTheme::default();
    let answer = match &question.options {
        _ if question.is_secret => Password::with_theme(&theme).with_prompt(name).interact(),
        Some(options) if options.is_empty() => return None,
        Some(options) if !question.allow_custom_value => choose(&theme, name, question.is_list, options),
        Some(_) | None => {
            let prefill = question.prefill.as_ref().map(text_of).unwrap_or_default();
            Input::with_theme(&theme)
                .with_prompt(name)
                .with_initial_text(prefill)
                .interact_text()
        }
    };
    answer.ok()
}

fn explain(question: &InputQuestion, wrong: Option<&str>) {
    let mut text = String::new();
    if let Some(wrong) = wrong {
        text += &format!("{wrong}\n", wrong = paint(YELLOW, wrong));
    }
    if let Some(description) = &question.description {
        text += &format!("{description}\n");
    }
    let kind = format!("{}: {}", question.input_type, question.takes);
    text += &format!("{} {}\n", paint(CYAN, question.id.as_str()), paint(DIM, &kind));
    if let Some(options) = question.options.as_ref().filter(|_| question.allow_custom_value) {
        let values: Vec<&str> = options.iter().map(|option| option.value.as_str()).collect();
        text += &format!("one of {}, or another\n", values.join(", "));
    }
    Output::new(super::arguments::Format::Text).message(&text);
}

fn choose(theme: &ColorfulTheme, name: &str, is_list: bool, options: &[InputOptionView]) -> dialoguer::Result<String> {
    let labels: Vec<&str> = options.iter().map(|option| option.label.as_str()).collect();
    let value = |place: usize| options[place].value.clone();
    match is_list {
        true => {
            let places = MultiSelect::with_theme(theme)
                .with_prompt(name)
                .items(&labels)
                .interact()?;
            Ok(Json::from_iter(places.into_iter().map(value)).to_string())
        }
        false => Select::with_theme(theme)
            .with_prompt(name)
            .items(&labels)
            .default(0)
            .interact()
            .map(value),
    }
}

/// As a person would write it.
fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
