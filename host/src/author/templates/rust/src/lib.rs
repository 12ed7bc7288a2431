//! The task type `__NAME__`: greets someone, and adds the greeting to the assets that the flow declares.

use begat_task::{Bundle, Context, Description, Failure, JsonMap, Plugin, TaskType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a flow gives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Properties {
    /// Whom to greet.
    name: String,
}

/// What the task gives back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// What was said.
    greeting: String,
}

/// The plugin.
pub struct Greet;

impl Plugin for Greet {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        Description::new("__NAME__", env!("CARGO_PKG_VERSION"), "Greets someone")
            .task_type(TaskType::of::<Self>("__NAME__", "Greets someone by name"))
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let name = properties.name.trim();
        if name.is_empty() {
            return Err(Failure::invalid_properties("`name` is empty: give the name of someone"));
        }
        let greeting = format!("Hello, {name}");
        context.log_info(&greeting);
        Ok(Outputs { greeting })
    }

    fn declare(_: &Context, outputs: &JsonMap, mut declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        for asset in declared.iter_mut().flat_map(|bundle| &mut bundle.outputs) {
            asset.metadata.extend(outputs.clone());
        }
        Ok(declared)
    }
}

begat_task::export!(Greet);

#[cfg(test)]
mod tests {
    use begat_task::testing;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_greeting_names_who_is_greeted() {
        let outcome = testing::run::<Greet>("__NAME__", json!({"name": "Ada"}));
        assert_eq!(outcome.outputs().greeting, "Hello, Ada");
    }

    #[test]
    fn nobody_is_not_greeted() {
        let outcome = testing::run::<Greet>("__NAME__", json!({"name": " "}));
        assert!(outcome.failure().message.contains("`name` is empty"));
    }
}
