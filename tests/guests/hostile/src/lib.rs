//! A plugin that means harm: each of its task types breaks one limit of the sandbox.

use begat_task::{Asset, Bundle, Context, Description, Failure, JsonMap, Plugin, TaskType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// It takes nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Properties {}

/// It may give a lot.
#[derive(Serialize, JsonSchema)]
pub struct Outputs {
    said: String,
}

/// The plugin.
pub struct Hostile;

impl Plugin for Hostile {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        let names = ["loop", "memory", "panic", "log", "outputs", "stranger", "file", "stack"];
        names.iter().fold(
            Description::new("hostile", "0.1.0", "Breaks limits"),
            |description, name| {
                description.task_type(TaskType::of::<Self>(&format!("hostile.{name}"), "Breaks a limit"))
            },
        )
    }

    fn run(context: &Context, _: Properties) -> Result<Outputs, Failure> {
        let mut said = String::new();
        match context.task_type() {
            "hostile.loop" => loop {
                std::hint::black_box(0);
            },
            "hostile.memory" => {
                let mut held = Vec::new();
                loop {
                    held.push(std::hint::black_box(vec![1_u8; 1024 * 1024]));
                }
            }
            "hostile.panic" => panic!("these are my last words"),
            "hostile.log" => (0..200_000).for_each(|line| context.log_info(&format!("line {line}"))),
            "hostile.outputs" => said = "x".repeat(8 * 1024 * 1024),
            "hostile.file" => match std::fs::read_to_string("/etc/passwd") {
                Ok(text) => said = text,
                Err(error) => return Err(Failure::failed(format!("no file was given: {}", error.kind()))),
            },
            "hostile.stack" => said = deeper(1).to_string(),
            _ => {}
        }
        Ok(Outputs { said })
    }

    fn declare(context: &Context, _: &JsonMap, mut declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        if context.task_type() == "hostile.stranger" {
            declared.push(Bundle {
                inputs: vec![],
                outputs: vec![Asset::new("somebody-elses").with("owned", true)],
            });
        }
        Ok(declared)
    }
}

fn deeper(depth: u64) -> u64 {
    std::hint::black_box(depth)
        + if depth == u64::MAX {
            0
        } else {
            deeper(std::hint::black_box(depth + 1))
        }
}

begat_task::export!(Hostile);
