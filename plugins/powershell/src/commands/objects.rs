//! Commands that choose, order, count and compare objects.

use std::cmp::Ordering;
use std::rc::Rc;

use super::Specification;
use crate::fault::{Stop, Wrong};
use crate::machine::Machine;
use crate::members;
use crate::operators;
use crate::pipeline::Call;
use crate::value::{CUSTOM, Kind, Value};

pub const COMMANDS: &[Specification] = &[
    Specification::new("ForEach-Object", nothing)
        .aliases(&["%", "foreach"])
        .takes(&["process"])
        .valued(&["begin", "end", "inputobject", "membername"])
        .streaming(),
    Specification::new("Where-Object", nothing)
        .aliases(&["?", "where"])
        .takes(&["filterscript", "value"])
        .valued(&[
            "inputobject",
            "eq",
            "ne",
            "gt",
            "ge",
            "lt",
            "le",
            "like",
            "notlike",
            "match",
            "notmatch",
            "contains",
            "notcontains",
            "in",
            "notin",
            "ceq",
            "cne",
            "clike",
            "cmatch",
        ])
        .switches(&["not"])
        .streaming(),
    Specification::new("Out-Null", nothing)
        .valued(&["inputobject"])
        .streaming(),
    Specification::new("Tee-Object", tee)
        .aliases(&["tee"])
        .takes(&["filepath"])
        .valued(&["variable", "inputobject"]),
    Specification::new("Select-Object", select)
        .aliases(&["select"])
        .takes(&["property"])
        .valued(&[
            "first",
            "last",
            "skip",
            "skiplast",
            "index",
            "expandproperty",
            "excludeproperty",
            "inputobject",
        ])
        .switches(&["unique"]),
    Specification::new("Sort-Object", sort)
        .aliases(&["sort"])
        .takes(&["property"])
        .valued(&["top", "bottom", "inputobject"])
        .switches(&["descending", "unique", "casesensitive", "stable"]),
    Specification::new("Group-Object", group)
        .aliases(&["group"])
        .takes(&["property"])
        .valued(&["inputobject"])
        .switches(&["noelement", "ashashtable", "asstring"]),
    Specification::new("Measure-Object", measure)
        .aliases(&["measure"])
        .takes(&["property"])
        .valued(&["inputobject"])
        .switches(&[
            "sum",
            "average",
            "minimum",
            "maximum",
            "allstats",
            "line",
            "word",
            "character",
        ]),
    Specification::new("Compare-Object", compare)
        .aliases(&["compare", "diff"])
        .takes(&["referenceobject", "differenceobject"])
        .valued(&["property"])
        .switches(&["includeequal", "excludedifferent", "passthru", "casesensitive"]),
    Specification::new("Get-Unique", unique)
        .aliases(&["gu"])
        .valued(&["inputobject"])
        .switches(&["asstring"]),
    Specification::new("Add-Member", add_member)
        .takes(&["membertype", "name", "value"])
        .valued(&[
            "inputobject",
            "notepropertyname",
            "notepropertyvalue",
            "notepropertymembers",
        ])
        .switches(&["passthru", "force"]),
];

fn nothing(_: &mut Machine<'_>, _: &mut Call) -> Result<Vec<Value>, Stop> {
    Ok(Vec::new())
}

fn tee(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let seen = std::mem::take(&mut call.seen);
    if let Some(name) = call.text("variable") {
        machine.set(&name.to_lowercase(), Value::collected(seen.clone()), call.at)?;
    } else {
        let path = machine.files.resolve(&call.required("filepath")?);
        let text = crate::display::show(&seen).map_err(|wrong| wrong.at(call.at))?;
        machine
            .files
            .write(&path, &text)
            .map_err(|reason| Stop::error(reason, call.at))?;
    }
    Ok(Vec::new())
}

impl Machine<'_> {
    /// What a property, a script block or a table with `Expression` gives of a value, and its name.
    fn calculated(&mut self, value: &Value, wanted: &Value, call: &Call) -> Result<(String, Value), Stop> {
        let at = call.at;
        match wanted {
            Value::Block(body) => {
                let before = self.get("_", at)?;
                self.set("_", value.clone(), at)?;
                let result = self.collect(&Rc::clone(body).statements);
                self.set("_", before, at)?;
                Ok((body.source.trim().to_owned(), Value::collected(result?)))
            }
            Value::Table(table) => {
                let field = |names: [&str; 4]| -> Option<Value> {
                    let table = table.borrow();
                    names.iter().find_map(|name| table.field(name).cloned())
                };
                let expression = field(["expression", "e", "expression", "e"]);
                let expression = expression.ok_or_else(|| Stop::unsupported("a property without `Expression`", at))?;
                let (name, found) = self.calculated(value, &expression, call)?;
                Ok((
                    field(["name", "n", "label", "l"]).map_or(name, |name| name.show()),
                    found,
                ))
            }
            name => {
                let name = name.show();
                Ok((
                    name.clone(),
                    members::property(value, &name).map_err(|wrong| wrong.at(at))?,
                ))
            }
        }
    }

    /// What to sort or group by, for each value.
    fn keys(&mut self, values: &[Value], call: &Call) -> Result<Vec<Vec<Value>>, Stop> {
        let wanted = call.get("property").map(Value::items).unwrap_or_default();
        let mut keys = Vec::new();
        for value in values {
            let mut key = Vec::new();
            if wanted.is_empty() {
                key.push(value.clone());
            }
            for one in &wanted {
                key.push(self.calculated(value, one, call)?.1);
            }
            keys.push(key);
        }
        Ok(keys)
    }
}

#[expect(clippy::too_many_lines, reason = "one step for each parameter")]
fn select(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let mut values = call.input("inputobject");
    if let Some(count) = call.size("skip")? {
        values.drain(..count.min(values.len()));
    }
    if let Some(count) = call.size("skiplast")? {
        values.truncate(values.len().saturating_sub(count));
    }
    let (first, last) = (call.size("first")?, call.size("last")?);
    match (first, last) {
        (Some(first), Some(last)) if first + last < values.len() => drop(values.drain(first..values.len() - last)),
        (Some(_), Some(_)) | (None, None) => {}
        (Some(first), None) => values.truncate(first),
        (None, Some(last)) => drop(values.drain(..values.len().saturating_sub(last))),
    }
    if let Some(places) = call.get("index") {
        let mut places: Vec<usize> = places
            .items()
            .iter()
            .map(|place| place.size().unwrap_or(usize::MAX))
            .collect();
        places.sort_unstable();
        values = places
            .into_iter()
            .filter_map(|place| values.get(place).cloned())
            .collect();
    }
    let wanted = call.get("property").map(Value::items).unwrap_or_default();
    if !wanted.is_empty() {
        let left_out = call.texts("excludeproperty");
        let mut chosen = Vec::new();
        for value in &values {
            chosen.push(project(machine, value, &wanted, &left_out, call)?);
        }
        values = chosen;
    }
    if let Some(name) = call.text("expandproperty") {
        let mut expanded = Vec::new();
        for value in &values {
            let found = members::property(value, &name).map_err(|wrong| wrong.at(call.at))?;
            if matches!(found, Value::Null) {
                machine.complain(
                    call,
                    &["System.ArgumentException"],
                    format!("Property \"{name}\" cannot be found."),
                )?;
            } else {
                expanded.extend(found.items());
            }
        }
        values = expanded;
    }
    if call.is("unique") {
        let mut kept: Vec<Value> = Vec::new();
        for value in values {
            if !contains(&kept, &value).map_err(|wrong| wrong.at(call.at))? {
                kept.push(value);
            }
        }
        values = kept;
    }
    Ok(values)
}

/// Whether a value is among others, objects being alike when all their properties are.
fn contains(values: &[Value], wanted: &Value) -> Result<bool, Wrong> {
    for value in values {
        let same = match (value, wanted) {
            (Value::Table(_), Value::Table(_)) => value.show() == wanted.show(),
            _ => operators::same(value, wanted, true)?,
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

fn project(
    machine: &mut Machine<'_>,
    value: &Value,
    wanted: &[Value],
    left_out: &[String],
    call: &Call,
) -> Result<Value, Stop> {
    let mut entries: Vec<(Value, Value)> = Vec::new();
    for one in wanted {
        match one {
            Value::Text(pattern) if crate::patterns::is_wildcard(pattern) => {
                let Value::Table(table) = value else { continue };
                for (key, field) in &table.borrow().entries {
                    if crate::patterns::like(&key.show(), pattern, false).map_err(|wrong| wrong.at(call.at))? {
                        entries.push((Value::text(key.show()), field.clone()));
                    }
                }
            }
            one => {
                let (name, found) = machine.calculated(value, one, call)?;
                entries.push((Value::text(name), found));
            }
        }
    }
    entries.retain(|(key, _)| !left_out.iter().any(|name| name.eq_ignore_ascii_case(&key.show())));
    Ok(Value::table(CUSTOM, entries))
}

fn order_keys(left: &[Value], right: &[Value], cased: bool) -> Result<Ordering, Wrong> {
    for (left, right) in left.iter().zip(right) {
        let order = match (left, right) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Less,
            (_, Value::Null) => Ordering::Greater,
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::Integer(_) | Value::Double(_), Value::Integer(_) | Value::Double(_)) => {
                operators::order(left, right, cased)?
            }
            (Value::Date(_), Value::Date(_)) | (Value::Span(_), Value::Span(_)) => {
                operators::order(left, right, cased)?
            }
            _ => operators::order_text(&left.show(), &right.show(), cased),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

fn sort(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let values = call.input("inputobject");
    let descending = call.is("descending");
    let down: Vec<bool> = call
        .get("property")
        .map(Value::items)
        .unwrap_or_default()
        .iter()
        .map(|one| match one {
            Value::Table(table) => {
                let table = table.borrow();
                let says = |name: &str| table.field(name).is_some_and(Value::truth);
                says("descending") || (descending && table.field("ascending").is_none())
            }
            _ => descending,
        })
        .collect();
    let keys = machine.keys(&values, call)?;
    let mut rows: Vec<(Vec<Value>, Value)> = keys.into_iter().zip(values).collect();
    let (mut failed, cased) = (None, call.is("casesensitive"));
    rows.sort_by(|(left, _), (right, _)| {
        for (place, (left, right)) in left.iter().zip(right).enumerate() {
            let order = order_keys(std::slice::from_ref(left), std::slice::from_ref(right), cased);
            let order = order.unwrap_or_else(|wrong| {
                failed = Some(wrong);
                Ordering::Equal
            });
            if order != Ordering::Equal {
                let down = down.get(place).copied().unwrap_or(descending);
                return if down { order.reverse() } else { order };
            }
        }
        Ordering::Equal
    });
    if let Some(wrong) = failed {
        return Err(wrong.at(call.at));
    }
    if call.is("unique") {
        rows.dedup_by(|(left, _), (right, _)| {
            order_keys(left, right, cased).is_ok_and(|order| order == Ordering::Equal)
        });
    }
    let mut values: Vec<Value> = rows.into_iter().map(|(_, value)| value).collect();
    if let Some(count) = call.size("top")? {
        values.truncate(count);
    }
    if let Some(count) = call.size("bottom")? {
        values.drain(..values.len().saturating_sub(count));
    }
    Ok(values)
}

fn group(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let values = call.input("inputobject");
    let keys = machine.keys(&values, call)?;
    let mut groups: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    for (key, value) in keys.into_iter().zip(values) {
        let known = groups
            .iter_mut()
            .find(|(known, _)| order_keys(known, &key, false).is_ok_and(|order| order == Ordering::Equal));
        match known {
            Some((_, members)) => members.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups.sort_by(|(left, _), (right, _)| order_keys(left, right, false).unwrap_or(Ordering::Equal));
    let name = |key: &[Value]| key.iter().map(Value::show).collect::<Vec<_>>().join(", ");
    if call.is("ashashtable") {
        let text = call.is("asstring");
        let entries = groups.into_iter().map(|(key, members)| {
            let key = if text || key.len() != 1 {
                Value::text(name(&key))
            } else {
                key[0].clone()
            };
            (key, Value::list(members))
        });
        return Ok(vec![Value::table(Kind::Hash, entries.collect())]);
    }
    let kind = Kind::Object("Microsoft.PowerShell.Commands.GroupInfo");
    let made = groups.into_iter().map(|(key, members)| {
        let mut fields = vec![
            ("Count", Value::count(members.len())),
            ("Name", Value::text(name(&key))),
        ];
        if !call.is("noelement") {
            fields.push(("Group", Value::list(members)));
        }
        fields.push(("Values", Value::list(key)));
        Value::object(kind.clone(), fields)
    });
    Ok(made.collect())
}

#[expect(clippy::too_many_lines, reason = "one field for each statistic")]
fn measure(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    let mut values = call.input("inputobject");
    if call.is("line") || call.is("word") || call.is("character") {
        let texts: Vec<String> = values.iter().map(Value::show).collect();
        let count = |on: &str, count: &dyn Fn(&String) -> usize| match call.is(on) {
            true => Value::count(texts.iter().map(count).sum()),
            false => Value::Null,
        };
        let fields = vec![
            ("Lines", count("line", &|text| text.lines().count())),
            ("Words", count("word", &|text| text.split_whitespace().count())),
            ("Characters", count("character", &|text| text.chars().count())),
            ("Property", Value::Null),
        ];
        return Ok(vec![Value::object(
            Kind::Object("Microsoft.PowerShell.Commands.TextMeasureInfo"),
            fields,
        )]);
    }
    if let Some(wanted) = call.get("property").cloned() {
        let mut found = Vec::new();
        for value in &values {
            match machine.calculated(value, &wanted, call)?.1 {
                Value::Null => {}
                value => found.push(value),
            }
        }
        values = found;
    }
    let all = call.is("allstats");
    let mut sum = 0.0;
    let mut numbers = Vec::new();
    if all || call.is("sum") || call.is("average") {
        for value in &values {
            let number = value
                .double()
                .map_err(|_| Stop::error(format!("Input object \"{}\" is not numeric.", value.show()), at))?;
            sum += number;
            numbers.push(number);
        }
    }
    let mut ordered = values.clone();
    let (mut least, mut most) = (Value::Null, Value::Null);
    if all || call.is("minimum") || call.is("maximum") {
        ordered.sort_by(|left, right| {
            order_keys(std::slice::from_ref(left), std::slice::from_ref(right), false).unwrap_or(Ordering::Equal)
        });
        least = ordered.first().cloned().unwrap_or(Value::Null);
        most = ordered.last().cloned().unwrap_or(Value::Null);
    }
    let given = |on: bool, value: Value| if on { value } else { Value::Null };
    let average = if numbers.is_empty() {
        Value::Null
    } else {
        Value::Double(sum / numbers.len() as f64)
    };
    let fields = vec![
        ("Count", Value::count(values.len())),
        ("Average", given(all || call.is("average"), average)),
        ("Sum", given(all || call.is("sum"), Value::Double(sum))),
        ("Maximum", given(all || call.is("maximum"), most)),
        ("Minimum", given(all || call.is("minimum"), least)),
        ("Property", call.get("property").cloned().unwrap_or(Value::Null)),
    ];
    Ok(vec![Value::object(
        Kind::Object("Microsoft.PowerShell.Commands.GenericMeasureInfo"),
        fields,
    )])
}

fn compare(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let side = |name: &str| call.get(name).map(Value::items).unwrap_or_default();
    let (reference, mut difference) = (side("referenceobject"), side("differenceobject"));
    difference.append(&mut call.seen);
    let left = machine.keys(&reference, call)?;
    let right = machine.keys(&difference, call)?;
    let cased = call.is("casesensitive");
    let same = |a: &[Value], b: &[Value]| order_keys(a, b, cased).is_ok_and(|order| order == Ordering::Equal);
    let mut used = vec![false; right.len()];
    let (mut equal, mut missing) = (Vec::new(), Vec::new());
    for (place, key) in left.iter().enumerate() {
        match (0..right.len()).find(|other| !used[*other] && same(key, &right[*other])) {
            Some(other) => {
                used[other] = true;
                equal.push((reference[place].clone(), "=="));
            }
            None => missing.push((reference[place].clone(), "<=")),
        }
    }
    let added = difference
        .iter()
        .zip(&used)
        .filter(|(_, used)| !**used)
        .map(|(value, _)| (value.clone(), "=>"));
    let mut rows = if call.is("includeequal") || call.is("excludedifferent") {
        equal
    } else {
        Vec::new()
    };
    if !call.is("excludedifferent") {
        rows.extend(added);
        rows.extend(missing);
    }
    let wanted = call.get("property").map(Value::items).unwrap_or_default();
    let mut made = Vec::new();
    for (value, side) in rows {
        if call.is("passthru") {
            made.push(value);
            continue;
        }
        let mut entries = Vec::new();
        for one in &wanted {
            let (name, found) = machine.calculated(&value, one, call)?;
            entries.push((Value::text(name), found));
        }
        if wanted.is_empty() {
            entries.push((Value::text("InputObject"), value));
        }
        entries.push((Value::text("SideIndicator"), Value::text(side)));
        made.push(Value::table(CUSTOM, entries));
    }
    Ok(made)
}

fn unique(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let mut kept: Vec<Value> = Vec::new();
    for value in call.input("inputobject") {
        let same = match kept.last() {
            Some(last) => operators::same(last, &value, true).map_err(|wrong| wrong.at(call.at))?,
            None => false,
        };
        if !same {
            kept.push(value);
        }
    }
    Ok(kept)
}

fn add_member(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    let mut added: Vec<(Value, Value)> = Vec::new();
    if let Some(Value::Table(table)) = call.get("notepropertymembers") {
        added.extend(table.borrow().entries.iter().cloned());
    }
    match (call.text("membertype"), call.text("notepropertyname")) {
        (Some(kind), _) if !kind.eq_ignore_ascii_case("NoteProperty") => {
            return Err(Stop::unsupported(format!("members of the type `{kind}`"), at));
        }
        (Some(_), _) => {
            let name = call.required("name")?;
            added.push((Value::text(name), call.get("value").cloned().unwrap_or(Value::Null)));
        }
        (None, Some(name)) => {
            added.push((
                Value::text(name),
                call.get("notepropertyvalue").cloned().unwrap_or(Value::Null),
            ));
        }
        (None, None) if added.is_empty() => return Err(Stop::unsupported("these parameters of `Add-Member`", at)),
        (None, None) => {}
    }
    let values = match call.get("inputobject") {
        Some(value) => vec![value.clone()],
        None => std::mem::take(&mut call.seen),
    };
    for value in &values {
        let Value::Table(table) = value else {
            return Err(Stop::unsupported("adding a member to this value", at));
        };
        for (name, field) in &added {
            if table.borrow().get(name).is_some() && !call.is("force") {
                let message = format!(
                    "Cannot add a member with the name \"{}\" because a member with that name already exists.",
                    name.show()
                );
                return Err(Stop::error(message, at));
            }
            table.borrow_mut().set(name.clone(), field.clone());
        }
    }
    Ok(if call.is("passthru") { values } else { Vec::new() })
}
