//! Formats of dates: the patterns of `java.time.format.DateTimeFormatter`, and the names Kestra gives to some.

use crate::expr::error::Problem;

/// A format, ready to write or to read dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::expr) struct Pattern {
    pub(super) items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Literal(String),
    /// A letter and how often it is repeated.
    Field(char, usize),
    /// The fraction of the second with its point, as many digits as it has, nothing when it has none.
    Fraction,
    /// The name of the zone in brackets.
    ZoneName,
    /// Year, week and day of the week, after ISO 8601.
    Week,
    /// What may be missing in a text that is read.
    Optional(Vec<Item>),
}

/// Letters a pattern may use, with the most repetitions of each.
const LETTERS: [(char, usize); 31] = [
    ('G', 5),
    ('Y', 9),
    ('w', 2),
    ('W', 1),
    ('e', 5),
    ('c', 5),
    ('N', 18),
    ('y', 9),
    ('u', 9),
    ('M', 5),
    ('L', 5),
    ('d', 2),
    ('D', 3),
    ('E', 5),
    ('Q', 5),
    ('a', 1),
    ('h', 2),
    ('H', 2),
    ('K', 2),
    ('k', 2),
    ('m', 2),
    ('s', 2),
    ('S', 9),
    ('n', 9),
    ('X', 3),
    ('x', 3),
    ('Z', 5),
    ('z', 3),
    ('O', 4),
    ('V', 2),
    ('A', 9),
];

/// How deep optional sections may nest.
const NESTING: usize = 8;

/// Names of formats and the patterns they stand for. `~` is the fraction, `@` the zone's name, `^` the week.
const NAMED: [(&str, &str); 20] = [
    ("iso", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"),
    ("iso_sec", "yyyy-MM-dd'T'HH:mm:ssXXX"),
    ("sql", "yyyy-MM-dd HH:mm:ss.SSSSSS"),
    ("sql_seq", "yyyy-MM-dd HH:mm:ss"),
    ("iso_date_time", "yyyy-MM-dd'T'HH:mm:ss~XXX@"),
    ("iso_zoned_date_time", "yyyy-MM-dd'T'HH:mm:ss~XXX@"),
    ("iso_offset_date_time", "yyyy-MM-dd'T'HH:mm:ss~XXX"),
    ("iso_local_date_time", "yyyy-MM-dd'T'HH:mm:ss~"),
    ("iso_date", "yyyy-MM-ddXXX"),
    ("iso_offset_date", "yyyy-MM-ddXXX"),
    ("iso_local_date", "yyyy-MM-dd"),
    ("iso_time", "HH:mm:ss~XXX"),
    ("iso_offset_time", "HH:mm:ss~XXX"),
    ("iso_local_time", "HH:mm:ss~"),
    ("iso_ordinal_date", "yyyy-DDDXXX"),
    ("iso_week_date", "^XXX"),
    ("rfc_1123_date_time", "EEE, d MMM yyyy HH:mm:ss 'GMT'"),
    ("long", "MMMM d, yyyy 'at' h:mm:ss a z"),
    ("medium", "MMM d, yyyy, h:mm:ss a"),
    ("short", "M/d/yy, h:mm a"),
];

impl Pattern {
    /// Takes the name of a format, or a pattern; says what in it makes no sense.
    pub(in crate::expr) fn new(format: &str) -> Result<Self, Problem> {
        if format == "iso_instant" {
            // Java writes instants in UTC whatever the zone, as `Value::Instant` does.
            return Ok(Self {
                items: vec![Item::Field('I', 1)],
            });
        }
        match NAMED.iter().find(|(name, _)| *name == format) {
            Some((name, pattern)) => {
                let items = items(pattern, true)?;
                Ok(Self {
                    items: if *name == "rfc_1123_date_time" {
                        in_utc(items)
                    } else {
                        items
                    },
                })
            }
            None => items(format, false).map(|items| Self { items }),
        }
    }
}

fn in_utc(items: Vec<Item>) -> Vec<Item> {
    std::iter::once(Item::Field('U', 1)).chain(items).collect()
}

fn items(pattern: &str, named: bool) -> Result<Vec<Item>, Problem> {
    let mut items = Vec::new();
    // The sections that are open, with what stood before each.
    let mut outer: Vec<Vec<Item>> = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => quoted(rest, &mut items).ok_or_else(|| malformed(pattern, "a quote is not closed"))?,
            '~' | '@' | '^' if named => {
                items.push(match first {
                    '~' => Item::Fraction,
                    '@' => Item::ZoneName,
                    _ => Item::Week,
                });
                1
            }
            letter if letter.is_ascii_alphabetic() => {
                let count = rest.len() - rest.trim_start_matches(letter).len();
                let known = LETTERS.iter().any(|(known, most)| *known == letter && count <= *most);
                let known = known && (letter, count) != ('c', 2);
                if !known {
                    let letters = &rest[..count];
                    return Err(malformed(pattern, &format!("`{letters}` is not supported")));
                }
                items.push(Item::Field(letter, count));
                count
            }
            '[' if outer.len() < NESTING => {
                outer.push(std::mem::take(&mut items));
                1
            }
            ']' => {
                let before = outer.pop().ok_or_else(|| malformed(pattern, "`]` closes nothing"))?;
                let section = Item::Optional(std::mem::replace(&mut items, before));
                items.push(section);
                1
            }
            '{' | '}' | '#' | '[' => return Err(malformed(pattern, &format!("`{first}` is not supported"))),
            other => {
                literal(&mut items, other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    // A section may stay open up to the end.
    while let Some(before) = outer.pop() {
        let section = Item::Optional(std::mem::replace(&mut items, before));
        items.push(section);
    }
    Ok(items)
}

fn malformed(pattern: &str, why: &str) -> Problem {
    let shown: String = pattern.chars().take(40).collect();
    Problem::wrong_argument(format!("`{shown}` is no format of a date: {why}"))
        .with_hint("write a pattern such as `yyyy-MM-dd HH:mm:ss`, or a name such as `iso`; text goes in single quotes")
}

fn literal(items: &mut Vec<Item>, c: char) {
    match items.last_mut() {
        Some(Item::Literal(text)) => text.push(c),
        _ => items.push(Item::Literal(c.to_string())),
    }
}

/// Reads `'text'`, in which `''` is a quote; answers its length.
fn quoted(text: &str, items: &mut Vec<Item>) -> Option<usize> {
    if text.starts_with("''") {
        literal(items, '\'');
        return Some(2);
    }
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((position, c)) = characters.next() {
        if c != '\'' {
            literal(items, c);
        } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
            literal(items, '\'');
        } else {
            return Some(position + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Item, Pattern};

    #[test]
    fn patterns_are_letters_text_and_quotes() {
        let items = |format: &str| Pattern::new(format).unwrap().items;
        let field = Item::Field;
        let text = |text: &str| Item::Literal(text.to_owned());
        assert_eq!(items("yyyy/MM"), [field('y', 4), text("/"), field('M', 2)]);
        assert_eq!(items("'o''clock' h''"), [text("o'clock "), field('h', 1), text("'")]);
        assert_eq!(
            items("iso_local_time"),
            [
                field('H', 2),
                text(":"),
                field('m', 2),
                text(":"),
                field('s', 2),
                Item::Fraction
            ]
        );
        assert_eq!(
            items("y[-M[-d]]"),
            [
                field('y', 1),
                Item::Optional(vec![
                    text("-"),
                    field('M', 1),
                    Item::Optional(vec![text("-"), field('d', 1)])
                ])
            ]
        );
        for bad in ["yyyy-www", "full", "'open", "yyyy]", "MMMMMM", "cc", "~b", "[[[[[[[[[y"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
    }
}
