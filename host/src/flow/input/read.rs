//! From a node of the flow to an input.

use super::dependencies;
use super::given::GivenInput;
use super::kind::{InputKind, InputType};
use super::options::{InputOption, Options, Selection};
use super::rules::{self, Keys};
use super::take::shown_value;
use crate::flow::fields::{Fields, plain_text, wrong_kind};
use crate::flow::place::Text;
use crate::flow::property::Property;
use crate::flow::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, InputId, Json, Span, closest};

/// Something a flow asks for.
#[derive(Debug, Clone)]
pub struct Input {
    pub id: InputId,
    pub input_type: InputType,
    pub kind: InputKind,
    /// Whether the flow cannot run without a value.
    pub required: bool,
    /// The value where none is given.
    pub defaults: Option<Preset>,
    /// What a form starts with; it is not the value unless the user says so.
    pub prefill: Option<Preset>,
    pub description: Option<String>,
    pub display_name: Option<String>,
    /// Inputs whose values must be known before, and which are the only ones its expressions see.
    pub depends_on: Vec<InputId>,
    /// Where this is false, the input is left out.
    pub condition: Option<Condition>,
    /// Where the id stands.
    pub span: Span,
}

/// A value that the flow gives to an input.
#[derive(Debug, Clone)]
pub struct Preset {
    pub property: Property,
    /// Where it stands.
    pub span: Span,
}

/// What decides whether an input is asked for.
#[derive(Debug, Clone)]
pub enum Condition {
    Literal(bool),
    Expression(Text),
}

impl Preset {
    /// The value as it is written, where there is no expression in it.
    pub fn literal(&self) -> Option<Json> {
        let texts = self.property.texts();
        let is_literal = texts
            .iter()
            .all(|text| text.template.literal() == Some(text.template.source()));
        is_literal.then(|| self.property.source())
    }
}

impl Input {
    /// All templates of the input.
    pub fn texts(&self) -> Vec<&Text> {
        let presets = [&self.defaults, &self.prefill].into_iter().flatten();
        let mut texts: Vec<&Text> = presets.flat_map(|preset| preset.property.texts()).collect();
        texts.extend(self.kind.selection().and_then(Selection::expression));
        if let Some(Condition::Expression(text)) = &self.condition {
            texts.push(text);
        }
        texts
    }
}

/// What every input may have.
pub(super) const KEYS: [&str; 8] = [
    "id",
    "type",
    "required",
    "defaults",
    "prefill",
    "description",
    "displayName",
    "dependsOn",
];
/// Types of later versions of the dialect.
const LATER_TYPES: [&str; 5] = ["ION", "FORM", "OBJECT", "TABLE", "REUSABLE_INPUTS"];
/// The most inputs of a flow; what depends on what is looked up in lists.
const LIMIT: usize = 500;

/// An input and where the ids stand that it depends on.
pub(super) struct Written {
    pub input: Input,
    pub depends_on: Vec<Span>,
}

/// Reads the inputs of a flow.
pub(in crate::flow) fn read_all(source: &str, nodes: &[Node], findings: &mut Vec<Diagnostic>) -> Vec<Input> {
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
        let clash = inputs
            .iter()
            .find_map(|known| dependencies::clash(&known.input, &written.input));
        match clash {
            Some(finding) => findings.push(finding),
            None => inputs.push(written),
        }
    }
    dependencies::check(&inputs, &declared, findings);
    inputs.into_iter().map(|written| written.input).collect()
}

fn read(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Written> {
    let mut fields = Fields::of(node, "an input", findings)?;
    let id = fields.required("id", "the input", findings);
    let type_name = fields.required("type", "the input", findings);
    let required = fields.flag("required", true, findings);
    let defaults = preset(source, &mut fields, "defaults", findings);
    let prefill = preset(source, &mut fields, "prefill", findings);
    if let (Some(_), Some(prefill)) = (&defaults, &prefill) {
        let finding = Diagnostic::error(
            "conflicting-keys",
            "an input has `defaults` or `prefill`, not both",
            prefill.span,
        );
        findings.push(finding.with_hint("`defaults` is the value where none is given; `prefill` is only suggested"));
    }
    let description = fields.text("description", findings).map(|(text, _)| text);
    let display_name = fields.text("displayName", findings).map(|(text, _)| text);
    let depends_on = fields
        .given("dependsOn")
        .and_then(|(_, node)| depends_on(source, node, findings))
        .unwrap_or_default();
    let input_type = type_name.and_then(|(name, span)| input_type(&name, span, findings));
    let before = findings.len();
    let kind = input_type.and_then(|input_type| rules::read(source, &mut fields, input_type, findings));
    let is_sound = findings.len() == before;
    Keys::of(input_type).finish(fields, findings);
    let (id, span) = id?;
    let id = InputId::parse(&id)
        .map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), span)))
        .ok()?;
    let input = Input {
        id,
        input_type: input_type?,
        kind: kind?,
        required,
        defaults,
        prefill,
        description,
        display_name,
        depends_on: depends_on.ids,
        condition: depends_on.condition,
        span,
    };
    // Rules with faults would find more faults where there is only one.
    if is_sound {
        check_preset(&input, "defaults", input.defaults.as_ref(), findings);
        check_preset(&input, "prefill", input.prefill.as_ref(), findings);
    }
    Some(Written {
        input,
        depends_on: depends_on.places,
    })
}

fn preset(source: &str, fields: &mut Fields<'_>, name: &str, findings: &mut Vec<Diagnostic>) -> Option<Preset> {
    let (_, node) = fields.given(name)?;
    Some(Preset {
        property: Property::read(source, node, findings),
        span: node.span,
    })
}

/// Holds a value without expressions against the type.
fn check_preset(input: &Input, key: &str, preset: Option<&Preset>, findings: &mut Vec<Diagnostic>) {
    let Some(preset) = preset else { return };
    let Some(value) = preset.literal().filter(|value| !value.is_null()) else {
        return;
    };
    let name = &input.input_type.name();
    match input.kind.take(&GivenInput::from(value.clone())) {
        Err(refusal) => {
            let message = format!(
                "an input of type `{name}` takes {}, and `{key}` is `{}`",
                refusal.accepted, refusal.given
            );
            let finding = Diagnostic::error("invalid-default", message, preset.span);
            findings.push(Diagnostic {
                caption: refusal.reason,
                hint: refusal.hint,
                ..finding
            });
        }
        Ok(typed) => {
            if let Some((value, options)) = foreign_value(input, &typed) {
                let message = format!(
                    "`{key}` is `{}`, which is none of the `values`",
                    shown_value(&Json::from(value.as_str()))
                );
                let finding = Diagnostic::error("invalid-default", message, preset.span);
                findings.push(finding.with_hint(InputOption::hint(&value, options)));
            }
        }
    }
}

/// The first value that is none of the options, where those are listed and binding.
fn foreign_value<'i>(input: &'i Input, typed: &Json) -> Option<(String, &'i [InputOption])> {
    let selection = input
        .kind
        .selection()
        .filter(|selection| !selection.allow_custom_value)?;
    let Options::Values(options) = &selection.options else {
        return None;
    };
    let foreign = input.kind.foreign(typed, options)?;
    Some((foreign, options))
}

fn input_type(name: &str, span: Span, findings: &mut Vec<Diagnostic>) -> Option<InputType> {
    let found = InputType::from_name(name);
    if found.is_none() {
        let names = || InputType::ALL.into_iter().map(InputType::name);
        let finding = match LATER_TYPES.contains(&name) {
            true => {
                let message = format!("inputs of type `{name}` are not supported yet");
                Diagnostic::error("not-supported", message, span)
            }
            false => Diagnostic::error("unknown-type", format!("unknown input type `{name}`"), span),
        };
        findings.push(match closest(name, names()) {
            Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
            None => finding.with_hint(format!("the types are {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
    found
}

/// What an input depends on.
#[derive(Default)]
struct DependsOn {
    ids: Vec<InputId>,
    places: Vec<Span>,
    condition: Option<Condition>,
}

fn depends_on(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<DependsOn> {
    let mut fields = Fields::of(node, "`dependsOn`", findings)?;
    let mut found = DependsOn::default();
    for item in fields.list("inputs", findings).unwrap_or_default() {
        let Some(text) = plain_text(item) else {
            findings.push(wrong_kind("an input to depend on", "a string", item));
            continue;
        };
        match InputId::parse(&text) {
            Ok(id) => {
                found.ids.push(id);
                found.places.push(item.span);
            }
            Err(error) => findings.push(Diagnostic::error("invalid-id", error.to_string(), item.span)),
        }
    }
    found.condition = fields
        .given("condition")
        .and_then(|(_, node)| condition(source, node, findings));
    fields.finish("key of `dependsOn`", &["inputs", "condition"], findings);
    Some(found)
}

fn condition(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Condition> {
    let what = "`condition`";
    match &node.kind {
        NodeKind::Scalar(Json::Bool(literal)) => Some(Condition::Literal(*literal)),
        NodeKind::Text(..) => {
            let text = Text::parse(source, node, findings)?;
            match text.template.literal().map(str::trim) {
                None => Some(Condition::Expression(text)),
                Some("true") => Some(Condition::Literal(true)),
                Some("false") => Some(Condition::Literal(false)),
                Some(_) => {
                    findings.push(wrong_kind(what, "an expression, true or false", node));
                    None
                }
            }
        }
        NodeKind::Scalar(_) | NodeKind::List(_) | NodeKind::Map(_) => {
            findings.push(wrong_kind(what, "an expression, true or false", node));
            None
        }
    }
}
