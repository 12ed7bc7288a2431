//! The `log` task: writes lines to the log of the execution.

use begat_task::{Context, Description, Failure, JsonMap, Level, Plugin, TaskType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a flow gives to `log`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Properties {
    /// The line to write, or a list of lines; what is no text in a list is written as JSON.
    message: Message,
    /// How much the lines matter.
    #[serde(default)]
    level: LogLevel,
    /// Facts that are written behind each line, as `name=value`.
    #[serde(default)]
    fields: JsonMap,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Message {
    One(Line),
    Many(Vec<serde_json::Value>),
}

/// A line: text, or a number or a truth value as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Line {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => text.fmt(formatter),
            Self::Number(number) => number.fmt(formatter),
            Self::Truth(truth) => truth.fmt(formatter),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum LogLevel {
    Trace,
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Trace => Level::Trace,
            LogLevel::Debug => Level::Debug,
            LogLevel::Info => Level::Info,
            LogLevel::Warn => Level::Warn,
            LogLevel::Error => Level::Error,
        }
    }
}

/// Text as it is, everything else as JSON.
fn line_of(item: serde_json::Value) -> String {
    match item {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A `log` task gives no outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {}

/// The plugin.
pub struct Log;

impl Plugin for Log {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        Description::new(
            "log",
            env!("CARGO_PKG_VERSION"),
            "Writes lines to the log of the execution",
        )
        .task_type(
            TaskType::of::<Self>("log", "Writes one line or a list of lines to the log")
                .alias("io.kestra.plugin.core.log.Log")
                .alias("io.kestra.core.tasks.log.Log"),
        )
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let level = properties.level.into();
        let facts: String = properties
            .fields
            .iter()
            .map(|(name, value)| format!(" {name}={value}"))
            .collect();
        let lines = match properties.message {
            Message::One(line) => vec![line.to_string()],
            Message::Many(items) => items.into_iter().map(line_of).collect(),
        };
        for line in lines {
            context.log(level, &format!("{line}{facts}"));
        }
        Ok(Outputs {})
    }
}

begat_task::export!(Log);

#[cfg(test)]
mod tests {
    use begat_task::testing;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_description_is_the_one_the_host_knows() {
        testing::check_description::<Log>(concat!(env!("CARGO_MANIFEST_DIR"), "/describe.json"));
    }

    #[test]
    fn one_message_is_one_line_of_level_info() {
        let outcome = testing::run::<Log>("log", json!({"message": "hello"}));
        assert_eq!(outcome.logs, [(Level::Info, "hello".to_owned())]);
        assert!(outcome.result.is_ok());
    }

    #[test]
    fn a_list_of_messages_keeps_its_order_and_level() {
        let outcome = testing::run::<Log>("log", json!({"message": ["a", "b"], "level": "WARN"}));
        assert_eq!(
            outcome.logs,
            [(Level::Warn, "a".to_owned()), (Level::Warn, "b".to_owned())]
        );
    }

    #[test]
    fn a_line_may_be_a_number_or_a_truth_value_and_in_a_list_any_data() {
        let outcome = testing::run::<Log>("log", json!({"message": [3, 1.5, true, "x"]}));
        let lines: Vec<&str> = outcome.logs.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, ["3", "1.5", "true", "x"]);
        let outcome = testing::run::<Log>("log", json!({"message": [{"a": [1, "b"]}, null]}));
        let lines: Vec<&str> = outcome.logs.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, [r#"{"a":[1,"b"]}"#, "null"]);
        let outcome = testing::run::<Log>("log", json!({"message": {"a": 1}}));
        assert!(outcome.result.is_err());
    }

    #[test]
    fn every_level_is_known() {
        for (name, level) in [
            ("TRACE", Level::Trace),
            ("DEBUG", Level::Debug),
            ("INFO", Level::Info),
            ("WARN", Level::Warn),
            ("ERROR", Level::Error),
        ] {
            let outcome = testing::run::<Log>("log", json!({"message": "a", "level": name}));
            assert_eq!(outcome.logs, [(level, "a".to_owned())]);
        }
        assert!(
            testing::run::<Log>("log", json!({"message": "a", "level": "LOUD"}))
                .result
                .is_err()
        );
    }

    #[test]
    fn fields_stand_behind_each_line() {
        let properties = json!({"message": ["a", "b"], "fields": {"count": 3, "name": "x y"}});
        let outcome = testing::run::<Log>("log", properties);
        let lines: Vec<&str> = outcome.logs.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, ["a count=3 name=\"x y\"", "b count=3 name=\"x y\""]);
    }

    #[test]
    fn an_unknown_property_is_refused() {
        let outcome = testing::run::<Log>("log", json!({"message": "a", "levle": "WARN"}));
        assert!(
            outcome.failure().message.contains("unknown field `levle`"),
            "{}",
            outcome.failure().message
        );
    }

    #[test]
    fn what_the_flow_declares_is_returned_unchanged() {
        let declared = vec![begat_task::Bundle {
            inputs: vec![],
            outputs: vec![begat_task::Asset::new("vm")],
        }];
        let outcome = testing::run_declaring::<Log>("log", json!({"message": "a"}), declared.clone());
        assert_eq!(outcome.assets, declared);
    }
}
