//! Reads a date that is written in a format.

use jiff::ZonedDateTime;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::pattern::{Item, Pattern};
use super::{time_zone, unreadable, written_offset};
use crate::expr::error::Problem;

/// What has been read so far.
#[derive(Default, Clone)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    afternoon: Option<bool>,
    zone: Option<TimeZone>,
}

impl Pattern {
    /// Reads a date in this format. Without a time it is midnight; without an offset or zone it is in `zone`.
    pub(in crate::expr) fn parse(&self, text: &str, zone: &TimeZone) -> Result<ZonedDateTime, Problem> {
        if self.items.first() == Some(&Item::Field('I', 1)) {
            return super::parse_iso(text, zone).ok_or_else(|| unreadable(text));
        }
        let fail = || {
            let shown: String = text.chars().take(40).collect();
            Problem::wrong_type(format!(
                "`{shown}` is not written in the format that `existingFormat` says"
            ))
        };
        self.read(text).and_then(|fields| fields.date(zone)).ok_or_else(fail)
    }

    fn read(&self, text: &str) -> Option<Fields> {
        let mut fields = Fields::default();
        let rest = fields.read_all(&self.items, text)?;
        rest.is_empty().then_some(fields)
    }
}

fn digits(text: &str, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    Some((text[..length].parse().ok()?, &text[length..]))
}

fn fraction<'t>(text: &'t str, most: usize, fields: &mut Fields) -> Option<&'t str> {
    let (_, rest) = digits(text, most)?;
    let digits = &text[..text.len() - rest.len()];
    fields.nanosecond = format!("{digits:0<9}").parse().ok()?;
    Some(rest)
}

/// Reads the longest of the names, or of their first three letters.
fn name<'t>(text: &'t str, names: &[&str]) -> Option<(i64, &'t str)> {
    let starts = |name: &str| {
        text.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let long = names
        .iter()
        .position(|name| starts(name))
        .map(|position| (position, names[position].len()));
    let short = || {
        names
            .iter()
            .position(|name| starts(&name[..3]))
            .map(|position| (position, 3))
    };
    let (position, length) = long.or_else(short)?;
    Some((position as i64 + 1, &text[length..]))
}

impl Fields {
    /// Reads what stands for the items; answers what comes after.
    fn read_all<'t>(&mut self, items: &[Item], text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        for (position, item) in items.iter().enumerate() {
            rest = match item {
                Item::Literal(literal) => rest.strip_prefix(literal.as_str())?,
                Item::Fraction if rest.starts_with('.') => fraction(&rest[1..], 9, self)?,
                Item::Fraction => rest,
                Item::ZoneName if rest.starts_with('[') => {
                    let (name, after) = rest[1..].split_once(']')?;
                    self.zone = Some(time_zone(name).ok()?);
                    after
                }
                Item::ZoneName => rest,
                Item::Week => return None,
                Item::Optional(items) => {
                    let mut with = self.clone();
                    match with.read_all(items, rest) {
                        Some(after) => {
                            *self = with;
                            after
                        }
                        None => rest,
                    }
                }
                Item::Field(letter, count) => {
                    let adjacent = matches!(items.get(position + 1), Some(Item::Field(..)));
                    self.read(*letter, *count, adjacent, rest)?
                }
            };
        }
        Some(rest)
    }

    fn read<'t>(&mut self, letter: char, count: usize, adjacent: bool, text: &'t str) -> Option<&'t str> {
        let most = if adjacent { count.max(1) } else { 19 };
        let take = |slot: &mut i64| {
            let (number, rest) = digits(text, most)?;
            *slot = number;
            Some(rest)
        };
        match letter {
            'y' | 'u' => {
                let (year, rest) = digits(text, if count == 2 { 2 } else { most })?;
                self.year = Some(if count == 2 { 2000 + year } else { year });
                Some(rest)
            }
            'M' | 'L' if count == 5 => None,
            'M' | 'L' => {
                let (month, rest) = if count > 2 {
                    name(text, &super::write::MONTHS)?
                } else {
                    digits(text, most.min(2))?
                };
                self.month = Some(month);
                Some(rest)
            }
            'd' => take(self.day.insert(0)),
            'D' => take(self.day_of_year.insert(0)),
            'H' | 'h' | 'K' | 'k' => take(&mut self.hour),
            'm' => take(&mut self.minute),
            's' => take(&mut self.second),
            'n' => take(&mut self.nanosecond),
            'S' => fraction(text, count, self),
            'e' | 'c' if count < 3 => None,
            'G' | 'Y' | 'w' | 'W' | 'Q' | 'A' | 'N' => None,
            'E' | 'e' | 'c' => Some(text.trim_start_matches(|c: char| c.is_ascii_alphabetic())),
            'U' => {
                self.zone = Some(TimeZone::UTC);
                Some(text)
            }
            'a' => {
                let marker = text.get(..2)?;
                self.afternoon = Some(marker.eq_ignore_ascii_case("PM"));
                (self.afternoon == Some(true) || marker.eq_ignore_ascii_case("AM")).then(|| &text[2..])
            }
            _ => self.read_zone(text),
        }
    }

    /// Reads an offset, or the name of a zone.
    fn read_zone<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let part = |c: char| c.is_ascii_alphanumeric() || "+-:/_".contains(c);
        let length = text.len() - text.trim_start_matches(part).len();
        let name = &text[..length];
        let offset = name.strip_prefix("GMT").filter(|rest| !rest.is_empty()).unwrap_or(name);
        self.zone = Some(match offset.starts_with(['+', '-']) {
            true => TimeZone::fixed(written_offset(&format!("T{offset}"))?),
            false => time_zone(name).ok()?,
        });
        Some(&text[length..])
    }

    fn date(self, zone: &TimeZone) -> Option<ZonedDateTime> {
        let year = i16::try_from(self.year?).ok()?;
        let date = match self.day_of_year {
            Some(day) => Date::new(year, 1, 1)
                .ok()?
                .with()
                .day_of_year(i16::try_from(day).ok()?)
                .build()
                .ok()?,
            None => {
                let part = |part: Option<i64>| i8::try_from(part.unwrap_or(1)).ok();
                Date::new(year, part(self.month)?, part(self.day)?).ok()?
            }
        };
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour % 24,
        };
        let part = |part: i64| i8::try_from(part).ok();
        let nanosecond = i32::try_from(self.nanosecond).ok()?;
        let time = Time::new(part(hour)?, part(self.minute)?, part(self.second)?, nanosecond).ok()?;
        date.to_datetime(time)
            .to_zoned_datetime(self.zone.unwrap_or_else(|| zone.clone()))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::Pattern;

    fn check(text: &str, format: &str, expected: &str) {
        let pattern = Pattern::new(format).unwrap();
        let read = pattern
            .parse(text, &TimeZone::UTC)
            .map(|date| date.strftime("%FT%T%.f%:z").to_string());
        assert_eq!(
            read.unwrap_or_else(|problem| problem.message),
            expected,
            "{text} as {format}"
        );
    }

    #[test]
    fn texts_are_read_in_their_format() {
        check("05/07/2026", "dd/MM/yyyy", "2026-07-05T00:00:00+00:00");
        check("20260705T140309", "yyyyMMdd'T'HHmmss", "2026-07-05T14:03:09+00:00");
        check("5 Jul 26, 2:03 PM", "d MMM yy, h:mm a", "2026-07-05T14:03:00+00:00");
        check(
            "Sunday, July 5 2026 12 AM",
            "EEEE, MMMM d yyyy h a",
            "2026-07-05T00:00:00+00:00",
        );
        check(
            "2026-07-05 14:03:09.25 +0200",
            "yyyy-MM-dd HH:mm:ss.SS Z",
            "2026-07-05T14:03:09.25+02:00",
        );
        check(
            "2026-07-05T14:03:09Z",
            "yyyy-MM-dd'T'HH:mm:ssXXX",
            "2026-07-05T14:03:09+00:00",
        );
        check("2026-07", "yyyy-MM[-dd]", "2026-07-01T00:00:00+00:00");
        check("2026-07-05", "yyyy-MM[-dd]['T'HH:mm[:ss]]", "2026-07-05T00:00:00+00:00");
        check(
            "2026-07-05T14:03",
            "yyyy-MM[-dd]['T'HH:mm[:ss]]",
            "2026-07-05T14:03:00+00:00",
        );
        check("2026-186", "yyyy-DDD", "2026-07-05T00:00:00+00:00");
        check(
            "2026-07-05T14:03:09.5+02:00[Europe/Paris]",
            "iso_date_time",
            "2026-07-05T14:03:09.5+02:00",
        );
        check(
            "Sun, 5 Jul 2026 12:03:09 GMT",
            "rfc_1123_date_time",
            "2026-07-05T12:03:09+00:00",
        );
    }

    #[test]
    fn texts_in_another_format_are_refused() {
        let fail = |text: &str| format!("`{text}` is not written in the format that `existingFormat` says");
        for (text, format) in [
            ("2026-07-05", "dd/MM/yyyy"),
            ("31/02/2026", "dd/MM/yyyy"),
            ("1 XM", "h a"),
            ("é", "yyyy"),
            ("1", "H"),
        ] {
            check(text, format, &fail(text));
        }
    }

    proptest! {
        #[test]
        fn no_text_and_no_format_cause_a_panic(text in "\\PC{0,20}", format in "[a-zA-Z:'./ \\[\\]-]{0,12}") {
            if let Ok(pattern) = Pattern::new(&format) {
                let _ = pattern.parse(&text, &TimeZone::UTC);
                let date = jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC);
                let written = pattern.write(&date);
                let _ = pattern.parse(&written, &TimeZone::UTC);
            }
        }
    }
}
