//! Tables for spreadsheets: CSV as RFC 4180 has it.

use crate::model::Json;

/// Writes a heading and rows.
pub(super) fn table(heading: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = line(heading);
    for row in rows {
        text += &line(&row);
    }
    text
}

/// One row.
pub(super) fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

fn quoted(cell: &str) -> String {
    match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// What stands in a field: text as it is, nothing where there is nothing, and JSON else.
pub(super) fn cell(value: &Option<Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let text = |cell: &str| cell.to_owned();
        let rows = vec![
            vec![text("a,b"), text("say \"x\"\n")],
            vec![text("plain"), String::new()],
        ];
        let heading = [text("one"), text("two")];
        assert_eq!(
            table(&heading, rows.into_iter()),
            "one,two\r\n\"a,b\",\"say \"\"x\"\"\n\"\r\nplain,\r\n"
        );
    }
}
