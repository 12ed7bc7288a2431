//! YAML text as a tree whose every node knows its place in the source.
//!
//! saphyr-parser gives events with places; the meaning of plain scalars (number, boolean, null) is serde_yaml's.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as YamlSpan, Tag};

use crate::model::{Diagnostic, Json, JsonMap, Span};

/// The most nodes a document may have once its aliases are followed. Every copy counts in full, before it is made: a
/// few lines of aliases of aliases can name more nodes than any memory holds.
const NODE_LIMIT: usize = 300_000;
/// The deepest nesting, through aliases too.
const DEPTH_LIMIT: usize = 4_000;

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

    /// The value of a key, where it is a map that has it.
    pub(super) fn entry(&self, name: &str) -> Option<&Node> {
        let NodeKind::Map(entries) = &self.kind else {
            return None;
        };
        entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Whether it says nothing.
    pub(super) fn is_null(&self) -> bool {
        self.kind == NodeKind::Scalar(Json::Null)
    }

    /// How many nodes there are in it, and how deep they nest.
    fn measure(&self) -> (usize, usize) {
        let children: Vec<&Node> = match &self.kind {
            NodeKind::Text(..) | NodeKind::Scalar(_) => return (1, 0),
            NodeKind::List(items) => items.iter().collect(),
            NodeKind::Map(entries) => entries.iter().map(|(_, node)| node).collect(),
        };
        let measures = children.into_iter().map(Node::measure);
        let (nodes, depth) = measures.fold((0, 0), |(nodes, depth), (more, deeper)| {
            (nodes + more, depth.max(deeper))
        });
        (nodes + 1, depth + 1)
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
        text,
        offsets: Offsets::of(text),
        anchors: HashMap::new(),
        nodes: 0,
        open: Vec::new(),
        root: None,
        findings,
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let span = builder.offsets.span(span);
                builder.take(event, span)?;
            }
            Err(error) => {
                let at = builder.offsets.byte(*error.marker());
                builder.findings.push(syntax_error(text, at, error.info()));
                return None;
            }
        }
    }
    if builder.root.is_none() {
        let finding = Diagnostic::error("empty-flow", "the file holds no flow", None);
        builder.findings.push(finding);
    }
    builder.root
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(
        "yaml-depth",
        format!("the file nests deeper than {DEPTH_LIMIT} levels"),
        span,
    )
}

fn shown_tag(tag: &Tag) -> String {
    match tag.is_yaml_core_schema() {
        true => format!("!!{}", tag.suffix),
        false => tag.to_string(),
    }
}

struct Open {
    start: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map(Entries),
}

/// The entries of a map so far.
#[derive(Default)]
struct Entries {
    list: Vec<(Key, Node)>,
    /// Where each key was first given.
    places: HashMap<String, Span>,
    /// A key that waits for its value.
    waiting: Option<Key>,
}

/// A node that aliases can name.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

struct Builder<'a> {
    text: &'a str,
    offsets: Offsets,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    /// The lists and maps that are not closed yet, from the outside in.
    open: Vec<Open>,
    root: Option<Node>,
    findings: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    /// Takes the next event; nothing where the rest cannot be read.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                self.findings.push(
                    Diagnostic::error("yaml-documents", "the file holds more than one document", span)
                        .with_hint("put each flow into a file of its own"),
                );
                return None;
            }
            Event::Scalar(value, style, anchor, tag) => {
                let node = self.scalar(&value, style, tag.as_deref(), span);
                self.finish(node, anchor)?;
            }
            Event::Alias(anchor) => {
                let node = self.alias(anchor, self.open.len(), span)?;
                self.finish(node, 0)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &["seq"], span);
                self.start(span, anchor, Content::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &["map"], span);
                self.start(span, anchor, Content::Map(Entries::default()))?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(opened) = self.open.pop() {
                    let (node, anchor) = self.close(opened, span);
                    self.finish(node, anchor)?;
                }
            }
            _ => {}
        }
        Some(())
    }

    fn start(&mut self, start: Span, anchor: usize, content: Content) -> Option<()> {
        self.open.push(Open { start, anchor, content });
        if self.open.len() > DEPTH_LIMIT {
            self.findings.push(too_deep(start));
            return None;
        }
        Some(())
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize) -> Option<()> {
        self.count(1, node.span)?;
        if anchor > 0 {
            self.keep(anchor, &node)?;
        }
        match self.open.pop() {
            Some(mut parent) => {
                self.add(&mut parent, node)?;
                self.open.push(parent);
            }
            None => self.root = Some(node),
        }
        Some(())
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Node {
        self.refuse_tag(tag, &["str"], span);
        let kind = match style {
            ScalarStyle::Plain if tag.is_none() => plain(value),
            _ => NodeKind::Text(value.to_owned(), style),
        };
        let span = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => quoted(self.text, span),
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => span,
        };
        Node { span, kind }
    }

    /// A tag that would change what a value means must not go unnoticed.
    fn refuse_tag(&mut self, tag: Option<&Tag>, accepted: &[&str], span: Span) {
        let Some(tag) = tag else { return };
        if tag.is_yaml_core_schema() && accepted.contains(&tag.suffix.as_str()) {
            return;
        }
        let message = format!("the tag `{}` is not supported", shown_tag(tag));
        let finding = Diagnostic::error("yaml-tag", message, span);
        self.findings
            .push(finding.with_hint("remove it; quotes make a string of a value"));
    }

    fn alias(&mut self, anchor: usize, level: usize, span: Span) -> Option<Node> {
        let Some(known) = self.anchors.get(&anchor) else {
            let message = "the alias stands within its own anchor";
            self.findings.push(Diagnostic::error("yaml-alias", message, span));
            return None;
        };
        let (nodes, depth) = (known.nodes, known.depth);
        if level + depth > DEPTH_LIMIT {
            self.findings.push(too_deep(span));
            return None;
        }
        self.count(nodes, span)?;
        self.anchors.get(&anchor).map(|known| known.node.clone())
    }

    /// Keeps a copy of a node for the aliases that name it.
    fn keep(&mut self, anchor: usize, node: &Node) -> Option<()> {
        let (nodes, depth) = node.measure();
        self.count(nodes, node.span)?;
        let node = node.clone();
        self.anchors.insert(anchor, Anchored { node, nodes, depth });
        Some(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Option<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= NODE_LIMIT {
            return Some(());
        }
        let message = format!("the file holds more than {NODE_LIMIT} values");
        let finding = Diagnostic::error("yaml-size", message, span);
        self.findings
            .push(finding.with_hint("values named by aliases count each time; split the flow"));
        None
    }

    /// Where the bracket ends that closes a list or a map; the parser may stop before it.
    fn after_bracket(&self, end: Span) -> usize {
        let rest = |at: usize| self.text.get(at..).unwrap_or_default();
        let is_bracket = |text: &str| text.starts_with(['}', ']']);
        let behind = rest(end.end).trim_start();
        match is_bracket(rest(end.start)) {
            true => end.start + 1,
            false if is_bracket(behind) && end.start == end.end => self.text.len() - behind.len() + 1,
            false if is_bracket(rest(end.end)) && !is_bracket(rest(end.end.saturating_sub(1))) => end.end + 1,
            false => end.end,
        }
    }

    fn close(&mut self, opened: Open, end: Span) -> (Node, usize) {
        let last = match &opened.content {
            Content::List(items) => items.last(),
            Content::Map(entries) => entries.list.last().map(|(_, node)| node),
        };
        // The parser closes a block where the next one begins; in flow style there is a bracket. What an alias stands
        // for is written elsewhere.
        let inside = |at: &usize| (opened.start.start..=end.end).contains(at);
        let last = last.map(|node| node.span.end).filter(inside);
        let written = self.text.get(opened.start.start..).unwrap_or_default();
        let end = match (written.starts_with(['{', '[']), last) {
            (true, _) => self.after_bracket(end),
            (false, Some(last)) => last,
            (false, None) => end.end,
        };
        let kind = match opened.content {
            Content::List(items) => NodeKind::List(items),
            Content::Map(entries) => NodeKind::Map(self.merged(entries.list)),
        };
        (
            Node {
                span: Span {
                    start: opened.start.start,
                    end: end.max(opened.start.end),
                },
                kind,
            },
            opened.anchor,
        )
    }

    /// Puts the entries that `<<` names where the map does not have them itself.
    fn merged(&mut self, entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
        if entries.iter().all(|(key, _)| key.name != "<<") {
            return entries;
        }
        let (merges, mut entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.name == "<<");
        let mut known: HashSet<String> = entries.iter().map(|(key, _)| key.name.clone()).collect();
        for (key, node) in merges {
            let maps = match node.kind {
                NodeKind::List(items) => items,
                NodeKind::Map(_) | NodeKind::Text(..) | NodeKind::Scalar(_) => vec![node],
            };
            for map in maps {
                let NodeKind::Map(given) = map.kind else {
                    let finding = Diagnostic::error("yaml-merge", "`<<` merges maps only", key.span);
                    self.findings.push(finding);
                    continue;
                };
                entries.extend(given.into_iter().filter(|(key, _)| known.insert(key.name.clone())));
            }
        }
        entries
    }

    fn add(&mut self, parent: &mut Open, node: Node) -> Option<()> {
        match &mut parent.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => match entries.waiting.take() {
                Some(key) => self.entry(entries, key, node),
                None => entries.waiting = Some(self.key(node)?),
            },
        }
        Some(())
    }

    fn entry(&mut self, entries: &mut Entries, key: Key, node: Node) {
        if let Some(first) = entries.places.get(&key.name).filter(|_| key.name != "<<") {
            let message = format!("the key `{}` is given twice", key.name);
            let finding = Diagnostic::error("duplicate-key", message, key.span).with_caption("again here");
            self.findings.push(finding.with_label(*first, "first here"));
            return;
        }
        entries.places.insert(key.name.clone(), key.span);
        entries.list.push((key, node));
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

/// A quoted text up to its closing quote: the parser counts a comment after it in.
fn quoted(text: &str, span: Span) -> Span {
    let written = text.get(span.start..span.end).unwrap_or_default();
    let mut marks = written.bytes().enumerate();
    let Some((_, quote @ (b'"' | b'\''))) = marks.next() else {
        return span;
    };
    while let Some((at, mark)) = marks.next() {
        if mark == b'\\' && quote == b'"' {
            marks.next();
        } else if mark == quote {
            if quote == b'\'' && written.as_bytes().get(at + 1) == Some(&b'\'') {
                marks.next();
                continue;
            }
            return (span.start..span.start + at + 1).into();
        }
    }
    span
}

/// The words that are no text.
const WORDS: [&str; 10] = [
    "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE",
];

/// What a plain scalar means.
pub(super) fn plain(value: &str) -> NodeKind {
    let text = || NodeKind::Text(value.to_owned(), ScalarStyle::Plain);
    // Most plain scalars are words; only what could be something else is worth asking about.
    let may_be_more = match value.as_bytes() {
        [] | [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => true,
        _ => WORDS.contains(&value),
    };
    if !may_be_more {
        return text();
    }
    match serde_yaml::from_str::<Json>(value) {
        Ok(Json::String(_)) | Err(_) => text(),
        Ok(Json::Array(_) | Json::Object(_)) => text(),
        // JSON holds neither infinity nor not-a-number; they stay what was written.
        Ok(Json::Null) if value.starts_with(['.', '+', '-']) => text(),
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
    let mut at = at.min(text.len());
    if info.contains("tab") {
        at = tab_in_indentation(text, at).unwrap_or(at);
    }
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
    if let Some(key) = key_without_space(text, line_start) {
        return finding.with_hint(format!("put a space after the colon of `{key}:`"));
    }
    finding.with_hint("check the indentation, and the quotes and colons of this line and the one above")
}

/// Where the first tab after the start of this line indents anything; the parser may only name the value before it.
fn tab_in_indentation(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut line_start = start;
    for line in text[start..].split_inclusive('\n') {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if line[spaces..].starts_with('\t') {
            return Some(line_start + spaces);
        }
        line_start += line.len();
    }
    None
}

/// The key of this line or the one above whose colon touches its value, as in `id:x`.
fn key_without_space(text: &str, line_start: usize) -> Option<&str> {
    let this = text[line_start..].lines().next();
    let above = text[..line_start].lines().next_back();
    [this, above].into_iter().flatten().find_map(|line| {
        let line = line.trim_start().trim_start_matches("- ");
        let (key, value) = line.split_once(':')?;
        let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        (is_name && !value.is_empty() && !value.starts_with([' ', '\t', '/', ':'])).then_some(key)
    })
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
    }

    /// Finds the value of the first entry of `a` and expects it to reach exactly over this text.
    fn check_extent(text: &str, expected: &str) {
        let root = parse(text, &mut Vec::new()).unwrap();
        let node = root.entry("a").unwrap();
        assert_eq!(&text[node.span.start..node.span.end], expected, "{text:?}");
    }

    #[test]
    fn a_value_ends_where_it_ends_and_not_where_the_next_begins() {
        check_extent("a: \"x\" # why\nb: 1\n", "\"x\"");
        check_extent("a: 'it''s' # why\n", "'it''s'");
        check_extent("a: \"\\\"é\" # \"why\"\n", "\"\\\"é\"");
        check_extent("a: ''\n", "''");
        check_extent("a: plain # why\n", "plain");
        check_extent("a:\n  b: 3 # why\n\nc: 1\n", "b: 3");
        check_extent("a:\n  - x\n  - [y, z] # why\nc: 1\n", "- x\n  - [y, z]");
        check_extent("a: {b: [1]} # why\n", "{b: [1]}");
        check_extent("a: {b: 1, } # why\n", "{b: 1, }");
        check_extent("a: [[x], [y]]\n", "[[x], [y]]");
        check_extent("z: {a: {b: {c: 1}}}\na: {b: {c: 1}}\n", "{b: {c: 1}}");
        check_extent("a: [\n  x,\n]\nb: 1\n", "[\n  x,\n]");
        check_extent("a:\n  b: {c: 1}", "b: {c: 1}");
    }

    /// Lines in which each names the one above so many times.
    fn aliases_of_aliases(lines: usize, times: usize) -> String {
        let line = |i: usize| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); times].join(","));
        format!("a0: &a0 [x]\n{}", (1..lines).map(line).collect::<String>())
    }

    #[test]
    fn copies_are_refused_before_they_are_made() {
        // Seven lines stay far below what a machine holds, so that a broken limit fails here and harms nothing.
        check_finding(&aliases_of_aliases(7, 9), "yaml-size");
        check_finding(&aliases_of_aliases(900, 1), "yaml-size");
        check_finding(&format!("{}x\n", "- ".repeat(DEPTH_LIMIT + 1)), "yaml-depth");
        let (start, end) = ("&a [".repeat(80), "]".repeat(80));
        check_finding(&format!("{start}{}{end}", "x,".repeat(5000)), "yaml-size");
        check("a: &a [1]\nb: [*a, *a]\n", json!({"a": [1], "b": [[1], [1]]}));
    }

    #[test]
    fn tags_are_honoured_or_refused() {
        check("a: !!str 5\n", json!({"a": "5"}));
        for tagged in ["!foo 3", "!!int 3", "!foo [3]", "!!set {a: 1}"] {
            check_finding(&format!("a: {tagged}\n"), "yaml-tag");
        }
    }

    #[test]
    fn merging_what_is_no_map_is_a_fault() {
        check_finding("a: 1\n<<: 5\n", "yaml-merge");
        check_finding("a: &x {k: 1}\nb: {<<: [*x, 5]}\n", "yaml-merge");
    }

    #[test]
    fn syntax_faults_say_what_to_do() {
        let check_hint = |text: &str, expected: &str| {
            let mut findings = Vec::new();
            assert_eq!(parse(text, &mut findings), None, "{text}");
            assert_eq!(findings[0].hint.as_deref(), Some(expected), "{text}");
        };
        check_hint("id:f\nnamespace: a\n", "put a space after the colon of `id:`");
        check_hint("t:\n  - id:x\n    type: log\n", "put a space after the colon of `id:`");
        check_hint("t:\n\t- id: x\n", "indent with spaces, not with tabs");
        check_hint("id: x\n\tnamespace: y\n", "indent with spaces, not with tabs");
        check_hint(
            "a: {{ x }} y\n",
            "an expression at the start of a value needs quotes: \"{{ … }}\"",
        );
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
