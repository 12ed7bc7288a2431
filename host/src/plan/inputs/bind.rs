//! One input after the other, each with what is known by then.

use std::collections::HashSet;

use serde_json::json;

use super::choose;
use super::files::{self, FileOrigin};
use super::findings::{self, Origin};
use super::secrets::Secrets;
use crate::expr::Scope;
use crate::flow::{
    Condition, Flow, GivenInput, Input, InputKind, InputOption, InputType, Preset, Selection, Text, unknown_input,
};
use crate::model::{Diagnostic, InputId, Json, JsonMap};
use crate::plan::PlanRequest;

/// The values of all inputs.
pub(in crate::plan) struct Bound {
    pub values: JsonMap,
    /// The values with the secret ones masked.
    pub recorded: JsonMap,
    pub secrets: Vec<InputId>,
}

/// Gives each input its value; what cannot be is added to `findings`.
pub(in crate::plan) fn bind(flow: &Flow, request: &PlanRequest<'_>, findings: &mut Vec<Diagnostic>) -> Bound {
    let mut binder = Binder::new(flow, request);
    findings.extend(binder.unknown_names());
    while let Some(input) = binder.next() {
        match binder.settle(input) {
            Settled::Done => {}
            Settled::Missing => findings.push(findings::missing(input)),
            Settled::Failed(finding) => findings.push(*finding),
        }
    }
    binder.finish()
}

/// What became of an input.
pub(super) enum Settled {
    /// It has a value, or needs none.
    Done,
    /// It is required, and nothing gives it a value.
    Missing,
    Failed(Box<Diagnostic>),
}

/// A value, where it comes from, and whether it was made from a secret.
struct Found<'a> {
    value: Json,
    origin: Origin<'a>,
    is_secret: bool,
}

/// The inputs of a flow on their way to values.
pub(super) struct Binder<'a> {
    flow: &'a Flow,
    request: &'a PlanRequest<'a>,
    values: JsonMap,
    settled: HashSet<&'a InputId>,
    /// Inputs that should have a value and have none. What depends on them is not tried: one finding is enough.
    without: Vec<&'a InputId>,
    /// Inputs that their condition leaves out, and with them what depends on them.
    left_out: Vec<&'a InputId>,
    secrets: Secrets,
}

impl<'a> Binder<'a> {
    pub(super) fn new(flow: &'a Flow, request: &'a PlanRequest<'a>) -> Self {
        Self {
            flow,
            request,
            values: JsonMap::new(),
            settled: HashSet::new(),
            without: Vec::new(),
            left_out: Vec::new(),
            secrets: Secrets::default(),
        }
    }

    /// A finding for each given name that no input has.
    pub(super) fn unknown_names(&self) -> impl Iterator<Item = Diagnostic> {
        let inputs = &self.flow.inputs;
        let is_unknown = |name: &&String| !inputs.iter().any(|input| input.id.as_str() == *name);
        let names = self.request.inputs.keys().filter(is_unknown);
        names.map(|name| unknown_input(name, None, inputs))
    }

    /// The first input that is not settled and whose dependencies all are. Circles are found when the flow is checked;
    /// here they only must not loop.
    pub(super) fn next(&self) -> Option<&'a Input> {
        let is_settled = |id: &InputId| self.settled.contains(id);
        self.flow
            .inputs
            .iter()
            .find(|input| !is_settled(&input.id) && input.depends_on.iter().all(is_settled))
    }

    /// Finds the input's value.
    pub(super) fn settle(&mut self, input: &'a Input) -> Settled {
        self.settled.insert(&input.id);
        let depends_on = |ids: &[&InputId]| input.depends_on.iter().any(|dependency| ids.contains(&dependency));
        if depends_on(&self.without) {
            self.without.push(&input.id);
            return Settled::Done;
        }
        if depends_on(&self.left_out) {
            self.left_out.push(&input.id);
            return Settled::Done;
        }
        let scope = self.scope(input);
        let found = match is_wanted(input, &scope) {
            Ok(true) => self.find(input, &scope),
            Ok(false) => {
                self.left_out.push(&input.id);
                return Settled::Done;
            }
            Err(finding) => Err(finding),
        };
        match found {
            Ok(Some(found)) => {
                if found.is_secret {
                    self.secrets.add(&input.id);
                }
                self.values.insert(input.id.to_string(), found.value);
                Settled::Done
            }
            // What is optional is there and says nothing, so that expressions can ask for it.
            Ok(None) if !input.required => {
                self.values.insert(input.id.to_string(), Json::Null);
                Settled::Done
            }
            Ok(None) => {
                self.without.push(&input.id);
                Settled::Missing
            }
            Err(finding) => {
                self.without.push(&input.id);
                Settled::Failed(self.redacted(*finding))
            }
        }
    }

    /// The finding with no secret in its words.
    pub(super) fn redacted(&self, finding: Diagnostic) -> Box<Diagnostic> {
        Box::new(self.secrets.redacted(finding, &self.values))
    }

    /// Whether what the templates give is secret because they read a secret.
    pub(super) fn is_secret(&self, texts: &[&Text]) -> bool {
        self.secrets.are_read_by(texts)
    }

    /// The variables that the expressions of an input see: of the inputs only those it depends on.
    pub(super) fn scope(&self, input: &Input) -> Scope<'a> {
        let (flow, request) = (self.flow, self.request);
        let visible: JsonMap = input
            .depends_on
            .iter()
            .filter_map(|id| {
                self.values
                    .get(id.as_str())
                    .map(|value| (id.to_string(), value.clone()))
            })
            .collect();
        Scope::new(request.now)
            .with_catalog(request.catalog)
            .with_namespace(&flow.namespace)
            .with("flow", json!({"id": flow.id, "namespace": flow.namespace}))
            .with(
                "execution",
                json!({"id": request.execution, "startDate": request.now, "state": "CREATED"}),
            )
            .with("labels", Json::Object(flow.plain_labels()))
            .with("inputs", Json::Object(nested(&visible)))
    }

    /// The given value, else the default, else the first option where the flow says so.
    fn find(&self, input: &'a Input, scope: &Scope<'_>) -> Result<Option<Found<'a>>, Box<Diagnostic>> {
        let given = self
            .request
            .inputs
            .get(input.id.as_str())
            .filter(|given| !given.is_null());
        let found = match given {
            Some(given) => Some(self.typed(input, given, Origin::User)?),
            None => self.default(input, scope)?,
        };
        let found = self.choose(input, found, scope)?;
        let Some(mut found) = found else {
            return Ok(None);
        };
        if let InputKind::File { .. } | InputKind::Array { item: InputType::File } = input.kind {
            let origin = match found.origin {
                Origin::User => FileOrigin::User,
                Origin::Default(_) | Origin::First => FileOrigin::Flow,
            };
            found.value = files::find(&found.value, origin, self.request.files)
                .map_err(|reason| findings::no_file(input, &reason, found.origin))?;
        }
        Ok(Some(found))
    }

    fn typed(&self, input: &Input, given: &GivenInput, origin: Origin<'a>) -> Result<Found<'a>, Box<Diagnostic>> {
        let texts: Vec<&Text> = match origin {
            Origin::Default(preset) => preset.property.texts(),
            // What is chosen from secrets is one, whoever chooses.
            Origin::User | Origin::First => input
                .kind
                .selection()
                .and_then(Selection::expression)
                .into_iter()
                .collect(),
        };
        let is_secret = input.kind.is_secret() || self.is_secret(&texts);
        match input.kind.take(given) {
            Ok(value) => Ok(Found {
                value,
                origin,
                is_secret,
            }),
            Err(refusal) => Err(Box::new(findings::refused(input, refusal, origin, is_secret))),
        }
    }

    fn default(&self, input: &'a Input, scope: &Scope<'_>) -> Result<Option<Found<'a>>, Box<Diagnostic>> {
        let Some(preset) = &input.defaults else {
            return Ok(None);
        };
        match rendered(input, "defaults", preset, scope)? {
            Json::Null => Ok(None),
            value => {
                let given = GivenInput::from(value);
                self.typed(input, &given, Origin::Default(preset)).map(Some)
            }
        }
    }

    /// Holds a value against the options, where the input is a choice, and takes the first where there is none.
    fn choose(
        &self,
        input: &Input,
        found: Option<Found<'a>>,
        scope: &Scope<'_>,
    ) -> Result<Option<Found<'a>>, Box<Diagnostic>> {
        let Some(selection) = input.kind.selection() else {
            return Ok(found);
        };
        // With a value that may be anything, the options do not matter, nor whether there are any.
        if found.is_some() && selection.allow_custom_value {
            return Ok(found);
        }
        let options = choose::options(input, selection, scope)?;
        match found {
            Some(found) => {
                choose::check(input, &found.value, &options, found.origin, found.is_secret)?;
                Ok(Some(found))
            }
            None => {
                let first = options.first().filter(|_| selection.auto_select_first);
                let first = first.map(|option| self.typed(input, &first_of(input, option), Origin::First));
                first.transpose()
            }
        }
    }

    fn finish(mut self) -> Bound {
        let ids = self.flow.inputs.iter().map(|input| input.id.as_str());
        let values: JsonMap = ids
            .filter_map(|id| self.values.shift_remove(id).map(|value| (id.to_owned(), value)))
            .collect();
        Bound {
            recorded: self.secrets.masked(&values),
            values,
            secrets: self.secrets.into_ids(),
        }
    }
}

/// Whether the input is asked for at all.
fn is_wanted(input: &Input, scope: &Scope<'_>) -> Result<bool, Box<Diagnostic>> {
    let text = match &input.condition {
        None => return Ok(true),
        Some(Condition::Literal(literal)) => return Ok(*literal),
        Some(Condition::Expression(text)) => text,
    };
    let value = text
        .evaluate(scope)
        .map_err(|error| findings::unresolved(input, "condition", &error))?;
    match Json::from(&value) {
        Json::Bool(wanted) => Ok(wanted),
        Json::Null => Ok(false),
        Json::String(text) if text.trim() == "true" => Ok(true),
        Json::String(text) if text.trim() == "false" => Ok(false),
        _ => {
            let problem = "gives neither true nor false";
            let finding = findings::wrong_result(input, "condition", problem, text.span());
            let caption = format!("gives a {}", value.kind());
            let hint = "write one expression, such as \"{{ inputs.kind == 'VM' }}\"";
            Err(Box::new(finding.with_caption(caption).with_hint(hint)))
        }
    }
}

/// What the flow gives to an input, its expressions rendered: as text for an input that is one.
pub(super) fn rendered(input: &Input, key: &str, preset: &Preset, scope: &Scope<'_>) -> Result<Json, Box<Diagnostic>> {
    let rendered = match &input.kind {
        InputKind::String { .. } | InputKind::Secret { .. } => preset.property.render(scope),
        _ => preset.property.evaluate(scope),
    };
    rendered.map_err(|error| Box::new(findings::unresolved(input, key, &error)))
}

/// The first option as the input takes it.
fn first_of(input: &Input, option: &InputOption) -> GivenInput {
    match &input.kind {
        InputKind::Multiselect { .. } => GivenInput::Value(json!([option.value])),
        _ => GivenInput::Text(option.value.clone()),
    }
}

/// Turns ids with dots into maps within maps.
pub fn nested(inputs: &JsonMap) -> JsonMap {
    let mut root = JsonMap::new();
    for (id, value) in inputs {
        let mut place = &mut root;
        let mut parts = id.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                place.insert(part.to_owned(), value.clone());
                break;
            }
            let inner = place.entry(part.to_owned()).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            let Json::Object(map) = inner else { break };
            place = map;
        }
    }
    root
}
