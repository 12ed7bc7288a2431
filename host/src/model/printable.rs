//! Texts that come from data, made fit to stand in a line for people: whoever wrote one decides what it says, never
//! where a line ends, in which order it reads or what a terminal does.

use std::borrow::Cow;

/// Whether a character does something else than be seen: it controls a terminal, ends a line, or reorders the text
/// around it (Unicode Standard Annex 9, explicit directional formatting), with which a line could show something else
/// than it says.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text as part of one line: what cannot be seen stands there escaped, such as `\n` and `\u{202e}`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unprintable)
}

/// The text with the characters that are not wanted escaped.
pub fn escaped(text: &str, is_unwanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_unwanted) {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' if is_unwanted(character) => result.extend(character.escape_default()),
            c if is_unwanted(c) => result.extend(c.escape_unicode()),
            c => result.push(c),
        }
    }
    Cow::Owned(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(one_line(text), expected);
        check("Größe 5 €", "Größe 5 €");
        check("ok\n2026 UPDATED\r\n\tby", "ok\\n2026 UPDATED\\r\\n\\tby");
        check("\u{1b}[31m\u{9b}1m\u{7f}", "\\u{1b}[31m\\u{9b}1m\\u{7f}");
        check("gnp\u{202e}.exe\u{2066}\u{2028}", "gnp\\u{202e}.exe\\u{2066}\\u{2028}");
    }
}
