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
const KEYS: [&str; 7] = [
    "id",
    "type",
    "required",
    "defaults",
    "description",
    "displayName",
    "dependsOn",
];
/// What inputs of type `SELECT` have besides.
const SELECT_KEYS: [&str; 5] = ["values", "expression", "autoSelectFirst", "allowCustomValue", "isRadio"];
/// The most inputs of a flow; what depends on what is looked up in lists.
const LIMIT: usize = 500;
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

/// An input and where the ids stand that it depends on.
struct Written {
    input: Input,
    depends_on: Vec<Span>,
}

/// Reads the inputs of a flow.
pub(super) fn read_all(source: &str, nodes: &[Node], findings: &mut Vec<Diagnostic>) -> Vec<Input> {
    if let Some(node) = nodes.get(LIMIT) {
        let message = format!("a flow has at most {LIMIT} inputs");
        findings.push(Diagnostic::error("too-many-inputs", message, node.span));
        return Vec::new();
    }
    let mut inputs: Vec<Written> = Vec::new();
    let mut declared: Vec<String> = Vec::new();
    for node in nodes {
        declared.extend(node.entry("id").and_then(plain_text));
        let Some(written) = read(source, node, findings) else {
            continue;
        };
        match inputs.iter().find_map(|known| clash(&known.input, &written.input)) {
            Some(finding) => findings.push(finding),
            None => inputs.push(written),
        }
    }
    check_dependencies(&inputs, &declared, findings);
    inputs.into_iter().map(|written| written.input).collect()
}

/// Why two inputs cannot stand side by side: they have one id, or one would lie within the other.
fn clash(known: &Input, later: &Input) -> Option<Diagnostic> {
    let within = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    let (first, second) = (known.id.as_str(), later.id.as_str());
    let (code, message, caption) = if first == second {
        (
            "duplicate-id",
            format!("the input `{second}` is declared twice"),
            "again here",
        )
    } else if within(first, second) || within(second, first) {
        let message = format!("the inputs `{first}` and `{second}` get in each other's way: dots in ids nest");
        ("input-clash", message, "second here")
    } else {
        return None;
    };
    let finding = Diagnostic::error(code, message, later.span).with_caption(caption);
    Some(finding.with_label(known.span, "first here"))
}

fn read(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Written> {
    let mut fields = Fields::of(node, "an input", findings)?;
    let id = fields.required("id", "the input", findings);
    let kind = fields.required("type", "the input", findings);
    let required = fields.flag("required", true, findings);
    let defaults = fields
        .given("defaults")
        .and_then(|(_, node)| defaults(source, node, findings));
    let description = fields.text("description", findings).map(|(text, _)| text);
    let display_name = fields.text("displayName", findings).map(|(text, _)| text);
    let depends_on = fields.given("dependsOn").map(|(_, node)| depends_on(node, findings));
    let (depends_on, places) = depends_on.unwrap_or_default().into_iter().unzip();
    let kind = kind.and_then(|(name, span)| match name.as_str() {
        "STRING" => Some(InputKind::String),
        "SELECT" => select(source, &mut fields, findings),
        _ => {
            findings.push(unknown_type(&name, span));
            // What belongs to the type cannot be judged without it.
            for key in SELECT_KEYS {
                fields.take(key);
            }
            None
        }
    });
    refuse_select_keys(&mut fields, findings);
    fields.refuse(&LATER_KEYS, findings);
    fields.finish("key of an input", &KEYS, findings);
    let (id, span) = id?;
    let id = InputId::parse(&id)
        .map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), span)))
        .ok()?;
    let input = Input {
        id,
        kind: kind?,
        required,
        defaults,
        description,
        display_name,
        depends_on,
        span,
    };
    Some(Written {
        input,
        depends_on: places,
    })
}

/// What only a choice has; a choice has taken its own before.
fn refuse_select_keys(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) {
    for name in SELECT_KEYS {
        if let Some((key, _)) = fields.take(name) {
            let message = format!("only inputs of type `SELECT` have `{name}`");
            findings.push(Diagnostic::error("unknown-key", message, key.span));
        }
    }
}

/// The value where none is given: both types take a text.
fn defaults(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Property> {
    if plain_text(node).is_none() {
        findings.push(wrong_kind("`defaults`", "a string", node));
        return None;
    }
    Some(Property::read(source, node, findings))
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
    let expression = fields.given("expression");
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

fn depends_on(node: &Node, findings: &mut Vec<Diagnostic>) -> Vec<(InputId, Span)> {
    let Some(mut fields) = Fields::of(node, "`dependsOn`", findings) else {
        return Vec::new();
    };
    let items = fields.list("inputs", findings).unwrap_or_default();
    let ids = items.iter().filter_map(|item| {
        let text = option(item, findings)?;
        let id = InputId::parse(&text)
            .map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), item.span)));
        Some((id.ok()?, item.span))
    });
    let ids = ids.collect();
    fields.refuse(&["condition"], findings);
    fields.finish("key of `dependsOn`", &["inputs", "condition"], findings);
    ids
}

fn check_dependencies(inputs: &[Written], declared: &[String], findings: &mut Vec<Diagnostic>) {
    for Written { input, depends_on } in inputs {
        for (wanted, span) in input.depends_on.iter().zip(depends_on) {
            if !declared.iter().any(|known| known == wanted.as_str()) {
                let message = format!("the input `{}` depends on `{wanted}`, which is no input", input.id);
                let finding = Diagnostic::error("unknown-input", message, *span);
                findings.push(match closest(wanted.as_str(), declared.iter().map(String::as_str)) {
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

fn depends_on_itself(inputs: &[Written], start: &Input) -> bool {
    let mut seen: Vec<&InputId> = Vec::new();
    let mut waiting: Vec<&InputId> = start.depends_on.iter().collect();
    while let Some(id) = waiting.pop() {
        if *id == start.id {
            return true;
        }
        if !seen.contains(&id) {
            seen.push(id);
            let next = inputs
                .iter()
                .map(|written| &written.input)
                .find(|input| input.id == *id);
            waiting.extend(next.into_iter().flat_map(|input| &input.depends_on));
        }
    }
    false
}
