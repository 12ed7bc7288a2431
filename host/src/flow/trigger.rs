//! The triggers of a flow: what would start it elsewhere. They are read and checked whole; begat starts nothing by
//! itself, and says so.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::fields::{Fields, has_expression, plain_text, unknown_key, wrong_kind};
use super::input::{GivenInput, Input, unknown_input};
use super::property::Property;
use super::shape::{Key, Shape, ShapeChecker, key, required};
use super::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, Severity, Span, TriggerId, closest};

/// Something that starts the flow where a server watches for it.
#[derive(Debug, Clone)]
pub struct Trigger {
    pub id: TriggerId,
    /// The type as the flow wrote it.
    pub trigger_type: String,
    pub description: Option<String>,
    pub disabled: bool,
    /// Everything else, such as the cron line.
    pub properties: IndexMap<String, Property>,
    /// Where the id stands.
    pub span: Span,
}

/// A kind of trigger that the language itself has.
pub(super) struct TriggerType {
    /// Its names, the one of today first.
    pub names: &'static [&'static str],
    pub summary: &'static str,
    pub keys: &'static [Key],
}

const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
const CONDITION: Shape = Shape::Map;

/// What every trigger may have besides `id`, `type`, `description` and `disabled`.
pub(super) const COMMON_KEYS: [Key; 12] = [
    key("version", Shape::Text, "the version of the plugin that has the type"),
    key("conditions", Shape::List(&CONDITION), "what must hold as well"),
    key("when", Shape::Text, "an expression that must be true as well"),
    key("workerGroup", Shape::Map, "where a server evaluates the trigger"),
    key("workerSelector", Shape::Map, "where a server evaluates the trigger"),
    key(
        "logLevel",
        Shape::Choice(&LEVELS),
        "the least level of lines that are kept",
    ),
    key("logToFile", Shape::Boolean, "whether the log goes into a file"),
    key("labels", Shape::Any, "labels of the executions it starts"),
    key(
        "stopAfter",
        Shape::List(&Shape::Text),
        "states of an execution that turn the trigger off",
    ),
    key(
        "failOnTriggerError",
        Shape::Boolean,
        "whether an error of the trigger makes a failed execution",
    ),
    key(
        "allowConcurrent",
        Shape::Boolean,
        "whether it fires while an execution runs",
    ),
    key("assets", Shape::Map, "what the trigger uses and makes"),
];
const WINDOW: [Key; 7] = [
    key("type", Shape::Text, "the kind of window"),
    key("window", Shape::Duration, "how long the window is"),
    key("windowAdvance", Shape::Duration, "how far the window is moved"),
    key("deadline", Shape::Text, "the time of day by which it must hold"),
    key("startTime", Shape::Text, "the time of day at which the window opens"),
    key("endTime", Shape::Text, "the time of day at which the window closes"),
    key("every", Shape::Duration, "how often the window opens"),
];
const UPSTREAM_FLOW: [Key; 5] = [
    key("namespace", Shape::Text, "the namespace of the flow"),
    required("flowId", Shape::Text, "the id of the flow"),
    key(
        "states",
        Shape::List(&Shape::Text),
        "the states its execution may end in",
    ),
    key("labels", Shape::Any, "labels its execution must have"),
    key("id", Shape::Text, "a name for this flow"),
];
const PRECONDITIONS: [Key; 5] = [
    required("id", Shape::Text, "a name for the preconditions"),
    key("timeWindow", Shape::Keys(&WINDOW), "the time in which all must hold"),
    key("resetOnSuccess", Shape::Boolean, "whether each success starts over"),
    key(
        "flows",
        Shape::List(&Shape::Keys(&UPSTREAM_FLOW)),
        "the flows that must have ended",
    ),
    key(
        "where",
        Shape::List(&Shape::Map),
        "filters on executions that must have ended",
    ),
];
const INPUTS: Key = key("inputs", Shape::Map, "inputs of the executions it starts");
const BACKFILL: [Key; 4] = [
    key("start", Shape::Instant, "the first moment that is made up for"),
    key("end", Shape::Instant, "the last moment that is made up for"),
    INPUTS,
    key("labels", Shape::Any, "labels of the executions it starts"),
];
const RECOVER: [&str; 3] = ["ALL", "LAST", "NONE"];
const RECOVER_MISSED: Key = key(
    "recoverMissedSchedules",
    Shape::Choice(&RECOVER),
    "which missed moments are made up for",
);

/// The kinds of trigger that the language itself has. Those of plugins are taken as they are.
pub(super) const TYPES: [TriggerType; 5] = [
    TriggerType {
        names: &[
            "io.kestra.plugin.core.trigger.Schedule",
            "io.kestra.core.models.triggers.types.Schedule",
        ],
        summary: "at the moments a cron line names",
        keys: &[
            required(
                "cron",
                Shape::Cron,
                "minute, hour, day of the month, month, day of the week",
            ),
            key("timezone", Shape::TimeZone, "the time zone of the cron line"),
            key(
                "withSeconds",
                Shape::Boolean,
                "whether the cron line begins with seconds",
            ),
            INPUTS,
            key("backfill", Shape::Keys(&BACKFILL), "moments of the past to make up for"),
            RECOVER_MISSED,
            key("lateMaximumDelay", Shape::Duration, "how late it may still fire"),
            key(
                "scheduleConditions",
                Shape::List(&CONDITION),
                "what must hold as well; the old name of conditions",
            ),
        ],
    },
    TriggerType {
        names: &["io.kestra.plugin.core.trigger.ScheduleOnDates"],
        summary: "at listed moments",
        keys: &[
            required("dates", Shape::List(&Shape::Instant), "the moments"),
            key("timezone", Shape::TimeZone, "the time zone of the moments"),
            INPUTS,
            RECOVER_MISSED,
        ],
    },
    TriggerType {
        names: &[
            "io.kestra.plugin.core.trigger.Flow",
            "io.kestra.core.models.triggers.types.Flow",
        ],
        summary: "when executions of other flows end",
        keys: &[
            INPUTS,
            key(
                "states",
                Shape::List(&Shape::Text),
                "the states an execution may end in",
            ),
            key(
                "preconditions",
                Shape::Keys(&PRECONDITIONS),
                "the executions that must have ended",
            ),
            key("dependsOn", Shape::Any, "the executions that must have ended"),
            key("window", Shape::Any, "the time in which all must hold"),
        ],
    },
    TriggerType {
        names: &[
            "io.kestra.plugin.core.trigger.Webhook",
            "io.kestra.core.models.triggers.types.Webhook",
        ],
        summary: "when its address is called",
        keys: &[
            required("key", Shape::Text, "the secret part of its address"),
            INPUTS,
            key("wait", Shape::Boolean, "whether the caller waits for the end"),
            key("returnOutputs", Shape::Boolean, "whether the caller gets the outputs"),
            key("responseContentType", Shape::Text, "the media type of the answer"),
            key("responseCode", Shape::Whole, "the status of the answer"),
        ],
    },
    TriggerType {
        names: &["io.kestra.plugin.core.http.Trigger", "io.kestra.plugin.fs.http.Trigger"],
        summary: "when a response fulfils a condition",
        keys: &[
            required("uri", Shape::Text, "the address to ask"),
            key("interval", Shape::Duration, "how often to ask"),
            key("method", Shape::Text, "the method of the request"),
            key("responseCondition", Shape::Text, "what must hold of the response"),
            key("params", Shape::Map, "parameters of the request"),
            key("body", Shape::Text, "the body of the request"),
            key("formData", Shape::Map, "a form as the body of the request"),
            key("contentType", Shape::Text, "the media type of the body"),
            key("headers", Shape::Map, "headers of the request"),
            key("options", Shape::Map, "how the request is made"),
            key("sslOptions", Shape::Map, "how the request is encrypted"),
            key("encryptBody", Shape::Boolean, "whether the body is kept encrypted"),
        ],
    },
];
/// Triggers of the dialect's core begin so; a name that begins so and is unknown is a mistake.
const CORE: [&str; 2] = ["io.kestra.plugin.core.", "io.kestra.core."];
/// What triggers of plugins have often enough to be looked at.
pub(super) const PLUGIN_KEYS: [Key; 1] = [key("interval", Shape::Duration, "how often to look")];

/// Reads the triggers of a flow, and says that begat starts no flow by itself.
pub(super) fn of_flow(
    source: &str,
    fields: &mut Fields<'_>,
    inputs: &[Input],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Trigger> {
    let Some((key, node)) = fields.given("triggers") else {
        return Vec::new();
    };
    match &node.kind {
        NodeKind::List(items) if items.is_empty() => Vec::new(),
        NodeKind::List(items) => {
            note_not_fired(key.span, findings);
            read_all(source, items, inputs, findings)
        }
        _ => {
            findings.push(wrong_kind("`triggers`", "a list", node));
            Vec::new()
        }
    }
}

fn read_all(source: &str, nodes: &[Node], inputs: &[Input], findings: &mut Vec<Diagnostic>) -> Vec<Trigger> {
    let mut triggers: Vec<Trigger> = Vec::new();
    let mut places: HashMap<TriggerId, Span> = HashMap::new();
    for node in nodes {
        let Some(trigger) = read(source, node, inputs, findings) else {
            continue;
        };
        if let Some(first) = places.get(&trigger.id) {
            let message = format!("the trigger `{}` is declared twice", trigger.id);
            let finding = Diagnostic::error("duplicate-id", message, trigger.span).with_caption("again here");
            findings.push(finding.with_label(*first, "first here"));
        } else {
            places.insert(trigger.id.clone(), trigger.span);
        }
        triggers.push(trigger);
    }
    triggers
}

fn note_not_fired(key: Span, findings: &mut Vec<Diagnostic>) {
    let message = "triggers are checked and start nothing here: begat runs a flow when it is told to";
    let finding = Diagnostic::error("trigger-not-fired", message, key).with_severity(Severity::Note);
    findings.push(finding.with_hint("start it with `begat run` from cron, a systemd timer or a CI job"));
}

fn read(source: &str, node: &Node, inputs: &[Input], findings: &mut Vec<Diagnostic>) -> Option<Trigger> {
    let mut fields = Fields::of(node, "a trigger", findings)?;
    let id = fields.required("id", "the trigger", findings);
    let type_name = fields.required("type", "the trigger", findings);
    let description = fields.text("description", findings).map(|(text, _)| text);
    let disabled = fields.flag("disabled", false, findings);
    let found = type_name.as_ref().and_then(|(name, span)| find(name, *span, findings));
    let start = fields.span;
    let rest = fields.rest();
    let mut properties = IndexMap::new();
    for (key, node) in &rest {
        properties.insert(key.name.clone(), Property::read(source, node, findings));
    }
    check_keys(source, node, found, findings);
    let given = node.entry("inputs").filter(|node| !node.is_null());
    if let Some(node) = given.filter(|_| found.is_some()) {
        check_inputs(node, inputs, findings);
    }
    if found.is_some() && !disabled {
        let span = id.as_ref().map_or(start, |(_, span)| *span);
        check_required_inputs(given, span, inputs, findings);
    }
    let (id, span) = id?;
    let id = TriggerId::parse(&id)
        .map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), span)))
        .ok()?;
    Some(Trigger {
        id,
        trigger_type: type_name?.0,
        description,
        disabled,
        properties,
        span,
    })
}

fn find(name: &str, span: Span, findings: &mut Vec<Diagnostic>) -> Option<&'static TriggerType> {
    let found = TYPES.iter().find(|known| known.names.contains(&name));
    let names = || TYPES.iter().flat_map(|known| known.names.iter().copied());
    let is_core = CORE.iter().any(|prefix| name.starts_with(prefix));
    if found.is_some() || (name.contains('.') && !is_core) {
        return found;
    }
    // Only the last part differs from name to name, so that is what is compared.
    let short = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    let wanted = name.rsplit('.').next().unwrap_or(name);
    let near = names().find(|known| closest(wanted, [short(known)]).is_some());
    let finding = Diagnostic::error("unknown-trigger-type", format!("unknown trigger type `{name}`"), span);
    findings.push(match near {
        Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
        None => {
            let known: Vec<&str> = TYPES.iter().map(|known| known.names[0]).collect();
            finding.with_hint(format!("there are {}", known.join(", ")))
        }
    });
    None
}

fn check_keys(source: &str, node: &Node, found: Option<&TriggerType>, findings: &mut Vec<Diagnostic>) {
    let Some(mut fields) = Fields::of(node, "a trigger", findings) else {
        return;
    };
    for name in ["id", "type", "description", "disabled"] {
        fields.take(name);
    }
    let own = found.map_or(PLUGIN_KEYS.as_slice(), |found| found.keys);
    if let Some((_, line)) = fields.take("cron").filter(|(_, line)| !line.is_null()) {
        check_cron(source, line, node, findings);
    } else if let Some(key) = own.iter().find(|key| key.name == "cron") {
        let finding = Diagnostic::error("missing-key", "the trigger has no `cron`", fields.span);
        findings.push(finding.with_hint(key.summary));
    }
    let own: Vec<Key> = own.iter().filter(|key| key.name != "cron").copied().collect();
    let mut checker = ShapeChecker { source, findings };
    checker.take_keys("the trigger", &COMMON_KEYS, &mut fields);
    checker.take_keys("the trigger", &own, &mut fields);
    if found.is_some() {
        let keys = own.iter().chain(&COMMON_KEYS).map(|key| key.name);
        let names: Vec<&str> = ["id", "type", "description", "disabled"]
            .into_iter()
            .chain(keys)
            .collect();
        for (key, _) in fields.rest() {
            // Nothing here acts on a trigger, so a key of a version to come is no reason to refuse the flow.
            let severity = match closest(&key.name, names.iter().copied()) {
                Some(_) => Severity::Error,
                None => Severity::Warning,
            };
            findings.push(unknown_key("key of this trigger", key, names.iter().copied()).with_severity(severity));
        }
    }
}

/// Whether a cron line has seconds is said beside it.
fn check_cron(source: &str, line: &Node, trigger: &Node, findings: &mut Vec<Diagnostic>) {
    let with_seconds = trigger
        .entry("withSeconds")
        .is_some_and(|node| plain_text(node).as_deref() == Some("true"));
    match plain_text(line) {
        Some(text) if has_expression(&text) => {}
        Some(text) => ShapeChecker { source, findings }.cron(&text, with_seconds, line),
        None => findings.push(wrong_kind("`cron`", "a string", line)),
    }
}

/// Holds what a trigger gives against the inputs of the flow.
fn check_inputs(node: &Node, inputs: &[Input], findings: &mut Vec<Diagnostic>) {
    let NodeKind::Map(entries) = &node.kind else { return };
    for (key, value) in entries {
        let Some(input) = inputs.iter().find(|input| input.id.as_str() == key.name) else {
            let nests = |input: &Input| input.id.as_str().starts_with(&format!("{}.", key.name));
            if !inputs.iter().any(nests) {
                findings.push(unknown_input(&key.name, key.span, inputs));
            }
            continue;
        };
        let text = plain_text(value);
        if text.as_deref().is_some_and(has_expression) || text.is_none() {
            continue;
        }
        if let Err(refusal) = input.kind.take(&GivenInput::from(value.to_json())) {
            let message = format!(
                "the input `{}` takes {}, not `{}`",
                input.id, refusal.accepted, refusal.given
            );
            let finding = Diagnostic::error("invalid-input", message, value.span);
            findings.push(Diagnostic {
                caption: refusal.reason,
                hint: refusal.hint,
                ..finding
            });
        }
    }
}

/// Says which inputs would be missing in what the trigger starts.
fn check_required_inputs(given: Option<&Node>, span: Span, inputs: &[Input], findings: &mut Vec<Diagnostic>) {
    let entries = match given.map(|node| &node.kind) {
        None => &[],
        Some(NodeKind::Map(entries)) => entries.as_slice(),
        Some(_) => return,
    };
    let is_given = |input: &Input| {
        let id = input.id.as_str();
        let is_within = |outer: &str| id.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        entries.iter().any(|(key, _)| key.name == id || is_within(&key.name))
    };
    let has_value = |input: &&Input| {
        let selects = input
            .kind
            .selection()
            .is_some_and(|selection| selection.auto_select_first);
        !input.required || input.defaults.is_some() || input.condition.is_some() || selects || is_given(input)
    };
    let missing: Vec<String> = inputs
        .iter()
        .filter(|input| !has_value(input))
        .map(|input| format!("`{}`", input.id))
        .collect();
    let (what, them) = match missing.as_slice() {
        [] => return,
        [only] => (format!("the required input {only}"), "it"),
        several => (format!("the required inputs {}", several.join(", ")), "them"),
    };
    let message = format!("the trigger gives no value for {what}, so that nothing it starts could run");
    let finding = Diagnostic::error("missing-input", message, span).with_severity(Severity::Warning);
    findings.push(finding.with_hint(format!(
        "give {them} under `inputs` of the trigger, or give {them} `defaults`"
    )));
}
