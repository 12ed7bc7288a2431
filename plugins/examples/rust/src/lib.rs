//! The task type `site-check`: asks a site how it is, and says whether that is what the catalog knows of it.

use begat_task::{Bundle, Capability, Context, Description, Failure, HttpRequest, JsonMap, Plugin, TaskType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a flow gives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Properties {
    /// The address that answers with the version of the site, as JSON: `{"version": "1.2"}`.
    url: String,
    /// The asset that the site is.
    asset: String,
    /// The secret to send as a bearer token.
    token_secret: Option<String>,
}

/// What the task gives back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// The version that the site says it has.
    version: String,
    /// Whether the catalog knew another one.
    changed: bool,
}

/// The plugin.
pub struct SiteCheck;

impl Plugin for SiteCheck {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        Description::new("site-check", env!("CARGO_PKG_VERSION"), "Asks sites how they are")
            .task_type(TaskType::of::<Self>("site-check", "Asks a site for its version"))
            .capability(Capability::required("net", "$url", "to ask the site"))
            .capability(Capability::optional("secret", "$tokenSecret", "to say who asks"))
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let known = context.find_assets(Some(&properties.asset), None, &JsonMap::new());
        let known = known.map_err(|error| Failure::failed(error.0))?;
        let known = known.first().and_then(|asset| asset.metadata.get("version").cloned());
        let mut request = HttpRequest::new("GET", &properties.url);
        if let Some(name) = &properties.token_secret {
            let token = context.secret(name);
            let token = token.map_err(|_| Failure::not_granted(format!("the secret `{name}` is not to be had")))?;
            request = request.header("authorization", &format!("Bearer {token}"));
        }
        let answer = context.http(&request).map_err(|error| Failure::failed(error.to_string()))?;
        if answer.status != 200 {
            return Err(Failure::failed(format!("the site answered {}", answer.status)).with("status", answer.status));
        }
        let told: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Failure::failed(format!("the site's answer is no JSON: {error}")))?;
        let version = told["version"].as_str().unwrap_or_default().to_owned();
        let changed = known.is_some_and(|known| known != version.as_str());
        context.log_info(&format!("{} has version {version}", properties.asset));
        Ok(Outputs { version, changed })
    }

    fn declare(_: &Context, outputs: &JsonMap, mut declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        for asset in declared.iter_mut().flat_map(|bundle| &mut bundle.outputs) {
            asset.metadata.insert("version".to_owned(), outputs["version"].clone());
        }
        Ok(declared)
    }
}

begat_task::export!(SiteCheck);
