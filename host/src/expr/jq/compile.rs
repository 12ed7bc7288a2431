//! jq text to a program, and what is wrong with the text.

use std::sync::OnceLock;

use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, Error, File, Loader, parse};
use jaq_core::{Compiler, load};

use super::{Filter, Metered, functions, in_thread};
use crate::expr::error::Problem;
use crate::expr::limits;

/// Definitions that are not taken over: they reach out of the filter, or are replaced here.
const LEFT_OUT: [&str; 6] = ["halt", "halt_error", "stderr", "debug", "isnan", "input"];

/// Definitions of jq 1.6 that jaq does not have.
const ADDED: &str = r#"
def leaf_paths: paths(scalars);
def @csv: [.[] | if . == null then "" elif isstring then "\"" + gsub("\""; "\"\"") + "\"" else tostring end] | join(",");
def @tsv: [.[] | if . == null then "" else tostring | gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") end] | join("\t");
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def IN(s): any(s == .; .);
def IN(source; s): any(source == s; .);
"#;

fn prelude() -> &'static [Def<&'static str>] {
    static PRELUDE: OnceLock<Vec<Def<&'static str>>> = OnceLock::new();
    PRELUDE.get_or_init(|| {
        let added = parse(ADDED, |parser| parser.defs()).expect("the definitions above are right, as the tests show");
        let known = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        known
            .filter(|definition| !LEFT_OUT.contains(&definition.name))
            .chain(added)
            .collect()
    })
}

/// Compiles a filter.
pub(super) fn compile(source: &str) -> Result<Filter, Problem> {
    if source.len() > limits::JQ_SOURCE {
        return Err(Problem::limit(format!(
            "the jq filter is longer than {} bytes",
            limits::JQ_SOURCE
        )));
    }
    if is_shallow(source) {
        return translate(source);
    }
    let source = source.to_owned();
    in_thread(move || translate(&source))?
}

/// Whether the filter cannot nest deeply enough to need a larger stack: jaq reads by recursion.
fn is_shallow(source: &str) -> bool {
    const WORDS: [&str; 8] = ["if", "try", "reduce", "foreach", "def", "label", "as", "elif"];
    let signs = source.matches(|c: char| "([{\"-|,;:?".contains(c)).count();
    let words = source
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| WORDS.contains(word))
        .count();
    signs + 2 * words <= 40
}

fn translate(source: &str) -> Result<Filter, Problem> {
    let arena = Arena::default();
    let file = File { code: source, path: () };
    let modules = Loader::new(prelude().iter().cloned())
        .load(&arena, file)
        .map_err(|errors| unreadable(&errors))?;
    let compiler: Compiler<_, Metered> = Compiler::default().with_funs(functions::all());
    compiler.compile(modules).map_err(|errors| {
        let unknown = errors.iter().flat_map(|(_, errors)| errors).next();
        wrong(match unknown {
            Some((name, kind)) => format!("jq does not know the {} `{name}`", kind.as_str()),
            None => "jq cannot make sense of the filter".to_owned(),
        })
    })
}

fn wrong(message: String) -> Problem {
    Problem {
        code: "jq-syntax",
        message,
        hint: None,
    }
}

fn unreadable(errors: &load::Errors<&str, ()>) -> Problem {
    let found = |found: &str| match found.chars().take(20).collect::<String>() {
        text if text.is_empty() => "the end".to_owned(),
        text => format!("`{text}`"),
    };
    let message = errors.iter().find_map(|(_, error)| match error {
        Error::Io(errors) => errors
            .first()
            .map(|(path, _)| format!("jq cannot load the module `{path}`")),
        Error::Lex(errors) => errors
            .first()
            .map(|(expected, text)| format!("jq expects {}, found {}", expected.as_str(), found(text))),
        Error::Parse(errors) => errors
            .first()
            .map(|(expected, text)| format!("jq expects {}, found {}", expected.as_str(), found(text))),
    });
    wrong(message.unwrap_or_else(|| "jq cannot read the filter".to_owned()))
}
