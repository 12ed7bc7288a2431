//! Everything a task plugin for begat needs: implement [`Plugin`], call [`export!`], build for `wasm32-wasip2`.
//!
//! ```
//! use begat_task::{Context, Description, Failure, Plugin, TaskType};
//! use serde::{Deserialize, Serialize};
//!
//! /// What a flow gives.
//! #[derive(Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Properties {
//!     /// Whom to greet.
//!     name: String,
//! }
//!
//! /// What the task gives back.
//! #[derive(Serialize, schemars::JsonSchema)]
//! struct Outputs {
//!     greeting: String,
//! }
//!
//! struct Greet;
//!
//! impl Plugin for Greet {
//!     type Properties = Properties;
//!     type Outputs = Outputs;
//!
//!     fn describe() -> Description {
//!         Description::new("greet", "0.1.0", "Greets someone")
//!             .task_type(TaskType::of::<Self>("greet", "Greets someone"))
//!     }
//!
//!     fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
//!         context.log_info(&format!("greeting {}", properties.name));
//!         Ok(Outputs { greeting: format!("Hello, {}", properties.name) })
//!     }
//! }
//!
//! begat_task::export!(Greet);
//!
//! let outcome = begat_task::testing::run::<Greet>("greet", serde_json::json!({"name": "Ada"}));
//! assert_eq!(outcome.outputs().greeting, "Hello, Ada");
//! ```

mod asset;
mod backoff;
#[doc(hidden)]
pub mod bindings;
mod context;
mod description;
pub mod duration;
mod failure;
mod host_script;
mod http;
pub mod moment;
mod plugin;
pub mod script;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod tool;

pub use asset::{Asset, Bundle, JsonMap};
pub use backoff::Backoff;
pub use context::{Context, Level, LookupError, SecretError};
pub use description::{Capability, Description, TaskType};
pub use failure::{Failure, FailureKind};
pub use host_script::{HostScript, HostScriptEnd};
pub use http::{HttpError, HttpRequest, HttpResponse};
pub use plugin::Plugin;
pub use tool::{RunningTool, ToolEnd, ToolError, ToolExit, ToolPiece, ToolRun};

/// Exports a [`Plugin`] as the component's `task` interface.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        mod begat_component {
            struct Component;
            impl $crate::bindings::Guest for Component {
                fn describe() -> $crate::bindings::task::Description {
                    $crate::bindings::describe::<super::__BegatPlugin>()
                }
                fn run(request: $crate::bindings::task::Request) -> Result<String, $crate::bindings::types::Failure> {
                    $crate::bindings::run::<super::__BegatPlugin>(request)
                }
                fn declare(
                    request: $crate::bindings::task::Request,
                    outputs: String,
                    declared: Vec<$crate::bindings::types::Bundle>,
                ) -> Result<Vec<$crate::bindings::types::Bundle>, $crate::bindings::types::Failure> {
                    $crate::bindings::declare::<super::__BegatPlugin>(request, &outputs, declared)
                }
            }
            $crate::bindings::export!(Component with_types_in $crate::bindings::generated);
        }
        #[cfg(target_family = "wasm")]
        type __BegatPlugin = $plugin;
    };
}
