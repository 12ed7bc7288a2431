//! jq filters: compiled once per text, and run within bounds.
//!
//! The engine is jaq. It knows no bounds of its own, so it is given them from outside: it asks for its program at
//! every step, and there the steps and the stack are counted. When they run out the run is unwound; it holds nothing
//! that could be left half done. Short runs, nearly all there are, happen in place; one that turns out longer starts
//! again in a thread with a stack large enough to take its data apart, which jaq does by recursion.
//!
//! What would reach out of the filter is left out: `env`, `halt`, `input`, `debug`.

mod compile;
mod functions;
mod item;
mod operators;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use jaq_core::compile::Lut;
use jaq_core::data::HasLut;
use jaq_core::{Ctx, DataT, Native, Vars};

use self::item::Item;
use super::error::Problem;
use super::evaluate::stack_position;
use super::limits;
use super::value::Value;
use crate::model::Timestamp;

type Filter = jaq_core::Filter<Metered>;

/// Data of a run: moments, and the steps and the stack that are left.
struct Metered;

#[derive(Clone)]
struct Meter<'a> {
    program: &'a Lut<Native<Metered>>,
    steps: &'a Cell<u64>,
    /// Where the stack was when the run began.
    stack: usize,
    most_stack: usize,
    now: Timestamp,
}

impl DataT for Metered {
    type V<'a> = Item;
    type Data<'a> = Meter<'a>;
}

impl<'a> HasLut<'a, Metered> for Meter<'a> {
    fn lut(&self) -> &'a Lut<Native<Metered>> {
        self.spend(1);
        if self.stack.abs_diff(stack_position()) > self.most_stack {
            give_up(GivenUp::Depth);
        }
        self.program
    }
}

impl Meter<'_> {
    fn spend(&self, steps: u64) {
        match self.steps.get().checked_sub(steps) {
            Some(left) => self.steps.set(left),
            None => give_up(GivenUp::Steps),
        }
    }
}

/// Why a run was ended.
#[derive(Clone, Copy, PartialEq)]
enum GivenUp {
    Steps,
    Depth,
    Size,
}

/// Ends the run. This is no panic: no hook runs, and `attempt` catches it.
fn give_up(why: GivenUp) -> ! {
    resume_unwind(Box::new(why))
}

/// How many compiled filters each thread keeps.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Arc<Filter>>> = RefCell::default();
}

fn compiled(source: &str) -> Result<Arc<Filter>, Problem> {
    if let Some(known) = COMPILED.with_borrow(|compiled| compiled.get(source).cloned()) {
        return Ok(known);
    }
    let filter = Arc::new(compile::compile(source)?);
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(source.to_owned(), filter.clone());
    });
    Ok(filter)
}

/// Says what is wrong with a filter.
pub(super) fn check(source: &str) -> Result<(), Problem> {
    compiled(source).map(|_| ())
}

/// Runs a filter on a value; answers everything it yields.
pub(super) fn run(source: &str, input: Value, now: Timestamp) -> Result<Vec<Value>, Problem> {
    let filter = compiled(source)?;
    let input = Item::from_value(input);
    match attempt(
        &filter,
        input.clone(),
        now,
        limits::JQ_STEPS_INLINE,
        limits::JQ_STACK_INLINE,
    ) {
        Err(Failure::GivenUp(GivenUp::Steps | GivenUp::Depth)) => {}
        done => return done.map_err(Problem::from),
    }
    in_thread(move || attempt(&filter, input, now, limits::JQ_STEPS, limits::JQ_STACK))?.map_err(Problem::from)
}

/// Does the work in a thread with a large stack.
fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let thread = std::thread::Builder::new()
        .name("jq".to_owned())
        .stack_size(limits::JQ_THREAD)
        .spawn(work);
    let thread = thread.map_err(|error| Problem::limit(format!("no thread for jq: {error}")))?;
    thread.join().map_err(|_| Problem::limit("jq has failed"))
}

enum Failure {
    Said(String),
    GivenUp(GivenUp),
    Panicked,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Said(message) => Problem {
                code: "jq-error",
                message: format!("jq says: {message}"),
                hint: None,
            },
            Failure::GivenUp(GivenUp::Steps) => Problem::limit("the jq filter takes too long"),
            Failure::GivenUp(GivenUp::Depth) => Problem::limit("the jq filter calls itself too often"),
            Failure::GivenUp(GivenUp::Size) => Problem::limit("the jq filter makes too large a value"),
            Failure::Panicked => Problem {
                code: "jq-error",
                message: "jq has failed".to_owned(),
                hint: None,
            },
        }
    }
}

fn attempt(filter: &Filter, input: Item, now: Timestamp, steps: u64, most_stack: usize) -> Result<Vec<Value>, Failure> {
    let steps = Cell::new(steps);
    let run = || {
        let meter = Meter {
            program: &filter.lut,
            steps: &steps,
            stack: stack_position(),
            most_stack,
            now,
        };
        let mut outputs = Vec::new();
        let mut weight = 0usize;
        for output in filter.id.run((Ctx::<Metered>::new(meter, Vars::new([])), input)) {
            let output = match output.map_err(jaq_core::Exn::get_err) {
                Ok(Item(output)) => output,
                Err(Ok(error)) => return Err(Failure::Said(said(error))),
                Err(Err(_)) => return Err(Failure::Said("a filter broke out of nothing".to_owned())),
            };
            weight = weight.saturating_add(output.measure().weight);
            if weight > limits::WEIGHT {
                give_up(GivenUp::Size);
            }
            outputs.push(output);
        }
        Ok(outputs)
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| match payload.downcast_ref::<GivenUp>() {
        Some(why) => Err(Failure::GivenUp(*why)),
        None => Err(Failure::Panicked),
    })
}

/// The message of an error; jq lets any value be one.
fn said(error: item::ItemError) -> String {
    const LONGEST: usize = 200;
    let message = error.into_val().0.to_string();
    if message.chars().count() <= LONGEST {
        return message;
    }
    message.chars().take(LONGEST).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::run;
    use crate::expr::value::Value;
    use crate::model::{Json, Timestamp};

    fn yields(source: &str, input: Json) -> Result<Json, String> {
        let outputs = run(source, Value::from(input), Timestamp::UNIX_EPOCH);
        outputs
            .map(|outputs| Json::from(Value::list(outputs)))
            .map_err(|problem| problem.message)
    }

    fn check(source: &str, input: Json, expected: Json) {
        assert_eq!(yields(source, input), Ok(expected), "{source}");
    }

    fn check_limit(source: &str, message: &str) {
        assert_eq!(yields(source, json!(null)), Err(message.to_owned()), "{source}");
    }

    #[test]
    fn the_filters_of_every_day_work() {
        let assets = json!([{"id": "a", "n": 2, "tags": ["x"]}, {"id": "b", "n": 1, "tags": []}]);
        check(".[] | select(.n > 1) | .id", assets.clone(), json!(["a"]));
        check(
            "map(.id) | sort | reverse | join(\"-\")",
            assets.clone(),
            json!(["b-a"]),
        );
        check("sort_by(.n) | .[0].id, length", assets.clone(), json!(["b", 2]));
        check("group_by(.tags == []) | map(length)", assets.clone(), json!([[1, 1]]));
        check(
            "[.[] | {id, more: (.n + 1)}]",
            assets.clone(),
            json!([[{"id": "a", "more": 3}, {"id": "b", "more": 2}]]),
        );
        check("to_entries | map(.key)", json!({"x": 1, "y": 2}), json!([["x", "y"]]));
        check(
            ".a.b.c, .a[\"b\"], (.z // \"d\")",
            json!({"a": {"b": null}}),
            json!([null, null, "d"]),
        );
        check(
            "max_by(.n).id, ([.[].n] | add), any(.n == 1)",
            assets,
            json!(["a", 3, true]),
        );
        check(
            "with_entries(.value += 1) | del(.x) | .z = 5",
            json!({"x": 1, "y": 2}),
            json!([{"y": 3, "z": 5}]),
        );
        check(
            "keys, (.b | type), has(\"a\"), ([.[]] | unique)",
            json!({"b": 1, "a": 1}),
            json!([["a", "b"], "number", true, [1]]),
        );
        check(
            "split(\",\") | map(tonumber) | map(. * 2)",
            json!("1,2.5"),
            json!([[2, 5.0]]),
        );
    }

    #[test]
    fn texts_paths_and_errors_work() {
        check(
            "test(\"^a\"), sub(\"b\"; \"x\"), ascii_upcase, .[1:3], length, ltrimstr(\"a\")",
            json!("abc"),
            json!([true, "axc", "ABC", "bc", 3, "bc"]),
        );
        check(
            "reduce .[] as $x (0; . + $x), (. as [$a] | $a), (if .[0] == 1 then \"y\" else \"n\" end)",
            json!([1, 2]),
            json!([3, 1, "y"]),
        );
        check(
            "tojson, (\"[1]\" | fromjson), @base64 \"\\(.)\", @csv",
            json!(["a\"", 1, null]),
            json!(["[\"a\\\"\",1,null]", [1], "WyJhXCIiLDEsbnVsbF0=", "\"a\"\"\",1,"]),
        );
        check(
            "[paths], [leaf_paths], getpath([\"a\", 0]), [.. | numbers]",
            json!({"a": [1]}),
            json!([[["a"], ["a", 0]], [["a", 0]], 1, [1]]),
        );
        check(
            "try error(\"x\") catch ., (.a?), [.[]?], now, isnan",
            json!(1),
            json!(["x", [], 0.0, false]),
        );
        check(
            "INDEX(.id) | keys, IN(1; 1, 2)",
            json!([{"id": "a"}]),
            json!([["a"], true]),
        );
    }

    #[test]
    fn numbers_and_containers_behave_as_in_jq() {
        check(
            "1 + 1, 3 / 2, 4 / 2, 7 % 3, -. , 1.5 + 1.5, 9223372036854775807 + 1",
            json!(2),
            json!([2, 1.5, 2, 1, -2, 3.0, 9.223372036854776e18]),
        );
        check(
            "[1, 2] + [3], [1, 2, 1] - [1], {\"a\": {\"x\": 1}} * {\"a\": {\"y\": 2}}, \"ab\" * 2, null + 1",
            json!(null),
            json!([[1, 2, 3], [2], {"a": {"x": 1, "y": 2}}, "abab", 1]),
        );
        check(
            ".[-1], .[5], .[1:], .[:-1], (. | contains([1])), index(2), (.[1:] = [9])",
            json!([1, 2]),
            json!([2, null, [2], [1], true, 1, [1, 9]]),
        );
        check(".a = 1, (.[2] = 1)", json!(null), json!([{"a": 1}, [null, null, 1]]));
        check("nan | isnan, ([nan] | tojson)", json!(null), json!([true, "[null]"]));
    }

    #[test]
    fn faults_are_told() {
        assert_eq!(
            yields(".a", json!([1])),
            Err("jq says: cannot index [1] with \"a\"".to_owned())
        );
        assert_eq!(yields("error(\"no\")", json!(1)), Err("jq says: no".to_owned()));
        for outside in ["env", "halt", "input", "debug", "$ENV", "import \"a\" as a; 1", "{}{}"] {
            assert!(yields(outside, json!(1)).is_err(), "{outside}");
        }
    }

    #[test]
    fn no_filter_runs_without_end() {
        check_limit("def f: f; f", "the jq filter takes too long");
        check_limit("[range(1e18)]", "the jq filter takes too long");
        check_limit("last(repeat(1))", "the jq filter takes too long");
        check_limit("first(skip(1e15; range(1e18)))", "the jq filter takes too long");
        check_limit("def f(g): f(g); f(.)", "the jq filter takes too long");
        check_limit(
            "[range(30000)] as $a | $a | contains($a)",
            "the jq filter takes too long",
        );
        assert!(yields("def f: 1 + f; f", json!(1)).is_err());
        assert!(yields("[recurse([.])]", json!(1)).is_err());
    }

    #[test]
    fn no_filter_fills_the_memory() {
        let large = "the jq filter makes too large a value";
        check_limit("reduce range(64) as $i (\"x\"; . + .)", large);
        check_limit("\"x\" * 1000000000000", large);
        check_limit("reduce range(64) as $i (1; [., .])", large);
        check_limit("reduce range(64) as $i (\"\\\"\"; tojson)", large);
        check_limit("reduce range(64) as $i (\"x\"; [., .] | join(\"\"))", large);
        check_limit("reduce range(100000) as $i (1; [.])", large);
        check_limit(".[1000000000] = 1", large);
        check("[range(20000)] | length", json!(null), json!([20000]));
    }
}
