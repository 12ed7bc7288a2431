//! A small, exact part of PowerShell: strings, numbers, variables, `Write-*`, `throw` and `exit`.
//!
//! The whole script is read before any of it runs, so that a script with something unknown does nothing at all.

use std::collections::{BTreeMap, HashMap};

/// Where a line is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Host,
    Warning,
    Error,
}

/// A value before it is evaluated.
#[derive(Debug, Clone)]
enum Word {
    /// Text with variables in it.
    Text(Vec<Piece>),
    /// A number as PowerShell writes it.
    Number(String),
    Variable(String),
}

#[derive(Debug, Clone)]
enum Piece {
    Plain(String),
    Variable(String),
}

#[derive(Debug)]
enum Statement {
    Assign(String, Word),
    Write(Stream, Vec<Word>),
    Throw(Word, usize),
    Exit(i32),
}

/// Runs a script to its end and gives its exit code; an error is for the operator.
pub(crate) fn run(
    script: &str,
    environment: &BTreeMap<String, String>,
    write: &mut dyn FnMut(Stream, &str),
) -> Result<i32, String> {
    let statements = Reader::new(script).script()?;
    let mut variables: HashMap<String, String> = HashMap::new();
    for (name, value) in environment {
        variables.insert(format!("env:{}", name.to_lowercase()), value.clone());
    }
    for (name, value) in [("true", "True"), ("false", "False")] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    for statement in statements {
        match statement {
            Statement::Assign(name, word) => match value(&word, &variables) {
                Some(text) => drop(variables.insert(name, text)),
                None => drop(variables.remove(&name)),
            },
            Statement::Write(stream, words) => {
                // Null writes nothing, as in a pipeline.
                let texts = words.iter().filter_map(|word| value(word, &variables));
                texts.for_each(|text| text.split('\n').for_each(|line| write(stream, line)));
            }
            Statement::Throw(word, line) => {
                return Err(format!(
                    "{} (line {line})",
                    value(&word, &variables).unwrap_or_default()
                ));
            }
            Statement::Exit(code) => return Ok(code),
        }
    }
    Ok(0)
}

fn value(word: &Word, variables: &HashMap<String, String>) -> Option<String> {
    match word {
        Word::Number(text) => Some(text.clone()),
        Word::Variable(name) => variables.get(name).cloned(),
        Word::Text(pieces) => Some(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Plain(text) => text.as_str(),
                    Piece::Variable(name) => variables.get(name).map_or("", String::as_str),
                })
                .collect(),
        ),
    }
}

struct Reader<'s> {
    script: &'s str,
    at: usize,
}

impl<'s> Reader<'s> {
    fn new(script: &'s str) -> Self {
        Self { script, at: 0 }
    }

    fn rest(&self) -> &'s str {
        &self.script[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let before = &self.script[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    fn unsupported(&self, what: &str, at: usize) -> String {
        let (line, column) = self.place(at);
        format!("unsupported: {what} at line {line}, column {column}")
    }

    /// Passes white space and comments; also ends of statements where told so.
    fn space(&mut self, over_ends: bool) -> Result<(), String> {
        loop {
            let rest = self.rest();
            if rest.starts_with("<#") {
                let start = self.at;
                let (line, column) = self.place(start);
                let end = rest.find("#>");
                self.at += 2 + end.ok_or(format!(
                    "the comment that starts at line {line}, column {column} has no end"
                ))?;
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("`\n") {
                self.at += 2;
            } else {
                match self.peek() {
                    Some('\n' | ';') if over_ends => drop(self.take()),
                    Some(c) if c.is_whitespace() && c != '\n' => drop(self.take()),
                    _ => return Ok(()),
                }
            }
        }
    }

    fn script(mut self) -> Result<Vec<Statement>, String> {
        let mut statements = Vec::new();
        loop {
            self.space(true)?;
            if self.rest().is_empty() {
                return Ok(statements);
            }
            statements.push(self.statement()?);
            self.space(false)?;
            match self.peek() {
                None | Some('\n' | ';') => {}
                Some('|') => return Err(self.unsupported("a pipeline", self.at)),
                Some(other) => return Err(self.unsupported(&format!("`{other}`"), self.at)),
            }
        }
    }

    fn statement(&mut self) -> Result<Statement, String> {
        let start = self.at;
        match self.peek() {
            Some('$') => {
                let Word::Variable(name) = self.word()? else {
                    return Err(self.unsupported("`$`", start));
                };
                self.space(false)?;
                if self.peek() != Some('=') {
                    return Ok(Statement::Write(Stream::Output, vec![Word::Variable(name)]));
                }
                self.take();
                self.space(false)?;
                Ok(Statement::Assign(name, self.word()?))
            }
            Some('\'' | '"' | '0'..='9') => Ok(Statement::Write(Stream::Output, vec![self.word()?])),
            _ => self.command(start),
        }
    }

    fn command(&mut self, start: usize) -> Result<Statement, String> {
        let name: String = self
            .rest()
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            .collect();
        self.at += name.len();
        let (line, _) = self.place(start);
        let stream = match name.to_lowercase().as_str() {
            "write-output" | "echo" | "write" => Stream::Output,
            "write-host" | "write-information" => Stream::Host,
            "write-warning" => Stream::Warning,
            "write-error" => Stream::Error,
            "throw" => return self.one_word().map(|word| Statement::Throw(word, line)),
            "exit" => return self.exit(start),
            "" => return Err(self.unsupported(&format!("`{}`", self.peek().unwrap_or(' ')), start)),
            "if" | "foreach" | "for" | "while" | "do" | "switch" | "function" | "try" | "param" | "return" => {
                return Err(self.unsupported(&format!("`{name}`"), start));
            }
            _ => return Err(self.unsupported(&format!("the command `{name}`"), start)),
        };
        let mut words = Vec::new();
        loop {
            self.space(false)?;
            match self.peek() {
                None | Some('\n' | ';' | '|') => return Ok(Statement::Write(stream, words)),
                Some(_) => words.push(self.word()?),
            }
        }
    }

    fn one_word(&mut self) -> Result<Word, String> {
        self.space(false)?;
        self.word()
    }

    fn exit(&mut self, start: usize) -> Result<Statement, String> {
        self.space(false)?;
        if matches!(self.peek(), None | Some('\n' | ';')) {
            return Ok(Statement::Exit(0));
        }
        match self.word()? {
            Word::Number(text) => text
                .parse()
                .map(Statement::Exit)
                .map_err(|_| self.unsupported("this exit code", start)),
            _ => Err(self.unsupported("an exit code that is no number", start)),
        }
    }

    fn word(&mut self) -> Result<Word, String> {
        let start = self.at;
        match self.peek() {
            Some('\'') => self.literal(start),
            Some('"') => self.expandable(start),
            Some('$') => {
                self.take();
                self.variable(start).map(Word::Variable)
            }
            Some(c) if c.is_ascii_digit() => {
                let digits: String = self.rest().chars().take_while(char::is_ascii_digit).collect();
                self.at += digits.len();
                match self.peek() {
                    Some(c) if c.is_alphanumeric() || c == '.' => Err(self.unsupported("this number", start)),
                    _ => Ok(Word::Number(digits)),
                }
            }
            Some(c) if c.is_alphabetic() => {
                let word: String = self
                    .rest()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || "-_".contains(*c))
                    .collect();
                self.at += word.len();
                Ok(Word::Text(vec![Piece::Plain(word)]))
            }
            Some(other) => Err(self.unsupported(&format!("`{other}`"), start)),
            None => Err(self.unsupported("the end of the script", start)),
        }
    }

    fn variable(&mut self, start: usize) -> Result<String, String> {
        let braced = self.peek() == Some('{');
        let rest = &self.rest()[usize::from(braced)..];
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
            .collect();
        self.at += name.len() + usize::from(braced);
        let closed = !braced || self.take() == Some('}');
        match name.is_empty() || !closed {
            true => Err(self.unsupported("an expression after `$`", start)),
            false => Ok(name.to_lowercase()),
        }
    }

    fn unended(&self, start: usize) -> String {
        let (line, column) = self.place(start);
        format!("the string that starts at line {line}, column {column} has no end")
    }

    fn literal(&mut self, start: usize) -> Result<Word, String> {
        self.take();
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(self.unended(start)),
                Some('\'') if self.peek() == Some('\'') => {
                    self.take();
                    text.push('\'');
                }
                Some('\'') => return Ok(Word::Text(vec![Piece::Plain(text)])),
                Some(c) => text.push(c),
            }
        }
    }

    fn expandable(&mut self, start: usize) -> Result<Word, String> {
        self.take();
        let (mut pieces, mut text) = (Vec::new(), String::new());
        loop {
            let here = self.at;
            match self.take() {
                None => return Err(self.unended(start)),
                Some('"') if self.peek() == Some('"') => {
                    self.take();
                    text.push('"');
                }
                Some('"') => {
                    pieces.push(Piece::Plain(text));
                    return Ok(Word::Text(pieces));
                }
                Some('`') => match self.take() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('0') => text.push('\0'),
                    Some(c) => text.push(c),
                    None => return Err(self.unended(start)),
                },
                Some('$') if self.peek() == Some('(') => {
                    return Err(self.unsupported("an expression in a string", here));
                }
                Some('$') if self.peek().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '{')) => {
                    pieces.push(Piece::Plain(std::mem::take(&mut text)));
                    let name = self.variable(here)?;
                    pieces.push(Piece::Variable(name));
                }
                Some(c) => text.push(c),
            }
        }
    }
}
