//! A golden case of a plugin: what one task is given. What comes of it is kept in a file beside it.

use indexmap::IndexMap;

use super::read;
use crate::flow::shape::{Key, Shape, key, object_schema};
use crate::flow::yaml::{Node, NodeKind};
use crate::model::{
    Bundle, Declaration, Destination, Diagnostic, Json, JsonMap, Namespace, SHORTEST_SECRET, Source, StagedAnswer,
    Timestamp,
};

/// What one task is given.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginCase {
    /// The task type; not needed where the plugin has only one.
    pub task_type: Option<String>,
    pub properties: JsonMap,
    /// The assets that the flow declares.
    pub declared: Bundle,
    pub clock: Timestamp,
    pub seed: u64,
    /// The assets that are in the catalog.
    pub catalog: Vec<Declaration>,
    /// The files of `/work` by their names. Without any there is no such folder.
    pub files: IndexMap<String, String>,
    /// Secrets that it is granted, by name.
    pub secrets: IndexMap<String, String>,
    /// Answers to the requests it sends. Their hosts are granted.
    pub http: Vec<StagedAnswer>,
    /// From 1.
    pub attempt: u32,
    pub namespace: Namespace,
}

const ASSETS: [Key; 2] = [
    key("inputs", Shape::List(&Shape::Any), "What the task uses."),
    key("outputs", Shape::List(&Shape::Any), "What the task makes."),
];

const HTTP: [Key; 5] = [
    key("method", Shape::Text, "The method; GET unless given."),
    key("url", Shape::Text, "The address in full."),
    key("status", Shape::Whole, "The status of the answer; 200 unless given."),
    key("headers", Shape::Map, "The header fields of the answer."),
    key("body", Shape::Text, "The body of the answer."),
];

const KEYS: [Key; 12] = [
    key("description", Shape::Text, "What the case shows."),
    key(
        "type",
        Shape::Text,
        "The task type; not needed where the plugin has only one.",
    ),
    key("properties", Shape::Map, "The properties, rendered."),
    key("assets", Shape::Keys(&ASSETS), "What the flow declares, rendered."),
    key(
        "clock",
        Shape::Text,
        "When it is, all through the case; 2026-01-01T00:00:00Z unless given.",
    ),
    key(
        "seed",
        Shape::Whole,
        "What random numbers are made from; 0 unless given.",
    ),
    key(
        "catalog",
        Shape::List(&Shape::Any),
        "The assets that are in the catalog, oldest first.",
    ),
    key("files", Shape::Map, "The files of `/work`, by name."),
    key("secrets", Shape::Map, "The secrets that the task is granted, by name."),
    key(
        "http",
        Shape::List(&Shape::Keys(&HTTP)),
        "The answers to its requests, each given once; their hosts are granted.",
    ),
    key("attempt", Shape::Whole, "Which attempt it is, from 1."),
    key(
        "namespace",
        Shape::Text,
        "The flow's namespace; `company.team` unless given.",
    ),
];

/// The JSON Schema of a golden case, for editors.
pub fn plugin_case_schema() -> Json {
    let mut schema = object_schema(&KEYS);
    schema["$schema"] = Json::from("http://json-schema.org/draft-07/schema#");
    schema["title"] = Json::from("A golden case of a plugin");
    schema
}

/// Reads a golden case; all that is wrong with it is answered at once.
pub fn read_plugin_case(source: &Source) -> Result<PluginCase, Vec<Diagnostic>> {
    let root = read::document(source, "golden case", &KEYS)?;
    let mut findings = Vec::new();
    let declared = match read::given(&root, "assets") {
        None => Bundle::default(),
        Some(node) => Bundle {
            inputs: read::declarations(node, "inputs", &mut findings),
            outputs: read::declarations(node, "outputs", &mut findings),
        },
    };
    let attempt = read::number(&root, "attempt", 1, &mut findings);
    let namespace = read::text(&root, "namespace").unwrap_or_else(|| "company.team".to_owned());
    let namespace = Namespace::parse(&namespace).map_err(|error| {
        let span = read::given(&root, "namespace").map(|node| node.span);
        vec![Diagnostic::error("invalid-id", error.to_string(), span)]
    })?;
    let case = PluginCase {
        task_type: read::text(&root, "type"),
        properties: read::map(&root, "properties"),
        declared,
        clock: read::clock(&root, &mut findings),
        seed: read::number(&root, "seed", 0, &mut findings),
        catalog: read::declarations(&root, "catalog", &mut findings),
        files: read::texts(&root, "files", &mut findings),
        secrets: secrets(&root, &mut findings),
        http: answers(&root, &mut findings),
        attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
        namespace,
    };
    match findings.is_empty() {
        true => Ok(case),
        false => Err(findings),
    }
}

fn secrets(root: &Node, findings: &mut Vec<Diagnostic>) -> IndexMap<String, String> {
    let found = read::texts(root, "secrets", findings);
    for (name, _) in found.iter().filter(|(_, text)| text.chars().count() < SHORTEST_SECRET) {
        let message = format!("the secret `{name}` is shorter than {SHORTEST_SECRET} characters");
        let span = read::given(root, "secrets").map(|node| node.span);
        findings.push(Diagnostic::error("wrong-value", message, span).with_hint("it could not be masked"));
    }
    found
}

fn answers(root: &Node, findings: &mut Vec<Diagnostic>) -> Vec<StagedAnswer> {
    let Some(NodeKind::List(items)) = read::given(root, "http").map(|node| &node.kind) else {
        return Vec::new();
    };
    items.iter().map(|item| answer(item, findings)).collect()
}

fn answer(item: &Node, findings: &mut Vec<Diagnostic>) -> StagedAnswer {
    let url = read::text(item, "url").unwrap_or_default();
    if Destination::of_url(&url).is_none() {
        let message = format!("`{url}` is no address of a request");
        let finding = Diagnostic::error("wrong-value", message, item.span);
        findings.push(finding.with_hint("write `url` in full, such as `https://api.example.com/hosts?page=1`"));
    }
    let status = read::number(item, "status", 200, findings);
    let known = u16::try_from(status).ok().filter(|status| (200..=599).contains(status));
    if known.is_none() {
        let message = format!("{status} is no status of an answer");
        findings.push(Diagnostic::error("wrong-value", message, item.span).with_hint("write one from 200 to 599"));
    }
    StagedAnswer {
        method: read::text(item, "method").unwrap_or_else(|| "GET".to_owned()),
        url,
        status: known.unwrap_or(200),
        headers: read::texts(item, "headers", findings).into_iter().collect(),
        body: read::text(item, "body").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PluginCase, Vec<String>> {
        let source = Source {
            name: "a.case.yaml".to_owned(),
            text: text.to_owned(),
        };
        read_plugin_case(&source).map_err(|findings| {
            let said = |finding: Diagnostic| match finding.hint {
                Some(hint) => format!("{} ({hint})", finding.message),
                None => finding.message,
            };
            findings.into_iter().map(said).collect()
        })
    }

    fn check_refused(text: &str, expected: &[&str]) {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }

    #[test]
    fn every_part_of_a_case_is_read() {
        let case = read(
            "type: greet\nproperties: {name: Ada}\nassets: {outputs: [{id: vm, type: VM, os: linux}]}\nclock: 2026-03-01\n\
             seed: 7\ncatalog: [old]\nfiles: {a.txt: hi}\nattempt: 2\nnamespace: a.b\n",
        )
        .unwrap();
        assert_eq!(case.task_type.as_deref(), Some("greet"));
        assert_eq!(case.properties["name"], "Ada");
        assert_eq!(case.declared.outputs[0].metadata["os"], "linux");
        assert_eq!(case.clock.to_string(), "2026-03-01T00:00:00Z");
        assert_eq!((case.seed, case.attempt, case.namespace.as_str()), (7, 2, "a.b"));
        assert_eq!(case.catalog[0].id.as_str(), "old");
        assert_eq!(case.files["a.txt"], "hi");
    }

    #[test]
    fn secrets_and_answers_are_read() {
        let case = read(
            "secrets: {TOKEN: wonderful}\nhttp:\n  - url: https://a.example/b\n  - {method: POST, url: 'http://c', \
             status: 404, headers: {x-a: 1}, body: gone}\n",
        )
        .unwrap();
        assert_eq!(case.secrets["TOKEN"], "wonderful");
        let told = |answer: &StagedAnswer| (answer.method.clone(), answer.status, answer.body.clone());
        assert_eq!(told(&case.http[0]), ("GET".to_owned(), 200, String::new()));
        assert_eq!(told(&case.http[1]), ("POST".to_owned(), 404, "gone".to_owned()));
        assert_eq!(case.http[1].headers, [("x-a".to_owned(), "1".to_owned())]);
        check_refused(
            "secrets: {A: b}\nhttp: [{url: b, status: 100}]",
            &[
                &format!("the secret `A` is shorter than {SHORTEST_SECRET} characters (it could not be masked)"),
                "`b` is no address of a request (write `url` in full, such as `https://api.example.com/hosts?page=1`)",
                "100 is no status of an answer (write one from 200 to 599)",
            ],
        );
        check_refused(
            "http: [{ulr: 'https://a'}]",
            &["unknown key of an item of `http` `ulr` (did you mean `url`?)"],
        );
    }

    #[test]
    fn what_is_not_given_has_a_default() {
        let case = read("properties: {}").unwrap();
        assert_eq!(case.clock.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!((case.seed, case.attempt), (0, 1));
        assert!(case.declared.is_empty() && case.files.is_empty());
    }

    #[test]
    fn mistakes_are_named() {
        check_refused(
            "propertis: {}",
            &["unknown key of the golden case `propertis` (did you mean `properties`?)"],
        );
        check_refused("properties: [1]", &["`properties` must be a map, not a list"]);
        check_refused(
            "clock: soon",
            &["`soon` is no time of a clock (write a time since 1970, such as `2026-01-01T00:00:00Z`)"],
        );
        check_refused("catalog: [{type: VM}]", &["an asset has no `id`"]);
        check_refused("files: {A: [1]}", &["`A` in `files` must be a string, not a list"]);
        check_refused("", &["the file holds no golden case"]);
    }
}
