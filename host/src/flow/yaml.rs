//! YAML text as a tree whose every node knows its place in the source.
//!
//! saphyr-parser gives events with places; the meaning of plain scalars (number, boolean, null) is serde_yaml's.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as YamlSpan};

use crate::model::{Diagnostic, Json, JsonMap, Span};

/// The most nodes a document may have once its aliases are followed.
const NODE_LIMIT: usize = 200_000;
/// The deepest nesting.
const DEPTH_LIMIT: usize = 100;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub span: Span,
    pub kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeKind {
    /// A text, with the way it was written.
    Text(String, ScalarStyle),
    /// A number, a boolean or null.
    Scalar(Json),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of an entry and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub name: String,
    pub span: Span,
}

impl Node {
    /// What kind of value it is, for messages.
    pub(super) fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Text(..) => "a string",
            NodeKind::Scalar(Json::Null) => "nothing",
            NodeKind::Scalar(Json::Bool(_)) => "a boolean",
            NodeKind::Scalar(_) => "a number",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// The value without its places.
    pub(super) fn to_json(&self) -> Json {
        match &self.kind {
            NodeKind::Text(text, _) => Json::String(text.clone()),
            NodeKind::Scalar(value) => value.clone(),
            NodeKind::List(items) => items.iter().map(Node::to_json).collect(),
            NodeKind::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.name.clone(), node.to_json()))
                    .collect::<JsonMap>(),
            ),
        }
    }
}

/// Reads one document. Faults that leave a tree are added to `findings`; others leave none.
pub(super) fn parse(text: &str, findings: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder {
        offsets: Offsets::of(text),
        anchors: HashMap::new(),
        nodes: 0,
        findings,
    };
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = builder.offsets.byte(*error.marker());
                builder.findings.push(syntax_error(text, at, error.info()));
                return None;
            }
        };
        let span = builder.offsets.span(span);
        let finished = match event {
            Event::DocumentStart(_) if root.is_some() => {
                builder.findings.push(
                    Diagnostic::error("yaml-documents", "the file holds more than one document", span)
                        .with_hint("put each flow into a file of its own"),
                );
                return None;
            }
            Event::Scalar(value, style, anchor, _) => Some((builder.scalar(&value, style, span), anchor)),
            Event::Alias(anchor) => Some((builder.alias(anchor, span)?, 0)),
            Event::SequenceStart(anchor, _) => {
                open.push(Open {
                    start: span,
                    anchor,
                    content: Content::List(Vec::new()),
                });
                None
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open {
                    start: span,
                    anchor,
                    content: Content::Map(Vec::new(), None),
                });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|opened| builder.close(opened, span)),
            _ => None,
        };
        if open.len() > DEPTH_LIMIT {
            let message = format!("the file nests deeper than {DEPTH_LIMIT} levels");
            builder.findings.push(Diagnostic::error("yaml-depth", message, span));
            return None;
        }
        let Some((node, anchor)) = finished else { continue };
        builder.count(&node)?;
        if anchor > 0 {
            builder.anchors.insert(anchor, node.clone());
        }
        match open.last_mut() {
            Some(parent) => builder.add(parent, node)?,
            None => root = Some(node),
        }
    }
    if root.is_none() {
        builder
            .findings
            .push(Diagnostic::error("empty-flow", "the file holds no flow", None));
    }
    root
}

struct Open {
    start: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    /// The entries so far and a key that waits for its value.
    Map(Vec<(Key, Node)>, Option<Key>),
}

struct Builder<'a> {
    offsets: Offsets,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    findings: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    fn scalar(&self, value: &str, style: ScalarStyle, span: Span) -> Node {
        let kind = match style {
            ScalarStyle::Plain => plain(value),
            _ => NodeKind::Text(value.to_owned(), style),
        };
        Node { span, kind }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<Node> {
        let known = self.anchors.get(&anchor).cloned();
        if known.is_none() {
            self.findings.push(Diagnostic::error(
                "yaml-alias",
                "the alias stands within its own anchor",
                span,
            ));
        }
        known
    }

    fn count(&mut self, node: &Node) -> Option<()> {
        self.nodes += match &node.kind {
            NodeKind::List(items) => items.len(),
            NodeKind::Map(entries) => entries.len(),
            NodeKind::Text(..) | NodeKind::Scalar(_) => 1,
        };
        if self.nodes <= NODE_LIMIT {
            return Some(());
        }
        let message = format!("the file holds more than {NODE_LIMIT} values");
        self.findings.push(Diagnostic::error("yaml-size", message, node.span));
        None
    }

    fn close(&mut self, opened: Open, end: Span) -> (Node, usize) {
        let kind = match opened.content {
            Content::List(items) => NodeKind::List(items),
            Content::Map(entries, _) => NodeKind::Map(self.merged(entries)),
        };
        (
            Node {
                span: Span {
                    start: opened.start.start,
                    end: end.end.max(opened.start.end),
                },
                kind,
            },
            opened.anchor,
        )
    }

    /// Puts the entries that `<<` names where the map does not have them itself.
    fn merged(&mut self, entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
        let (merges, mut entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.name == "<<");
        for (key, node) in merges {
            let maps = match node.kind {
                NodeKind::Map(_) => vec![node],
                NodeKind::List(items) => items,
                NodeKind::Text(..) | NodeKind::Scalar(_) => Vec::new(),
            };
            for map in maps {
                let NodeKind::Map(given) = map.kind else {
                    self.findings
                        .push(Diagnostic::error("yaml-merge", "`<<` merges maps only", key.span));
                    continue;
                };
                for (key, value) in given {
                    if !entries.iter().any(|(known, _)| known.name == key.name) {
                        entries.push((key, value));
                    }
                }
            }
        }
        entries
    }

    fn add(&mut self, parent: &mut Open, node: Node) -> Option<()> {
        match &mut parent.content {
            Content::List(items) => items.push(node),
            Content::Map(entries, waiting) => match waiting.take() {
                Some(key) => self.entry(entries, key, node),
                None => *waiting = Some(self.key(node)?),
            },
        }
        Some(())
    }

    fn entry(&mut self, entries: &mut Vec<(Key, Node)>, key: Key, node: Node) {
        match entries
            .iter()
            .find(|(known, _)| known.name == key.name && key.name != "<<")
        {
            Some((first, _)) => {
                let message = format!("the key `{}` is given twice", key.name);
                let finding = Diagnostic::error("duplicate-key", message, key.span).with_caption("again here");
                self.findings.push(finding.with_label(first.span, "first here"));
            }
            None => entries.push((key, node)),
        }
    }

    fn key(&mut self, node: Node) -> Option<Key> {
        let name = match node.kind {
            NodeKind::Text(name, _) => name,
            NodeKind::Scalar(value) => value.to_string(),
            NodeKind::List(_) | NodeKind::Map(_) => {
                self.findings.push(
                    Diagnostic::error("yaml-key", "a key must be a string", node.span)
                        .with_hint("an expression at the start of a value needs quotes: \"{{ … }}\""),
                );
                return None;
            }
        };
        Some(Key { name, span: node.span })
    }
}

/// What a plain scalar means.
fn plain(value: &str) -> NodeKind {
    let text = || NodeKind::Text(value.to_owned(), ScalarStyle::Plain);
    // Most plain scalars are words; only what could be something else is worth asking about.
    let first = value.chars().next();
    let may_be_more = first.is_none_or(|c| c.is_ascii_digit() || "+-.~tTfFnN".contains(c));
    if !may_be_more {
        return text();
    }
    match serde_yaml::from_str::<Json>(value) {
        Ok(Json::String(_)) | Err(_) => text(),
        Ok(Json::Array(_) | Json::Object(_)) => text(),
        Ok(scalar) => NodeKind::Scalar(scalar),
    }
}

/// saphyr counts characters, the rest of the world bytes.
struct Offsets(Option<Vec<usize>>);

impl Offsets {
    fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(None);
        }
        Self(Some(
            text.char_indices().map(|(at, _)| at).chain([text.len()]).collect(),
        ))
    }

    fn byte(&self, marker: Marker) -> usize {
        match &self.0 {
            None => marker.index(),
            Some(table) => table.get(marker.index()).or(table.last()).copied().unwrap_or(0),
        }
    }

    fn span(&self, span: YamlSpan) -> Span {
        Span {
            start: self.byte(span.start),
            end: self.byte(span.end),
        }
    }
}

fn syntax_error(text: &str, at: usize, info: &str) -> Diagnostic {
    let at = at.min(text.len());
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let finding = Diagnostic::error(
        "yaml-syntax",
        format!("the file is not YAML: {info}"),
        Span { start: at, end: at },
    );
    if line.trim_start_matches(' ').starts_with('\t') {
        return finding.with_hint("indent with spaces, not with tabs");
    }
    if line.contains(": {{") || line.trim_start().starts_with("- {{") {
        return finding.with_hint("put quotes around a value that starts with an expression: \"{{ … }}\"");
    }
    finding.with_hint("check the indentation, and the quotes and colons of this line and the one above")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Json) {
        let mut findings = Vec::new();
        let node = parse(text, &mut findings);
        assert_eq!(node.map(|node| node.to_json()), Some(expected), "{findings:?}");
    }

    fn check_finding(text: &str, expected: &str) {
        let mut findings = Vec::new();
        parse(text, &mut findings);
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [expected], "{findings:?}");
    }

    #[test]
    fn scalars_mean_what_serde_yaml_says() {
        check(
            "a: 1\nb: true\nc: ~\nd: text\ne: '1'\nf: 1.5\ng: no\n",
            json!({"a":1,"b":true,"c":null,"d":"text","e":"1","f":1.5,"g":"no"}),
        );
        check(
            "- 2025-12-31\n- 0x1F\n- null\n- nothing\n",
            json!(["2025-12-31", 31, null, "nothing"]),
        );
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        check(
            "a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  k: 3\n",
            json!({"a":{"k":1,"l":2},"b":{"k":1,"l":2},"c":{"k":3,"l":2}}),
        );
    }

    #[test]
    fn faults_are_found() {
        check_finding("a: 1\na: 2\n", "duplicate-key");
        check_finding("", "empty-flow");
        check_finding("a: [1\nb: 2\n", "yaml-syntax");
        check_finding("a: {{ x }}\n", "yaml-key");
        check_finding("a: 1\n---\nb: 2\n", "yaml-documents");
        let bomb: String = (1..12)
            .map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(",")))
            .collect();
        check_finding(&format!("a0: &a0 [x]\n{bomb}"), "yaml-size");
    }

    proptest! {
        #[test]
        fn values_agree_with_serde_yaml(value in any_value()) {
            let text = serde_yaml::to_string(&value).unwrap();
            let mut findings = Vec::new();
            let node = parse(&text, &mut findings);
            prop_assert_eq!(node.map(|node| node.to_json()), Some(value), "{}", text);
        }

        #[test]
        fn no_text_panics(text in "[ \\-a-z:{}\\[\\]'\"|>&*\n#%é]{0,60}") {
            parse(&text, &mut Vec::new());
        }
    }

    fn any_value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            "[ -~é\n]{0,12}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                    .prop_map(|m| Json::Object(m.into_iter().collect())),
            ]
        })
    }
}
