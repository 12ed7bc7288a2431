//! jq filters on values, through jaq.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

use super::error::Problem;
use super::limits;
use super::value::Value;
use crate::model::Json;

type Filter = jaq_core::Filter<data::JustLut<Val>>;

/// The most results one filter may give.
const RESULTS: usize = 100_000;
/// How many compiled filters a thread keeps.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Rc<Filter>>> = RefCell::default();
}

/// Compiles a filter, or gives what is wrong with it.
pub(super) fn compile(code: &str) -> Result<Rc<Filter>, Problem> {
    if code.len() > limits::JQ_SOURCE {
        return Err(Problem::limit(format!(
            "the jq filter is longer than {} bytes",
            limits::JQ_SOURCE
        )));
    }
    if let Some(filter) = COMPILED.with_borrow(|compiled| compiled.get(code).cloned()) {
        return Ok(filter);
    }
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let wrong = || Problem::wrong_argument(format!("`{code}` is no jq filter")).with_hint("see the manual of jq 1.6");
    let modules = Loader::new(definitions)
        .load(&arena, File { code, path: () })
        .map_err(|_| wrong())?;
    let filter = Rc::new(
        Compiler::default()
            .with_funs(functions)
            .compile(modules)
            .map_err(|_| wrong())?,
    );
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(code.to_owned(), filter.clone());
    });
    Ok(filter)
}

/// All results of a filter on a value.
pub(super) fn run(code: &str, input: &Value) -> Result<Vec<Value>, Problem> {
    let filter = compile(code)?;
    let failed = |what: String| Problem::wrong_type(format!("the jq filter `{code}` failed: {what}"));
    let text = match input {
        // As in Kestra, text is read as JSON first.
        Value::String(text) => text.to_string(),
        other => other.to_json_text(),
    };
    let input = read::parse_single(text.as_bytes()).map_err(|error| failed(error.to_string()))?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut results = Vec::new();
    for result in filter.id.run((context, input)).map(unwrap_valr) {
        let value = result.map_err(|error| failed(error.to_string()))?;
        if results.len() >= RESULTS {
            return Err(Problem::limit(format!(
                "the jq filter gives more than {RESULTS} results"
            )));
        }
        let json: Json = serde_json::from_str(&value.to_string()).map_err(|error| failed(error.to_string()))?;
        results.push(Value::from(json));
    }
    Ok(results)
}
