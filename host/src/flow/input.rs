//! The inputs of a flow.

use crate::model::{Diagnostic, InputId, Span, closest};

use super::fields::{Fields, plain_text, wrong_kind};
use super::place::Text;
use super::property::Property;
use super::yaml::{Node, NodeKind};

/// Something a flow asks for.
#[derive(Debug, Clone)]
pub struct Input {
    pub id: InputId,
    pub kind: InputKind,
    /// Whether the flow cannot run without a value.
    pub required: bool,
    pub defaults: Option<Property>,
    pub description: Option<String>,
    pub display_name: Option<String>,
    /// Inputs whose values must be known before, and which are the only ones its expressions see.
    pub depends_on: Vec<InputId>,
    /// Where the id stands.
    pub span: Span,
}

/// What values an input takes.
#[derive(Debug, Clone)]
pub enum InputKind {
    String,
    Select {
        options: Options,
        /// Whether the first option is taken when no value is given.
        auto_select_first: bool,
        /// Whether values that are no option are taken too.
        allow_custom_value: bool,
    },
}

/// The values a choice is made from.
#[derive(Debug, Clone)]
pub enum Options {
    Values(Vec<String>),
    /// An expression that renders to a list.
    Expression(Text),
}

const TYPES: [&str; 2] = ["STRING", "SELECT"];
const LATER_TYPES: [&str; 17] = [
    "INT",
    "FLOAT",
    "BOOL",
    "BOOLEAN",
    "MULTISELECT",
    "ENUM",
    "ARRAY",
    "JSON",
    "YAML",
    "FILE",
    "URI",
    "SECRET",
    "EMAIL",
    "DATETIME",
    "DATE",
    "TIME",
    "DURATION",
];
const KEYS: [&str; 12] = [
    "id",
    "type",
    "required",
    "defaults",
    "description",
    "displayName",
    "dependsOn",
    "values",
    "expression",
    "autoSelectFirst",
    "allowCustomValue",
    "isRadio",
];
const LATER_KEYS: [&str; 9] = [
    "prefill",
    "validator",
    "min",
    "max",
    "after",
    "before",
    "itemType",
    "allowedFileExtensions",
    "extension",
];

/// Reads the inputs of a flow.
pub(super) fn read_all(source: &str, nodes: &[Node], findings: &mut Vec<Diagnostic>) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for node in nodes {
        let Some(input) = read(source, node, findings) else {
            continue;
        };
        match inputs.iter().find(|known| known.id == input.id) {
            Some(first) => {
                let message = format!("the input `{}` is declared twice", input.id);
                let finding = Diagnostic::error("duplicate-id", message, input.span).with_caption("again here");
                findings.push(finding.with_label(first.span, "first here"));
            }
            None => inputs.push(input),
        }
    }
    check_dependencies(&inputs, findings);
    inputs
}

fn read(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Input> {
    let mut fields = Fields::of(node, "an input", findings)?;
    let id = fields.required("id", "the input", findings);
    let kind = fields.required("type", "the input", findings);
    let required = fields.flag("required", true, findings);
    let defaults = fields
        .take("defaults")
        .map(|(_, node)| Property::read(source, node, findings));
    let description = fields.text("description", findings).map(|(text, _)| text);
    let display_name = fields.text("displayName", findings).map(|(text, _)| text);
    let depends_on = fields
        .take("dependsOn")
        .map(|(_, node)| depends_on(node, findings))
        .unwrap_or_default();
    let kind = kind.and_then(|(name, span)| match name.as_str() {
        "STRING" => Some(InputKind::String),
        "SELECT" => select(source, &mut fields, findings),
        _ => {
            findings.push(unknown_type(&name, span));
            // What belongs to the type cannot be judged without it.
            for key in KEYS {
                fields.take(key);
            }
            None
        }
    });
    fields.refuse(&LATER_KEYS, findings);
    fields.finish("key of an input", &KEYS, findings);
    let (id, span) = id?;
    match InputId::parse(&id) {
        Ok(id) => Some(Input {
            id,
            kind: kind?,
            required,
            defaults,
            description,
            display_name,
            depends_on,
            span,
        }),
        Err(error) => {
            findings.push(Diagnostic::error("invalid-id", error.to_string(), span));
            None
        }
    }
}

fn unknown_type(name: &str, span: Span) -> Diagnostic {
    if LATER_TYPES.contains(&name) {
        return Diagnostic::error(
            "not-supported",
            format!("inputs of type `{name}` are not supported yet"),
            span,
        )
        .with_hint(format!("supported are {}", TYPES.join(" and ")));
    }
    let finding = Diagnostic::error("unknown-type", format!("unknown input type `{name}`"), span);
    match closest(name, TYPES) {
        Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
        None => finding.with_hint(format!("supported are {}", TYPES.join(" and "))),
    }
}

fn select(source: &str, fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Option<InputKind> {
    let auto_select_first = fields.flag("autoSelectFirst", false, findings);
    let allow_custom_value = fields.flag("allowCustomValue", false, findings);
    // How a form draws the choice changes nothing here.
    fields.flag("isRadio", false, findings);
    let values = fields.list("values", findings);
    let expression = fields.take("expression");
    let options = match (values, expression) {
        (Some(values), None) => Options::Values(values.iter().filter_map(|value| option(value, findings)).collect()),
        (None, Some((_, node))) => match &node.kind {
            NodeKind::Text(..) => Options::Expression(Text::parse(source, node, findings)?),
            _ => {
                findings.push(wrong_kind("`expression`", "an expression", node));
                return None;
            }
        },
        _ => {
            let message = "an input of type `SELECT` needs either `values` or `expression`";
            findings.push(Diagnostic::error("missing-key", message, fields.span));
            return None;
        }
    };
    Some(InputKind::Select {
        options,
        auto_select_first,
        allow_custom_value,
    })
}

fn option(node: &Node, findings: &mut Vec<Diagnostic>) -> Option<String> {
    let text = plain_text(node);
    if text.is_none() {
        findings.push(wrong_kind("a value to select", "a string", node));
    }
    text
}

fn depends_on(node: &Node, findings: &mut Vec<Diagnostic>) -> Vec<InputId> {
    let Some(mut fields) = Fields::of(node, "`dependsOn`", findings) else {
        return Vec::new();
    };
    let items = fields.list("inputs", findings).unwrap_or_default();
    let ids = items.iter().filter_map(|item| {
        let text = option(item, findings)?;
        InputId::parse(&text)
            .map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), item.span)))
            .ok()
    });
    let ids = ids.collect();
    fields.refuse(&["condition"], findings);
    fields.finish("key of `dependsOn`", &["inputs"], findings);
    ids
}

fn check_dependencies(inputs: &[Input], findings: &mut Vec<Diagnostic>) {
    for input in inputs {
        for wanted in &input.depends_on {
            if !inputs.iter().any(|known| known.id == *wanted) {
                let message = format!("the input `{}` depends on `{wanted}`, which is no input", input.id);
                let finding = Diagnostic::error("unknown-input", message, input.span);
                let near = closest(wanted.as_str(), inputs.iter().map(|known| known.id.as_str()));
                findings.push(match near {
                    Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
                    None => finding,
                });
            }
        }
        if depends_on_itself(inputs, input) {
            let message = format!("the input `{}` depends on itself", input.id);
            findings.push(Diagnostic::error("input-cycle", message, input.span));
        }
    }
}

fn depends_on_itself(inputs: &[Input], start: &Input) -> bool {
    let mut seen: Vec<&InputId> = Vec::new();
    let mut waiting: Vec<&InputId> = start.depends_on.iter().collect();
    while let Some(id) = waiting.pop() {
        if *id == start.id {
            return true;
        }
        if !seen.contains(&id) {
            seen.push(id);
            let next = inputs.iter().find(|input| input.id == *id);
            waiting.extend(next.into_iter().flat_map(|input| &input.depends_on));
        }
    }
    false
}
