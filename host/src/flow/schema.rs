//! What a plugin's JSON Schema says of the properties a flow gives: their names, which must be there, and their kinds.

use super::fields::{has_expression, unknown_key};
use super::yaml::{Key, Node, NodeKind};
use crate::model::{Diagnostic, Json, Span, TaskType};

/// The JSON kinds a schema takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted(u8);

const KINDS: [(&str, &str); 7] = [
    ("string", "a string"),
    ("number", "a number"),
    ("boolean", "a boolean"),
    ("array", "a list"),
    ("object", "a map"),
    ("null", "nothing"),
    ("integer", "a whole number"),
];
const STRING: u8 = 1;
const ANY: u8 = 0b111_1111;
/// How many references of a schema are followed: a plugin's schema may point to itself.
const REFERENCES: usize = 16;
/// How deep values are checked: a property, what is in it, and what is in that, such as the keys of each map of a list.
const LEVELS: usize = 3;

impl Wanted {
    /// Every kind.
    pub const ANYTHING: Wanted = Wanted(ANY);

    /// The kinds that the schema of one property of a task type takes.
    pub fn of(task_type: &TaskType, property: &str) -> Self {
        let schema = task_type.properties.get("properties").and_then(|all| all.get(property));
        schema.map_or(Self::ANYTHING, |schema| Wanted(kinds(&task_type.properties, schema)))
    }

    /// Whether only strings are taken.
    pub fn is_text_only(self) -> bool {
        self.0 & !bit("null") == STRING
    }

    /// Whether values of this kind are taken.
    pub fn takes(self, value: &Json) -> bool {
        self.0 & kind_of(value) != 0
    }

    fn in_words(self) -> String {
        let words: Vec<&str> = KINDS
            .iter()
            .filter(|(name, _)| *name != "null" && self.0 & bit(name) != 0)
            .filter(|(name, _)| *name != "integer" || self.0 & bit("number") == 0)
            .map(|(_, words)| *words)
            .collect();
        words.join(" or ")
    }
}

fn bit(kind: &str) -> u8 {
    KINDS
        .iter()
        .position(|(known, _)| *known == kind)
        .map_or(ANY, |place| 1 << place)
}

/// All kinds that a value is of: a whole number is a number too.
fn kind_of(value: &Json) -> u8 {
    match value {
        Json::String(_) => bit("string"),
        Json::Number(number) if number.is_f64() => bit("number"),
        Json::Number(_) => bit("number") | bit("integer"),
        Json::Bool(_) => bit("boolean"),
        Json::Array(_) => bit("array"),
        Json::Object(_) => bit("object"),
        Json::Null => bit("null"),
    }
}

/// The schemas that a schema stands for: `$ref` within the document, `anyOf` and `oneOf` are followed. Nothing where
/// that leads too far.
fn variants<'s>(root: &'s Json, schema: &'s Json, depth: usize) -> Option<Vec<&'s Json>> {
    if depth > REFERENCES {
        return None;
    }
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        let target = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer))?;
        return variants(root, target, depth + 1);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(key).and_then(Json::as_array) {
            let all: Option<Vec<_>> = choices.iter().map(|choice| variants(root, choice, depth + 1)).collect();
            return all.map(|all| all.concat());
        }
    }
    Some(vec![schema])
}

/// The kinds a schema takes.
fn kinds(root: &Json, schema: &Json) -> u8 {
    let variants = variants(root, schema, 0);
    variants.map_or(ANY, |variants| {
        variants.into_iter().fold(0, |all, variant| all | kinds_of_one(variant))
    })
}

fn kinds_of_one(schema: &Json) -> u8 {
    match schema.get("type") {
        Some(Json::String(kind)) => bit(kind),
        Some(Json::Array(list)) => list
            .iter()
            .filter_map(Json::as_str)
            .fold(0, |all, kind| all | bit(kind)),
        _ => choices(schema).map_or(ANY, |values| values.iter().fold(0, |all, value| all | kind_of(value))),
    }
}

/// The values that a schema lists.
fn choices(schema: &Json) -> Option<Vec<&Json>> {
    let listed = schema
        .get("enum")
        .and_then(Json::as_array)
        .map(|values| values.iter().collect());
    listed.or_else(|| schema.get("const").map(|value| vec![value]))
}

/// Checks the properties of one task against its type.
pub(super) fn check(task_type: &TaskType, given: &[&(Key, Node)], task: Span, findings: &mut Vec<Diagnostic>) {
    let schema = &task_type.properties;
    let empty = serde_json::Map::new();
    let known = schema.get("properties").and_then(Json::as_object).unwrap_or(&empty);
    let closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
    for (key, node) in given {
        match known.get(&key.name) {
            None if closed => {
                let names = known.keys().map(String::as_str);
                findings.push(unknown_key(&format!("property of `{}`", task_type.name), key, names));
            }
            None => {}
            Some(property) => Checker { root: schema, findings }.value(property, &key.name, node, 1),
        }
    }
    let required = schema.get("required").and_then(Json::as_array);
    for name in required.into_iter().flatten().filter_map(Json::as_str) {
        if !given.iter().any(|(key, _)| key.name == name) {
            let message = format!("the property `{name}` of `{}` is missing", task_type.name);
            let words = known
                .get(name)
                .and_then(|schema| schema.get("description"))
                .and_then(Json::as_str);
            let finding = Diagnostic::error("missing-property", message, task);
            findings.push(finding.with_hint(format!("`{name}`: {}", words.unwrap_or("it is required"))));
        }
    }
}

/// A key that a value never has.
pub(super) struct MissingKey<'s> {
    /// How many keys come before it.
    pub depth: usize,
    /// What there is beside it.
    pub known: Vec<&'s str>,
}

/// Finds the first key of a path that no value of the schema has. Where an object lists properties and does not say
/// that there are more, there are no more.
pub(super) fn missing_key<'s>(root: &'s Json, path: &[String]) -> Option<MissingKey<'s>> {
    const OPEN: [&str; 4] = ["allOf", "patternProperties", "if", "unevaluatedProperties"];
    let mut schema = root;
    for (depth, key) in path.iter().enumerate() {
        let variants = variants(root, schema, 0)?;
        let is_null = |variant: &&&Json| variant.get("type").and_then(Json::as_str) == Some("null");
        let mut variants = variants.iter().filter(|variant| !is_null(variant));
        let (Some(only), None) = (variants.next(), variants.next()) else {
            return None;
        };
        if OPEN.iter().any(|keyword| only.get(keyword).is_some()) {
            return None;
        }
        let properties = only.get("properties").and_then(Json::as_object);
        schema = match (
            properties.and_then(|all| all.get(key)),
            only.get("additionalProperties"),
        ) {
            (Some(property), _) => property,
            (None, Some(others @ Json::Object(_))) => others,
            (None, Some(Json::Bool(true))) => return None,
            (None, None) if properties.is_none_or(|all| all.is_empty()) => return None,
            (None, _) => {
                let known = properties.into_iter().flat_map(|all| all.keys().map(String::as_str));
                return Some(MissingKey {
                    depth,
                    known: known.collect(),
                });
            }
        };
    }
    None
}

/// Holds values against the schemas of one document.
struct Checker<'a> {
    root: &'a Json,
    findings: &'a mut Vec<Diagnostic>,
}

impl Checker<'_> {
    fn value(&mut self, schema: &Json, name: &str, node: &Node, level: usize) {
        if matches!(&node.kind, NodeKind::Text(text, _) if has_expression(text)) {
            return;
        }
        let Some(variants) = variants(self.root, schema, 0) else {
            return;
        };
        let wanted = Wanted(kinds(self.root, schema));
        let value = node.to_json();
        if !wanted.takes(&value) {
            let message = format!("`{name}` must be {}, not {}", wanted.in_words(), node.kind_name());
            self.findings.push(Diagnostic::error("wrong-type", message, node.span));
            return;
        }
        let fitting: Vec<&Json> = variants
            .into_iter()
            .filter(|variant| kinds_of_one(variant) & kind_of(&value) != 0)
            .collect();
        self.choice(&fitting, name, node);
        // Where several variants fit, which one is meant is the plugin's to say.
        if let ([only], true) = (fitting.as_slice(), level < LEVELS) {
            self.content(only, name, node, level);
        }
    }

    /// Where a schema lists the texts it takes, checks a text against them.
    fn choice(&mut self, variants: &[&Json], name: &str, node: &Node) {
        let NodeKind::Text(text, _) = &node.kind else {
            return;
        };
        let lists: Option<Vec<_>> = variants.iter().map(|variant| choices(variant)).collect();
        let Some(lists) = lists else { return };
        let texts: Vec<&str> = lists.into_iter().flatten().filter_map(Json::as_str).collect();
        if !texts.contains(&text.as_str()) {
            let message = format!("`{text}` is no value of `{name}`");
            let finding = Diagnostic::error("unknown-value", message, node.span);
            self.findings
                .push(finding.with_hint(format!("one of {}", texts.join(", "))));
        }
    }

    fn content(&mut self, schema: &Json, name: &str, node: &Node, level: usize) {
        match &node.kind {
            NodeKind::Text(..) | NodeKind::Scalar(_) => {}
            NodeKind::List(items) => {
                let Some(schema) = schema.get("items") else { return };
                for (place, item) in items.iter().enumerate() {
                    self.value(schema, &format!("{name}[{place}]"), item, level + 1);
                }
            }
            NodeKind::Map(entries) => {
                for (key, value) in entries {
                    self.entry(schema, name, key, value, level);
                }
                let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
                for missing in required
                    .filter_map(Json::as_str)
                    .filter(|wanted| node.entry(wanted).is_none())
                {
                    let message = format!("`{name}` has no `{missing}`");
                    self.findings
                        .push(Diagnostic::error("missing-property", message, node.span));
                }
            }
        }
    }

    fn entry(&mut self, schema: &Json, name: &str, key: &Key, value: &Node, level: usize) {
        let known = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties");
        match (known.and_then(|known| known.get(&key.name)), others) {
            (Some(schema), _) => self.value(schema, &format!("{name}.{}", key.name), value, level + 1),
            (None, Some(Json::Bool(false))) => {
                let names = known.into_iter().flat_map(|known| known.keys().map(String::as_str));
                self.findings.push(unknown_key(&format!("key of `{name}`"), key, names));
            }
            (None, Some(schema @ Json::Object(_))) => {
                self.value(schema, &format!("{name}.{}", key.name), value, level + 1);
            }
            (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_follow_references_and_choices() {
        let schema = json!({
            "properties": {
                "message": {"$ref": "#/$defs/Message"},
                "count": {"type": ["integer", "null"]},
                "level": {"$ref": "#/$defs/Level"},
                "any": {},
            },
            "$defs": {
                "Message": {"anyOf": [{"type": "string"}, {"type": "array"}]},
                "Level": {"type": "string", "enum": ["INFO"]},
            },
        });
        let task_type = TaskType {
            name: "t".into(),
            aliases: vec![],
            summary: String::new(),
            properties: schema.into(),
            outputs: json!({}).into(),
        };
        let of = |name: &str| Wanted::of(&task_type, name);
        assert_eq!(of("message").in_words(), "a string or a list");
        assert!(of("count").takes(&json!(1)) && of("count").takes(&Json::Null) && !of("count").takes(&json!("1")));
        assert!(of("level").is_text_only());
        assert_eq!(of("any"), Wanted::ANYTHING);
    }

    /// Checks one property `p` of a schema, written as YAML, and expects the messages.
    fn check_messages(schema: Json, property: &str, expected: &[&str]) {
        let root = super::super::yaml::parse(property, &mut Vec::new()).unwrap();
        let NodeKind::Map(entries) = &root.kind else {
            panic!("a map")
        };
        let mut findings = Vec::new();
        let mut checker = Checker {
            root: &schema,
            findings: &mut findings,
        };
        checker.value(&schema["properties"]["p"], "p", &entries[0].1, 1);
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, expected, "{property}");
    }

    #[test]
    fn what_is_directly_in_a_property_is_checked_too() {
        let object = json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
            "required": ["b"],
            "additionalProperties": false,
        });
        let schema =
            json!({"properties": {"p": {"anyOf": [{"$ref": "#/$defs/O"}, {"type": "null"}]}}, "$defs": {"O": object}});
        check_messages(schema.clone(), "p: {a: 1, b: x}", &[]);
        check_messages(schema.clone(), "p: {a: \"{{ x }}\", b: \"{{ y }}\"}", &[]);
        check_messages(schema.clone(), "p: null", &[]);
        check_messages(
            schema.clone(),
            "p: {a: 1.5, c: 1}",
            &[
                "`p.a` must be a whole number, not a number",
                "unknown key of `p` `c`",
                "`p` has no `b`",
            ],
        );
        check_messages(schema, "p: [1]", &["`p` must be a map, not a list"]);
        let list = json!({"properties": {"p": {"type": "array", "items": {"type": "string"}}}});
        check_messages(list, "p: [a, 1]", &["`p[1]` must be a string, not a number"]);
        let map = json!({"properties": {"p": {"type": "object", "additionalProperties": {"type": "string"}}}});
        check_messages(map, "p: {A: [1]}", &["`p.A` must be a string, not a list"]);
    }

    #[test]
    fn choices_hold_where_null_is_allowed_beside_them() {
        let level = json!({"type": "string", "enum": ["INFO", "WARN"]});
        let schema =
            json!({"properties": {"p": {"anyOf": [{"$ref": "#/$defs/L"}, {"type": "null"}]}}, "$defs": {"L": level}});
        check_messages(schema.clone(), "p: INFO", &[]);
        check_messages(schema, "p: LOUD", &["`LOUD` is no value of `p`"]);
    }

    #[test]
    fn paths_are_followed_as_far_as_a_schema_tells() {
        let check = |schema: Json, path: &str, expected: Option<(usize, &str)>| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let missing = missing_key(&schema, &path).map(|missing| (missing.depth, missing.known.join(" ")));
            assert_eq!(
                missing,
                expected.map(|(depth, known)| (depth, known.to_owned())),
                "{path:?} {schema}"
            );
        };
        let file = json!({"type": "object", "properties": {"size": {"type": "integer"}}});
        let schema = json!({
            "properties": {
                "code": {"type": "integer"},
                "vars": {"type": "object", "additionalProperties": true},
                "files": {"additionalProperties": {"$ref": "#/$defs/File"}},
                "file": {"anyOf": [{"$ref": "#/$defs/File"}, {"type": "null"}]},
                "either": {"anyOf": [{"$ref": "#/$defs/File"}, {"type": "object"}]},
                "any": {},
                "again": {"$ref": "#/properties/again"},
            },
            "$defs": {"File": file},
        });
        let all = "code vars files file either any again";
        check(schema.clone(), "cod", Some((0, all)));
        for known in [
            "code",
            "code.x",
            "vars.x.y",
            "files.a.size",
            "file.size",
            "either.x",
            "any.x.y",
            "again.x",
        ] {
            check(schema.clone(), known, None);
        }
        check(schema.clone(), "files.a.sise", Some((2, "size")));
        check(schema, "file.sise", Some((1, "size")));
        check(json!({"type": "object"}), "x", None);
        check(json!({}), "x", None);
        check(json!(true), "x", None);
        check(
            json!({"properties": {"a": {}}, "additionalProperties": true}),
            "x",
            None,
        );
        check(json!({"properties": {"a": {}}, "allOf": [{}]}), "x", None);
        check(
            json!({"properties": {}, "additionalProperties": false}),
            "x",
            Some((0, "")),
        );
    }

    #[test]
    fn a_schema_that_points_to_itself_takes_anything() {
        let schema = json!({"properties": {"p": {"$ref": "#/properties/p"}}});
        check_messages(schema, "p: LOUD", &[]);
        let schema = json!({"properties": {"p": {"anyOf": [{"$ref": "#/properties/p"}, {"$ref": "#/properties/p"}]}}});
        check_messages(schema, "p: 1", &[]);
    }
}
