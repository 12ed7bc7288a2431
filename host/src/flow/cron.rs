//! Cron lines as Kestra reads them: five fields as in crontab(5), one more for seconds where a trigger asks for it, or
//! a nickname such as `@daily`.

use crate::model::Span;

/// A cron line: for each field, which of its values it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    /// Seconds, minutes, hours, days, months, weekdays; bit 7 of the weekdays is Sunday again.
    fields: [u64; 6],
}

/// Why a text is no cron line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CronError {
    pub message: String,
    /// Where in the line.
    pub span: Span,
    pub hint: Option<&'static str>,
}

struct Field {
    name: &'static str,
    least: u64,
    most: u64,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const FIELDS: [Field; 6] = [
    Field::new("second", 0, 59, &[]),
    Field::new("minute", 0, 59, &[]),
    Field::new("hour", 0, 23, &[]),
    Field::new("day of the month", 1, 31, &[]),
    Field::new("month", 1, 12, &MONTHS),
    Field::new("day of the week", 0, 7, &WEEKDAYS),
];
const NICKNAMES: [&str; 7] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];
/// How many days the months can have.
const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS: usize = 3;
const MONTH: usize = 4;
const WEEKDAY: usize = 5;

impl Field {
    const fn new(name: &'static str, least: u64, most: u64, names: &'static [&'static str]) -> Self {
        Self {
            name,
            least,
            most,
            names,
        }
    }

    fn all(&self) -> u64 {
        (self.least..=self.most).fold(0, |bits, value| bits | 1 << value)
    }

    /// Reads one number or name.
    fn value(&self, text: &str, at: usize) -> Result<u64, CronError> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(position) = named {
            return Ok(position as u64 + self.least);
        }
        let number = text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten();
        match number {
            Some(number) if (self.least..=self.most).contains(&number) => Ok(number),
            Some(_) => {
                let message = format!("the {} is from {} to {}, not {text}", self.name, self.least, self.most);
                Err(error(message, at, text))
            }
            None => {
                let message = format!("`{text}` is no {}", self.name);
                let hint = match text.chars().any(|c| "?LW#".contains(c)) {
                    true => Some("`?`, `L`, `W` and `#` are Quartz's and not known here; write `*` for any"),
                    false => None,
                };
                Err(CronError {
                    hint,
                    ..error(message, at, text)
                })
            }
        }
    }

    /// Reads one of the parts that commas separate: `*`, `5`, `1-5`, each also with a step as `*/15`.
    fn part(&self, text: &str, at: usize) -> Result<u64, CronError> {
        let (base, step) = match text.split_once('/') {
            Some((base, step)) => (base, Some((step, at + base.len() + 1))),
            None => (text, None),
        };
        let (first, last) = match base.split_once('-') {
            _ if base == "*" => (self.least, self.most),
            Some((low, high)) => (self.value(low, at)?, self.value(high, at + low.len() + 1)?),
            None => {
                let value = self.value(base, at)?;
                (value, if step.is_some() { self.most } else { value })
            }
        };
        if first > last {
            return Err(error(format!("the range `{base}` runs backwards"), at, base));
        }
        let step = match step {
            None => 1,
            Some((text, at)) => match text.parse::<usize>() {
                Ok(step) if (1..=self.most as usize).contains(&step) => step,
                _ => {
                    let message = format!("a step is from 1 to {}, not `{text}`", self.most);
                    return Err(error(message, at, text));
                }
            },
        };
        Ok((first..=last).step_by(step).fold(0, |bits, value| bits | 1 << value))
    }

    fn read(&self, text: &str, mut at: usize) -> Result<u64, CronError> {
        let mut bits = 0;
        for part in text.split(',') {
            bits |= self.part(part, at)?;
            at += part.len() + 1;
        }
        Ok(bits)
    }
}

fn error(message: String, at: usize, text: &str) -> CronError {
    CronError {
        message,
        span: (at..at + text.len()).into(),
        hint: None,
    }
}

impl Cron {
    /// Reads a line of five fields, or of six where the first is the seconds.
    pub(super) fn parse(line: &str, with_seconds: bool) -> Result<Self, CronError> {
        let trimmed = line.trim();
        if trimmed.starts_with('@') {
            return match NICKNAMES.contains(&trimmed.to_ascii_lowercase().as_str()) {
                true => Ok(Self {
                    fields: FIELDS.map(|field| field.all()),
                }),
                false => Err(CronError {
                    hint: Some("there are @yearly, @monthly, @weekly, @daily and @hourly"),
                    ..error(format!("unknown nickname `{trimmed}`"), 0, line)
                }),
            };
        }
        let skipped = usize::from(!with_seconds);
        let words: Vec<&str> = line.split_whitespace().collect();
        let wanted = FIELDS.len() - skipped;
        if words.len() != wanted {
            let message = format!("a cron line has {wanted} fields, and this has {}", words.len());
            let hint = match (words.len(), with_seconds) {
                (6, false) => Some("a first field of seconds needs `withSeconds: true`"),
                (5, true) => Some("with `withSeconds: true` the first field is the seconds"),
                _ => Some("minute, hour, day of the month, month, day of the week, such as `0 9 * * 1-5`"),
            };
            return Err(CronError {
                hint,
                ..error(message, 0, line)
            });
        }
        let mut fields = FIELDS.map(|field| field.all());
        let mut at = 0;
        for ((field, bits), word) in FIELDS.iter().zip(&mut fields).skip(skipped).zip(words) {
            at += line[at..].find(word).unwrap_or_default();
            *bits = field.read(word, at)?;
            at += word.len();
        }
        Ok(Self { fields })
    }

    /// Whether no calendar has such a day, as the 30th of February. Where the weekday is given too, it is enough.
    pub(super) fn never_comes(&self) -> bool {
        let weekdays = self.fields[WEEKDAY];
        if weekdays != FIELDS[WEEKDAY].all() {
            return false;
        }
        let first_day = self.fields[DAYS].trailing_zeros();
        let month_fits =
            |(month, length): (usize, &u32)| self.fields[MONTH] & (2 << month) != 0 && first_day <= *length;
        !LENGTHS.iter().enumerate().any(month_fits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Expects a line to be good, or a message and the text it is about.
    fn check(line: &str, with_seconds: bool, expected: &str) {
        let found = match Cron::parse(line, with_seconds) {
            Ok(cron) if cron.never_comes() => "never".to_owned(),
            Ok(_) => "good".to_owned(),
            Err(error) => format!("{} at {:?}", error.message, &line[error.span.start..error.span.end]),
        };
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn lines_are_read_as_crontab_writes_them() {
        for good in [
            "* * * * *",
            "0 9 * * 1-5",
            "*/15 0,12 1-15/2 JAN-mar SUN",
            "5/10 * * * 7",
            " 0  0 1 1 * ",
            "@daily",
            "@HOURLY",
            "0 0 29 2 *",
        ] {
            check(good, false, "good");
        }
        check("30 0 9 * * MON", true, "good");
    }

    #[test]
    fn faults_are_told_where_they_are() {
        check("60 * * * *", false, "the minute is from 0 to 59, not 60 at \"60\"");
        check("0 24 * * *", false, "the hour is from 0 to 23, not 24 at \"24\"");
        check(
            "0 0 0 * *",
            false,
            "the day of the month is from 1 to 31, not 0 at \"0\"",
        );
        check("0 0 * 5-2 *", false, "the range `5-2` runs backwards at \"5-2\"");
        check("0 0 * * MO", false, "`MO` is no day of the week at \"MO\"");
        check("0 0 ? * *", false, "`?` is no day of the month at \"?\"");
        check("*/0 * * * *", false, "a step is from 1 to 59, not `0` at \"0\"");
        check("1,,2 * * * *", false, "`` is no minute at \"\"");
        check(
            "* * * *",
            false,
            "a cron line has 5 fields, and this has 4 at \"* * * *\"",
        );
        check("@often", false, "unknown nickname `@often` at \"@often\"");
        check("", false, "a cron line has 5 fields, and this has 0 at \"\"");
    }

    #[test]
    fn a_day_that_no_month_has_never_comes() {
        check("0 0 30 2 *", false, "never");
        check("0 0 31 4,6,9,11 *", false, "never");
        check("0 0 30 2 MON", false, "good");
        check("0 0 31 2,3 *", false, "good");
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(line in "[ 0-9*/,a-zA-Z@?é-]{0,30}", with_seconds: bool) {
            if let Err(error) = Cron::parse(&line, with_seconds) {
                prop_assert!(line.get(error.span.start..error.span.end).is_some(), "{:?}", error);
            }
        }
    }
}
