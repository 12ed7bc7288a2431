//! Commands that answer once they have seen all of their input.

use crate::commands::{Call, canonical};
use crate::evaluate::fault;
use crate::fault::Stop;
use crate::operators;
use crate::syntax::At;
use crate::value::{Value, to_json};

/// What a command gives once it has seen all of its input.
pub fn end(call: &mut Call) -> Result<Vec<Value>, Stop> {
    let (at, seen) = (call.at, std::mem::take(&mut call.seen));
    let unsupported = || Stop::unsupported(format!("these parameters of `{}`", call.name), at);
    let named: Vec<&str> = call.named.iter().map(|(name, _)| name.as_str()).collect();
    match (canonical(&call.name), named.as_slice()) {
        _ if call.target.is_some() => Ok(Vec::new()),
        (Some("select-object"), ["first"]) => Ok(Vec::new()),
        (Some("select-object"), ["last"]) => {
            let wanted = call.named[0].1.integer().map_err(|message| fault(message, at))?;
            let skipped = seen.len().saturating_sub(usize::try_from(wanted).unwrap_or(0));
            Ok(seen[skipped..].to_vec())
        }
        (Some("sort-object"), [] | ["descending"]) if call.positional.is_empty() => sorted(seen, !named.is_empty(), at),
        (Some("measure-object"), [] | ["sum"]) if call.positional.is_empty() => {
            let mut sum = Value::Integer(0);
            let mut entries = vec![(Value::text("Count"), Value::Integer(seen.len() as i64))];
            if !named.is_empty() {
                for value in &seen {
                    sum = operators::apply("+", &sum, value).map_err(|message| fault(message, at))?;
                }
                entries.push((Value::text("Sum"), sum));
            }
            Ok(vec![Value::table(true, entries)])
        }
        (Some("convertto-json"), ["compress"]) => {
            let json = to_json(&Value::collected(seen), 0).map_err(|what| Stop::unsupported(what, at))?;
            Ok(vec![Value::text(json.to_string())])
        }
        (Some("select-object" | "sort-object" | "measure-object" | "convertto-json"), _) => Err(unsupported()),
        _ => Ok(Vec::new()),
    }
}

fn sorted(mut values: Vec<Value>, descending: bool, at: At) -> Result<Vec<Value>, Stop> {
    let kind = |value: &Value| match value {
        Value::Text(_) => 1,
        Value::Integer(_) | Value::Double(_) => 2,
        _ => 0,
    };
    if values
        .iter()
        .any(|value| kind(value) == 0 || kind(value) != kind(&values[0]))
    {
        return Err(Stop::unsupported("sorting anything but texts or numbers", at));
    }
    let mut failed = None;
    values.sort_by(|left, right| match operators::order(left, right) {
        Ok(order) => {
            if descending {
                order.reverse()
            } else {
                order
            }
        }
        Err(message) => {
            failed = Some(message);
            std::cmp::Ordering::Equal
        }
    });
    failed.map_or(Ok(values), |message| Err(fault(message, at)))
}
