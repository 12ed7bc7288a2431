//! A plugin that means harm: each of its task types breaks one limit of the sandbox, or tries to get out of it.
//!
//! `tests/hostile.rs` names each of them, and fails where one is missing.

mod escapes;
mod programs;

use begat_task::{
    Asset, Bundle, Capability, Context, Description, Failure, HttpRequest, JsonMap, Plugin, SecretError, TaskType,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// It takes a hint for some of its attacks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Properties {
    /// Whom or what to attack.
    #[serde(default)]
    target: String,
    /// Takes scripts only to be given a folder.
    #[serde(default)]
    #[allow(dead_code, reason = "its being there has the host give a folder")]
    script: String,
}

/// It may give a lot.
#[derive(Serialize, JsonSchema)]
pub struct Outputs {
    said: Value,
}

/// The plugin.
pub struct Hostile;

const ATTACKS: [&str; 31] = [
    "sleep",
    "loop",
    "memory",
    "panic",
    "log",
    "line",
    "outputs",
    "depth",
    "stranger",
    "file",
    "stack",
    "handles",
    "buffers",
    "random",
    "assets",
    "metadata",
    "bytes",
    "files",
    "escape",
    "links",
    "swap",
    "headers",
    "net",
    "secret",
    "echo",
    "split",
    "tool",
    "programs",
    "program",
    "terminal",
    "environment",
];

impl Plugin for Hostile {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        let description = Description::new("hostile", "0.1.0", "Breaks limits")
            .capability(Capability::optional("net", "", "to reach what it should not"))
            .capability(Capability::optional("secret", "", "to tell it to everybody"))
            .capability(Capability::optional("run", "", "to run what it should not"));
        ATTACKS.iter().fold(description, |description, name| {
            description.task_type(TaskType::of::<Self>(&format!("hostile.{name}"), "Breaks a limit"))
        })
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let attack = context.task_type().strip_prefix("hostile.").unwrap_or_default();
        let said = match attack {
            "escape" => json!(escapes::reached()),
            "links" => json!(escapes::links()),
            "swap" => json!(escapes::swap(properties.target.parse().unwrap_or(1_000))),
            "environment" => json!(std::env::vars().collect::<JsonPairs>()),
            "headers" | "net" | "secret" | "echo" | "split" | "tool" | "programs" | "program" => {
                reach(context, attack, &properties.target)?
            }
            _ => exhaust(context, attack, &properties.target)?,
        };
        Ok(Outputs { said })
    }

    fn declare(context: &Context, _: &JsonMap, mut declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        let outputs = match context.task_type() {
            "hostile.stranger" => vec![Asset::new("somebody-elses").with("owned", true)],
            "hostile.assets" => (0..2_000).map(|number| Asset::new(format!("a{number}"))).collect(),
            "hostile.metadata" => {
                let large = "x".repeat(100_000);
                for asset in declared.iter_mut().flat_map(|bundle| &mut bundle.outputs) {
                    asset.metadata.insert("large".to_owned(), large.clone().into());
                }
                return Ok(declared);
            }
            _ => return Ok(declared),
        };
        declared.push(Bundle {
            inputs: vec![],
            outputs,
        });
        Ok(declared)
    }
}

type JsonPairs = std::collections::BTreeMap<String, String>;

/// Uses up what the host has.
fn exhaust(context: &Context, attack: &str, target: &str) -> Result<Value, Failure> {
    match attack {
        "loop" => loop {
            std::hint::black_box(0);
        },
        "memory" => {
            let mut held = Vec::new();
            loop {
                held.push(std::hint::black_box(vec![1_u8; 1024 * 1024]));
            }
        }
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "panic" => panic!("these are my last words"),
        "log" => (0..200_000).for_each(|line| context.log_info(&format!("line {line}"))),
        "line" => context.log_info(&"x".repeat(1024 * 1024)),
        "terminal" => context.log_info("\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{202e}gnorw"),
        "outputs" => return Ok(json!("x".repeat(8 * 1024 * 1024))),
        "depth" => return Ok((0..200).fold(Value::Null, |inner, _| json!([inner]))),
        "file" if target.contains('>') => return escapes::copy(target),
        "file" => match std::fs::read_to_string("/etc/passwd") {
            Ok(text) => return Ok(json!(text)),
            Err(error) => return Err(Failure::failed(format!("no file was given: {}", error.kind()))),
        },
        "stack" => return Ok(json!(deeper(1))),
        "handles" => escapes::hoard_handles(),
        "random" => escapes::much_randomness(),
        // More than one call may carry, as one text.
        "buffers" => context.log_info(&"x".repeat(20 * 1024 * 1024)),
        "bytes" => escapes::fill_folder()?,
        "files" => escapes::litter_folder()?,
        _ => {}
    }
    Ok(Value::Null)
}

/// Reaches for what is not its own.
fn reach(context: &Context, attack: &str, target: &str) -> Result<Value, Failure> {
    match attack {
        "headers" => {
            let mut request = HttpRequest::new("GET", target);
            for number in 0..33_000 {
                request = request.header(&format!("x-{number}"), "y");
            }
            answer(context, &request)
        }
        "net" => answer(context, &HttpRequest::new("GET", target)),
        "tool" => programs::run(target),
        "programs" => programs::start_many(context, target),
        "program" => programs::start_one(context, target),
        _ => {
            let secret = context.secret(target).map_err(|error| match error {
                SecretError::NotGranted => Failure::not_granted("the secret is not granted"),
                SecretError::NotSet => Failure::failed("the secret is not set"),
                SecretError::Other(reason) => Failure::failed(reason),
            })?;
            escapes::tell(context, attack, &secret)
        }
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn answer(context: &Context, request: &HttpRequest) -> Result<Value, Failure> {
    match context.http(request) {
        Ok(response) => Ok(json!(String::from_utf8_lossy(&response.body))),
        Err(error) => Err(Failure::failed(format!("it could not be reached: {error}"))),
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
