//! The `assets` block of a task: what the task uses and makes, as templates.

use super::fields::{Fields, has_expression, plain_text, wrong_kind};
use super::place::{RenderError, Text};
use super::property::Property;
use super::yaml::{Node, NodeKind};
use crate::expr::Scope;
use crate::model::{AssetId, AssetType, Bundle, Declaration, Diagnostic, Json, JsonMap, Namespace, Span};

/// What a task says of the assets it uses and makes.
#[derive(Debug, Clone)]
pub struct AssetsBlock {
    pub inputs: AssetList,
    pub outputs: AssetList,
    /// Whether the plugin may declare assets that the flow does not name.
    pub enable_auto: bool,
    pub failure_behavior: FailureBehavior,
    /// Where the block stands.
    pub span: Span,
}

/// What becomes of a task whose assets cannot be rendered or recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailureBehavior {
    /// The task ends with a warning.
    #[default]
    Warn,
    /// The task fails.
    Fail,
    /// The task succeeds, and its log says what happened.
    Ignore,
}

/// Assets that are listed one by one, or given by one expression that renders to a list.
#[derive(Debug, Clone)]
pub enum AssetList {
    Listed(Vec<AssetTemplate>),
    Expression(Text),
}

/// One asset, its parts templates.
#[derive(Debug, Clone)]
pub struct AssetTemplate {
    /// Known keys and unknown ones; the latter fold into the metadata.
    pub fields: Property,
    /// Where it stands.
    pub span: Span,
}

const KEYS: [&str; 4] = ["inputs", "outputs", "enableAuto", "assetFailureBehavior"];

/// The key of an input that must be there before the task runs.
const REQUIRED: &str = "required";

/// What `assets()` tells of an asset besides its declaration. An expression may hand such an asset on; its dates are
/// the catalog's to keep and no metadata.
const CATALOG_KEYS: [&str; 4] = ["created", "updated", "deleted", "tenantId"];

/// A block could not be rendered; the message is for the operator.
pub type BlockError = Box<Diagnostic>;

impl AssetsBlock {
    pub(super) fn read(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut fields = Fields::of(node, "`assets`", findings)?;
        let span = fields.span;
        let inputs = list(source, "inputs", &mut fields, findings);
        let outputs = list(source, "outputs", &mut fields, findings);
        let enable_auto = fields.flag("enableAuto", false, findings);
        let failure_behavior = failure_behavior(&mut fields, findings);
        fields.finish("key of `assets`", &KEYS, findings);
        Some(Self {
            inputs,
            outputs,
            enable_auto,
            failure_behavior,
            span,
        })
    }

    /// Renders the block, and says which inputs must be there already. Every text renders as text; other scalars keep
    /// their type.
    pub fn render(&self, scope: &Scope<'_>) -> Result<(Bundle, Vec<AssetId>), BlockError> {
        let mut inputs = self.inputs.render(scope)?;
        let mut required = Vec::new();
        for input in &mut inputs {
            if input.metadata.shift_remove(REQUIRED) == Some(Json::Bool(true)) {
                required.push(input.id.clone());
            }
        }
        let outputs = self.outputs.render(scope)?;
        Ok((Bundle { inputs, outputs }, required))
    }

    /// All templates in it.
    pub fn texts(&self) -> Vec<&Text> {
        let mut texts: Vec<&Text> = Vec::new();
        for list in [&self.inputs, &self.outputs] {
            match list {
                AssetList::Listed(assets) => texts.extend(assets.iter().flat_map(|asset| asset.fields.texts())),
                AssetList::Expression(text) => texts.push(text),
            }
        }
        texts
    }
}

impl AssetList {
    fn render(&self, scope: &Scope<'_>) -> Result<Vec<Declaration>, BlockError> {
        match self {
            AssetList::Listed(assets) => assets.iter().map(|asset| asset.render(scope)).collect(),
            AssetList::Expression(text) => {
                let value = Json::from(&text.evaluate(scope).map_err(located)?);
                let Json::Array(items) = value else {
                    let message = "the expression must render to a list of assets";
                    return Err(Box::new(Diagnostic::error("wrong-type", message, text.span())));
                };
                items.into_iter().map(|item| from_item(item, text.span())).collect()
            }
        }
    }
}

impl AssetTemplate {
    /// Renders one asset.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Declaration, BlockError> {
        match self.fields.render(scope).map_err(located)? {
            Json::Object(fields) => declaration(fields, &[], self.span),
            other => from_item(other, self.span),
        }
    }
}

fn located(error: RenderError) -> BlockError {
    Box::new(error.diagnostic())
}

/// An item of a rendered list: an asset, or an id alone.
pub(super) fn from_item(item: Json, span: Span) -> Result<Declaration, BlockError> {
    match item {
        Json::Object(fields) => declaration(fields, &CATALOG_KEYS, span),
        Json::String(id) => declaration(JsonMap::from_iter([("id".to_owned(), Json::String(id))]), &[], span),
        other => {
            let message = format!("an asset must be a map with an `id`, not `{other}`");
            Err(Box::new(Diagnostic::error("wrong-type", message, span)))
        }
    }
}

fn declaration(mut fields: JsonMap, known_to_catalog: &[&str], span: Span) -> Result<Declaration, BlockError> {
    let fault = |message: String| Box::new(Diagnostic::error("invalid-asset", message, span));
    let mut text = |name: &str| match fields.shift_remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(value @ (Json::Number(_) | Json::Bool(_))) => Ok(Some(value.to_string())),
        Some(_) => Err(fault(format!("`{name}` of an asset must be a string"))),
    };
    let id = text("id")?.ok_or_else(|| fault("an asset has no `id`".to_owned()))?;
    let id = AssetId::parse(&id).map_err(|error| fault(error.to_string()))?;
    let asset_type = match text("type")? {
        None => None,
        Some(name) => Some(AssetType::try_from(name).map_err(|error| fault(format!("asset `{id}`: {error}")))?),
    };
    let namespace = match text("namespace")? {
        None => None,
        Some(name) => Some(Namespace::parse(&name).map_err(|error| fault(format!("asset `{id}`: {error}")))?),
    };
    let (display_name, description) = (text("displayName")?, text("description")?);
    let mut metadata = match fields.shift_remove("metadata") {
        None | Some(Json::Null) => JsonMap::new(),
        Some(Json::Object(map)) => map,
        Some(_) => return Err(fault(format!("`metadata` of asset `{id}` must be a map"))),
    };
    metadata.extend(
        fields
            .into_iter()
            .filter(|(key, _)| !known_to_catalog.contains(&key.as_str())),
    );
    Ok(Declaration {
        id,
        asset_type,
        namespace,
        display_name,
        description,
        metadata,
    })
}

fn list(source: &str, name: &str, fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> AssetList {
    let Some((_, node)) = fields.given(name) else {
        return AssetList::Listed(Vec::new());
    };
    match &node.kind {
        NodeKind::List(items) => AssetList::Listed(
            items
                .iter()
                .filter_map(|item| template(source, item, findings))
                .collect(),
        ),
        NodeKind::Text(text, _) if has_expression(text) => match Text::parse(source, node, findings) {
            Some(text) => AssetList::Expression(text),
            None => AssetList::Listed(Vec::new()),
        },
        _ => {
            findings.push(wrong_kind(
                &format!("`{name}` of `assets`"),
                "a list of assets, or an expression",
                node,
            ));
            AssetList::Listed(Vec::new())
        }
    }
}

fn template(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<AssetTemplate> {
    let NodeKind::Map(entries) = &node.kind else {
        findings.push(wrong_kind("an asset", "a map with an `id`", node).with_hint("write `- id: …`"));
        return None;
    };
    let span = entries.first().map_or(node.span, |(key, _)| key.span);
    let entry = |name: &str| node.entry(name).filter(|node| !node.is_null());
    match entry("id") {
        None => findings.push(Diagnostic::error("missing-key", "the asset has no `id`", span)),
        Some(id) => check_literal("id", id, findings, |text| {
            AssetId::parse(text).map(drop).map_err(|error| error.to_string())
        }),
    }
    if let Some(name) = entry("type") {
        check_literal("type", name, findings, |text| {
            AssetType::try_from(text.to_owned()).map(drop)
        });
    }
    if let Some(name) = entry("namespace") {
        check_literal("namespace", name, findings, |text| {
            Namespace::parse(text).map(drop).map_err(|error| error.to_string())
        });
    }
    for name in ["displayName", "description"] {
        if let Some(node) = entry(name) {
            check_literal(name, node, findings, |_| Ok(()));
        }
    }
    if let Some(metadata) = entry("metadata")
        && !matches!(metadata.kind, NodeKind::Map(_))
    {
        findings.push(wrong_kind("`metadata`", "a map", metadata));
    }
    Some(AssetTemplate {
        fields: Property::read(source, node, findings),
        span,
    })
}

/// Checks a text that holds no expression.
fn check_literal(name: &str, node: &Node, findings: &mut Vec<Diagnostic>, rule: impl Fn(&str) -> Result<(), String>) {
    match plain_text(node) {
        None => findings.push(wrong_kind(&format!("`{name}` of an asset"), "a string", node)),
        Some(text) if has_expression(&text) => {}
        Some(text) => {
            if let Err(message) = rule(&text) {
                findings.push(Diagnostic::error("invalid-asset", message, node.span));
            }
        }
    }
}

fn failure_behavior(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> FailureBehavior {
    match fields.text("assetFailureBehavior", findings) {
        None => FailureBehavior::default(),
        Some((text, span)) => match text.as_str() {
            "WARN" => FailureBehavior::Warn,
            "FAIL" => FailureBehavior::Fail,
            "IGNORE" => FailureBehavior::Ignore,
            _ => {
                let message = format!("`{text}` is no value of `assetFailureBehavior`");
                findings.push(Diagnostic::error("unknown-value", message, span).with_hint("one of WARN, FAIL, IGNORE"));
                FailureBehavior::default()
            }
        },
    }
}
