//! Giving each input its value.
//!
//! Inputs are taken in the order they are declared, each after those it depends on; its expressions see only those.

use serde_json::json;

use super::PlanRequest;
use crate::expr::Scope;
use crate::flow::{Flow, Input, InputKind, Options, RenderError, Text};
use crate::model::{Diagnostic, Json, JsonMap, closest};

/// Gives each input its value; what cannot be is added to `findings`.
pub(super) fn bind(flow: &Flow, request: &PlanRequest<'_>, findings: &mut Vec<Diagnostic>) -> JsonMap {
    check_names(flow, request, findings);
    let mut bound = JsonMap::new();
    let mut settled: Vec<&str> = Vec::new();
    // An input whose dependency found no value is not tried: one finding is enough for both.
    let mut without: Vec<&str> = Vec::new();
    while settled.len() < flow.inputs.len() {
        let next = flow.inputs.iter().find(|input| {
            !settled.contains(&input.id.as_str())
                && input
                    .depends_on
                    .iter()
                    .all(|dependency| settled.contains(&dependency.as_str()))
        });
        // Circles are found when the flow is checked; here they only must not loop.
        let Some(input) = next else { break };
        settled.push(input.id.as_str());
        if input
            .depends_on
            .iter()
            .any(|dependency| without.contains(&dependency.as_str()))
        {
            without.push(input.id.as_str());
            continue;
        }
        match value(flow, input, request, &bound) {
            Ok(Some(value)) => drop(bound.insert(input.id.to_string(), value)),
            Ok(None) => {}
            Err(finding) => {
                without.push(input.id.as_str());
                findings.push(*finding);
            }
        }
    }
    in_declared_order(flow, bound)
}

fn in_declared_order(flow: &Flow, mut bound: JsonMap) -> JsonMap {
    let ids = flow.inputs.iter().map(|input| input.id.to_string());
    ids.filter_map(|id| bound.shift_remove(&id).map(|value| (id, value)))
        .collect()
}

fn check_names(flow: &Flow, request: &PlanRequest<'_>, findings: &mut Vec<Diagnostic>) {
    let known: Vec<&str> = flow.inputs.iter().map(|input| input.id.as_str()).collect();
    for name in request.inputs.keys().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("the flow `{}` has no input `{name}`", flow.id);
        let finding = Diagnostic::error("unknown-input", message, None);
        findings.push(match closest(name, known.iter().copied()) {
            Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => finding.with_hint("it has no inputs at all"),
            None => finding.with_hint(format!("it has {}", known.join(", "))),
        });
    }
}

/// The value of one input: the given one, else the default, else the first option where the flow says so.
fn value(
    flow: &Flow,
    input: &Input,
    request: &PlanRequest<'_>,
    bound: &JsonMap,
) -> Result<Option<Json>, Box<Diagnostic>> {
    let scope = scope(flow, input, request, bound);
    let given = match request.inputs.get(input.id.as_str()) {
        Some(text) => Some(Json::String(text.clone())),
        None => default(input, &scope)?,
    };
    match &input.kind {
        InputKind::String => {}
        InputKind::Select {
            options,
            auto_select_first,
            allow_custom_value,
        } => {
            let options = match options {
                Options::Values(values) => values.clone(),
                Options::Expression(text) => evaluate_options(input, text, &scope)?,
            };
            let first = options
                .first()
                .filter(|_| *auto_select_first)
                .map(|text| Json::String(text.clone()));
            let chosen = given.or(first);
            if let Some(Json::String(text)) = &chosen
                && !allow_custom_value
                && !options.contains(text)
            {
                return Err(no_option(input, text, &options));
            }
            return require(input, chosen);
        }
    }
    require(input, given)
}

fn require(input: &Input, value: Option<Json>) -> Result<Option<Json>, Box<Diagnostic>> {
    if value.is_some() || !input.required {
        return Ok(value);
    }
    let finding = Diagnostic::error(
        "missing-input",
        format!("the input `{}` has no value", input.id),
        input.span,
    );
    Err(Box::new(
        finding.with_hint(format!("give it with `--input {}=…`", input.id)),
    ))
}

fn scope<'a>(flow: &'a Flow, input: &Input, request: &PlanRequest<'a>, bound: &JsonMap) -> Scope<'a> {
    let visible: JsonMap = input
        .depends_on
        .iter()
        .filter_map(|id| bound.get(id.as_str()).map(|value| (id.to_string(), value.clone())))
        .collect();
    Scope::new(request.now)
        .with_catalog(request.catalog)
        .with_namespace(&flow.namespace)
        .with("flow", json!({"id": flow.id, "namespace": flow.namespace}))
        .with(
            "execution",
            json!({"id": request.execution, "startDate": request.now, "state": "CREATED"}),
        )
        .with("labels", Json::Object(flow.labels.clone()))
        .with("inputs", Json::Object(visible))
}

fn default(input: &Input, scope: &Scope<'_>) -> Result<Option<Json>, Box<Diagnostic>> {
    let Some(property) = &input.defaults else {
        return Ok(None);
    };
    let failed = |error: RenderError| unresolved(input, "defaults", &error);
    match property.render(scope).map_err(failed)? {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(Json::String(text))),
        other => Ok(Some(Json::String(other.to_string()))),
    }
}

fn evaluate_options(input: &Input, text: &Text, scope: &Scope<'_>) -> Result<Vec<String>, Box<Diagnostic>> {
    let value = text
        .evaluate(scope)
        .map_err(|error| unresolved(input, "expression", &error))?;
    let Json::Array(items) = Json::from(&value) else {
        let message = format!("the input `{}` has no value: its `expression` gives no list", input.id);
        return Err(Box::new(Diagnostic::error("input-expression", message, text.span())));
    };
    let text_of = |item: Json| match item {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Ok(items.into_iter().filter_map(text_of).collect())
}

/// An expression of an input that cannot be rendered, shown at its place, with the reason under the caret.
fn unresolved(input: &Input, key: &str, error: &RenderError) -> Box<Diagnostic> {
    let found = error.diagnostic();
    let message = format!(
        "the input `{}` has no value: its `{key}` cannot be rendered: {}",
        input.id, error.error.message
    );
    let caption = found.caption.clone().unwrap_or_else(|| found.message.clone());
    let custom = matches!(
        &input.kind,
        InputKind::Select {
            allow_custom_value: true,
            ..
        } | InputKind::String
    );
    let hint = match (error.error.code, custom) {
        (_, true) => format!("give a value with `--input {}=…`", input.id),
        ("attribute-of-null", _) => "nothing in the catalog matches yet; run the flow that creates it first".to_owned(),
        _ => found
            .hint
            .clone()
            .unwrap_or_else(|| "`begat validate` shows what can be known before".to_owned()),
    };
    Box::new(Diagnostic {
        message,
        caption: Some(caption),
        hint: Some(hint),
        code: "input-expression",
        ..found
    })
}

fn no_option(input: &Input, value: &str, options: &[String]) -> Box<Diagnostic> {
    let message = format!("`{value}` is no option of the input `{}`", input.id);
    let finding = Diagnostic::error("invalid-input", message, input.span);
    Box::new(match (closest(value, options.iter().map(String::as_str)), options) {
        (Some(near), _) => finding.with_hint(format!("did you mean `{near}`?")),
        (None, []) => finding.with_hint("there is no option at the moment"),
        (None, _) => finding.with_hint(format!("it must be one of {}", options.join(", "))),
    })
}
