//! Time, variables, new objects and the rest.

use super::Specification;
use crate::fault::Stop;
use crate::machine::Machine;
use crate::moment;
use crate::pipeline::Call;
use crate::statics;
use crate::types;
use crate::value::{Kind, Value};

/// The longest a script may wait, in milliseconds; the host's limit on time ends it before.
const PAUSE: f64 = 3_600_000.0;

pub const COMMANDS: &[Specification] = &[
    Specification::new("Get-Date", get_date)
        .takes(&["date"])
        .valued(&[
            "format",
            "uformat",
            "year",
            "month",
            "day",
            "hour",
            "minute",
            "second",
            "unixtimeseconds",
        ])
        .switches(&["asutc"]),
    Specification::new("New-TimeSpan", new_span)
        .takes(&["start", "end"])
        .valued(&["days", "hours", "minutes", "seconds"]),
    Specification::new("Start-Sleep", sleep)
        .aliases(&["sleep"])
        .takes(&["seconds"])
        .valued(&["milliseconds"]),
    Specification::new("New-Object", new_object)
        .takes(&["typename", "argumentlist"])
        .valued(&["property"]),
    Specification::new("Get-Variable", get_variable)
        .aliases(&["gv"])
        .takes(&["name"])
        .switches(&["valueonly"]),
    Specification::new("Set-Variable", set_variable)
        .aliases(&["sv", "set"])
        .takes(&["name", "value"])
        .valued(&["scope"]),
    Specification::new("Remove-Variable", remove_variable)
        .aliases(&["rv"])
        .takes(&["name"]),
    Specification::new("Get-Random", random).takes(&["maximum"]).valued(&[
        "minimum",
        "inputobject",
        "count",
        "setseed",
    ]),
    Specification::new("New-Guid", new_guid),
    Specification::new("Get-Command", get_command)
        .aliases(&["gcm"])
        .takes(&["name"]),
    Specification::new("Set-StrictMode", nothing)
        .valued(&["version"])
        .switches(&["off"]),
    Specification::new("Import-Module", import_module)
        .aliases(&["ipmo"])
        .takes(&["name"])
        .switches(&["force"]),
    Specification::new("Invoke-Command", invoke)
        .aliases(&["icm"])
        .takes(&["scriptblock"])
        .valued(&["argumentlist", "computername"]),
    Specification::new("Measure-Command", measure_command).takes(&["expression"]),
];

fn nothing(_: &mut Machine<'_>, _: &mut Call) -> Result<Vec<Value>, Stop> {
    Ok(Vec::new())
}

fn get_date(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    let mut ticks = match (call.get("date"), call.get("unixtimeseconds")) {
        (Some(value), _) => match types::cast("datetime", value.clone()).map_err(|wrong| wrong.at(at))? {
            Value::Date(ticks) => ticks,
            _ => 0,
        },
        (None, Some(seconds)) => moment::from_unix_seconds(seconds.integer().map_err(|wrong| wrong.at(at))?),
        (None, None) => moment::now(),
    };
    let mut parts = moment::parts(ticks);
    for (name, part) in [
        ("year", &mut parts.year),
        ("month", &mut parts.month),
        ("day", &mut parts.day),
        ("hour", &mut parts.hour),
        ("minute", &mut parts.minute),
        ("second", &mut parts.second),
    ] {
        if let Some(value) = call.get(name) {
            *part = value.integer().map_err(|wrong| wrong.at(at))?;
        }
    }
    let day = moment::from_date(parts.year, parts.month, parts.day).map_err(|wrong| wrong.at(at))?;
    ticks = day + ((parts.hour * 60 + parts.minute) * 60 + parts.second) * moment::SECOND + parts.fraction;
    if let Some(format) = call.text("uformat") {
        return match format.as_str() {
            "%s" => Ok(vec![Value::text(moment::unix_seconds(ticks).to_string())]),
            "%Y-%m-%d" => Ok(vec![Value::text(
                moment::format(ticks, "yyyy-MM-dd").map_err(|wrong| wrong.at(at))?,
            )]),
            _ => Err(Stop::unsupported("this value of `-UFormat`", at)),
        };
    }
    Ok(vec![match call.text("format") {
        Some(format) => Value::text(moment::format(ticks, &format).map_err(|wrong| wrong.at(at))?),
        None => Value::Date(ticks),
    }])
}

fn new_span(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    let date = |name: &str| -> Result<i64, Stop> {
        match call.get(name).cloned() {
            Some(value) => match types::cast("datetime", value).map_err(|wrong| wrong.at(at))? {
                Value::Date(ticks) => Ok(ticks),
                _ => Ok(0),
            },
            None => Ok(moment::now()),
        }
    };
    if call.get("start").is_some() || call.get("end").is_some() {
        return Ok(vec![Value::Span(date("end")? - date("start")?)]);
    }
    let mut ticks = 0;
    for (name, unit) in [("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)] {
        if let Some(value) = call.get(name) {
            ticks += value.integer().map_err(|wrong| wrong.at(at))? * unit * moment::SECOND;
        }
    }
    Ok(vec![Value::Span(ticks)])
}

fn sleep(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let number = |name: &str| call.get(name).map_or(Ok(0.0), Value::double);
    let pause = number("seconds")
        .and_then(|seconds| Ok(seconds * 1000.0 + number("milliseconds")?))
        .map_err(|wrong| wrong.at(call.at))?;
    if !(0.0..=PAUSE).contains(&pause) {
        return Err(Stop::error("The time to sleep is out of range.", call.at));
    }
    machine.pause(std::time::Duration::from_millis(pause as u64))?;
    Ok(Vec::new())
}

fn new_object(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    let name = types::plain_name(&call.required("typename")?);
    let arguments = call.get("argumentlist").map(Value::items).unwrap_or_default();
    let made = statics::construct(&name, &arguments).map_err(|wrong| wrong.at(at))?;
    let made = made.ok_or_else(|| Stop::unsupported(format!("a new `{name}` from these values"), at))?;
    if let (Some(Value::Table(fields)), Value::Table(object)) = (call.get("property"), &made) {
        for (key, value) in &fields.borrow().entries {
            object.borrow_mut().set(Value::text(key.show()), value.clone());
        }
    }
    Ok(vec![made])
}

fn variable_name(call: &Call) -> Result<String, Stop> {
    Ok(call.required("name")?.to_lowercase())
}

fn get_variable(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let shown = call.required("name")?;
    let name = variable_name(call)?;
    if !machine.scopes.iter().any(|scope| scope.variables.contains_key(&name)) {
        let message = format!("Cannot find a variable with the name '{shown}'.");
        machine.complain(call, super::content::NOT_FOUND, message)?;
        return Ok(Vec::new());
    }
    let value = machine.get(&name, call.at)?;
    if call.is("valueonly") {
        return Ok(vec![value]);
    }
    let fields = vec![("Name", Value::text(shown)), ("Value", value)];
    Ok(vec![Value::object(
        Kind::Object("System.Management.Automation.PSVariable"),
        fields,
    )])
}

fn set_variable(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = variable_name(call)?;
    let scope = call.text("scope").unwrap_or_else(|| "local".to_owned()).to_lowercase();
    let value = match call.get("value") {
        Some(value) => value.clone(),
        None => Value::collected(std::mem::take(&mut call.seen)),
    };
    machine.set(&format!("{scope}:{name}"), value, call.at)?;
    Ok(Vec::new())
}

fn remove_variable(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = variable_name(call)?;
    if let Some(scope) = machine.scopes.last_mut() {
        scope.variables.remove(&name);
    }
    Ok(Vec::new())
}

impl Machine<'_> {
    /// The next number of a sequence that is the same in every run, after George Marsaglia's xorshift.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

fn random(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    if let Some(seed) = call.get("setseed") {
        machine.random = seed
            .integer()
            .map_err(|wrong| wrong.at(at))?
            .unsigned_abs()
            .wrapping_mul(0x9e37_79b9)
            .max(1);
    }
    let mut choices = match call.get("inputobject") {
        Some(value) => value.items(),
        None => std::mem::take(&mut call.seen),
    };
    if !choices.is_empty() {
        let count = call.size("count")?.unwrap_or(1).min(choices.len());
        let mut chosen = Vec::new();
        for _ in 0..count {
            let place = machine.next_random() as usize % choices.len();
            chosen.push(choices.swap_remove(place));
        }
        return Ok(chosen);
    }
    let bound = |name: &str, usual: i64| {
        call.get(name)
            .map_or(Ok(usual), Value::integer)
            .map_err(|wrong| wrong.at(at))
    };
    let (least, most) = (bound("minimum", 0)?, bound("maximum", i64::from(i32::MAX))?);
    if least >= most {
        return Err(Stop::error(
            "The Minimum value cannot be greater than or equal to the Maximum value.",
            at,
        ));
    }
    let span = most.abs_diff(least);
    let number = machine.next_random() % span;
    Ok(vec![Value::Integer(least.wrapping_add(number as i64))])
}

fn new_guid(machine: &mut Machine<'_>, _: &mut Call) -> Result<Vec<Value>, Stop> {
    let (a, b) = (machine.next_random(), machine.next_random());
    let text = format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    );
    let fields = vec![("Guid", Value::text(&text)), ("Name", Value::text(&text))];
    Ok(vec![Value::object(Kind::Object("System.Guid"), fields)])
}

fn get_command(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.required("name")?;
    let found = match (machine.functions.contains_key(&name.to_lowercase()), super::find(&name)) {
        (true, _) => ("Function", name),
        (false, Some(command)) => ("Cmdlet", command.name.to_owned()),
        (false, None) => {
            let what = format!("`{name}`, which a real PowerShell may know,");
            return Err(Stop::unsupported(what, call.at));
        }
    };
    let fields = vec![("CommandType", Value::text(found.0)), ("Name", Value::text(found.1))];
    Ok(vec![Value::object(
        Kind::Object("System.Management.Automation.CommandInfo"),
        fields,
    )])
}

fn import_module(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.required("name")?;
    machine.simulated(
        "Import-Module",
        Some(format!(
            "the module `{name}` was not loaded; its commands are those of the simulation"
        )),
    );
    Ok(Vec::new())
}

fn invoke(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    if call.get("computername").is_some() {
        return Err(Stop::unsupported("running a script on another computer", call.at));
    }
    let Some(Value::Block(body)) = call.get("scriptblock").cloned() else {
        return Err(Stop::unsupported("`Invoke-Command` without a script block", call.at));
    };
    let arguments = call.get("argumentlist").map(Value::items).unwrap_or_default();
    let mut values = Vec::new();
    machine.call_block(&body, arguments, call.at, &mut |_, value| {
        values.push(value);
        Ok(())
    })?;
    Ok(values)
}

fn measure_command(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let Some(Value::Block(body)) = call.get("expression").cloned() else {
        return Err(Stop::unsupported("`Measure-Command` without a script block", call.at));
    };
    let start = moment::now();
    machine.call_block(&body, Vec::new(), call.at, &mut |_, _| Ok(()))?;
    Ok(vec![Value::Span((moment::now() - start).max(0))])
}
