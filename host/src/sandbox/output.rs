//! What a task says: lines of the `log` interface and of standard output and error, counted, cut and made harmless.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::Limits;
use crate::model::printable::is_unprintable;
use crate::model::{LogLevel, LogLine, Masker, amount, clock};

/// Takes each log line as it is written.
pub type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// How many bytes of standard error are kept to explain a trap.
const TAIL: usize = 2_000;

/// Gathers what one task run says.
pub(super) struct Speech {
    sink: LogSink,
    lines: u64,
    lines_limit: u64,
    bytes: u64,
    bytes_limit: u64,
    line_limit: usize,
    cut: bool,
    tail: String,
    masker: Masker,
    /// Lines that end like the start of a secret: what follows decides.
    held: Vec<(LogLevel, String)>,
    /// How many bytes at the start of those belong to a secret that began before.
    covered: usize,
}

/// The speech of a task run, shared by its streams.
pub(super) type SharedSpeech = Arc<Mutex<Speech>>;

impl Speech {
    pub(super) fn new(sink: LogSink, limits: &Limits, masker: Masker) -> Self {
        Self {
            sink,
            masker,
            held: Vec::new(),
            covered: 0,
            lines: 0,
            lines_limit: limits.log_lines,
            bytes: 0,
            bytes_limit: limits.log_bytes,
            line_limit: limits.log_line,
            cut: false,
            tail: String::new(),
        }
    }

    /// Writes a text of one or more lines.
    pub(super) fn say(&mut self, level: LogLevel, text: &str) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        for line in text.split('\n') {
            match self.masker.is_needed() {
                true => self.hold(level, line.trim_end_matches('\r')),
                false => self.line(level, line),
            }
        }
    }

    /// Masks a line, together with those before it that may hold the start of the same secret.
    fn hold(&mut self, level: LogLevel, line: &str) {
        self.held.push((level, line.to_owned()));
        // Lines that are empty hide nothing, and who writes nothing else shall not fill the memory.
        if line.is_empty() && self.held.len() > 1 && (self.held.len() as u64) <= self.lines_limit {
            return;
        }
        let joined: String = self.held.iter().map(|(_, line)| line.as_str()).collect();
        let open = self.masker.open_end(&joined);
        if open == 0 || self.held.len() as u64 > self.lines_limit {
            return self.release();
        }
        // Lines that end before the secret may begin need not wait.
        let (mut settled, mut end) = (0, 0);
        for (_, line) in &self.held {
            if end + line.len() > joined.len() - open {
                break;
            }
            (settled, end) = (settled + 1, end + line.len());
        }
        let parts: Vec<&str> = self.held.iter().map(|(_, line)| line.as_str()).collect();
        let masked = self.masker.mask_parts(&parts, self.covered);
        self.covered = self.masker.reach(&joined, self.covered, end);
        let gone: Vec<_> = self.held.drain(..settled).collect();
        for ((level, _), line) in gone.iter().zip(masked) {
            self.line(*level, &line);
        }
    }

    /// Writes what was held back.
    pub(super) fn release(&mut self) {
        let (held, covered) = (std::mem::take(&mut self.held), std::mem::take(&mut self.covered));
        let parts: Vec<&str> = held.iter().map(|(_, line)| line.as_str()).collect();
        let masked = self.masker.mask_parts(&parts, covered);
        for ((level, _), line) in held.iter().zip(masked) {
            self.line(*level, &line);
        }
    }

    fn line(&mut self, level: LogLevel, line: &str) {
        if self.cut {
            return;
        }
        let size = line.len().min(self.line_limit) as u64;
        if self.lines >= self.lines_limit || self.bytes + size > self.bytes_limit {
            self.cut = true;
            let limit = format!(
                "log truncated: a task run may write {} lines and {} (`log_lines`, `log_bytes`)",
                self.lines_limit,
                amount::in_bytes(self.bytes_limit)
            );
            return self.emit(LogLevel::Warn, limit);
        }
        self.bytes += size;
        self.emit(level, harmless(line.trim_end_matches('\r'), self.line_limit));
    }

    fn emit(&mut self, level: LogLevel, message: String) {
        self.lines += 1;
        (self.sink)(LogLine {
            time: clock::now(),
            level,
            message,
        });
    }

    fn remember(&mut self, text: &str) {
        self.tail.push_str(text);
        let most = TAIL + self.masker.longest();
        if self.tail.len() > most * 2 {
            self.tail.drain(..boundary(&self.tail, self.tail.len() - most));
        }
    }

    /// The end of standard error, masked, also what is split over its lines.
    pub(super) fn tail(&self) -> String {
        let start = boundary(&self.tail, self.tail.len().saturating_sub(TAIL));
        // What is before may hold the start of a secret.
        let (before, shown) = self.tail.split_at(start);
        let before: String = before.lines().collect();
        let lines = shown.split('\n').map(|line| line.trim_end_matches('\r'));
        let parts: Vec<&str> = std::iter::once(before.as_str()).chain(lines).collect();
        let masked = self.masker.mask_parts(&parts, 0);
        self.masker.mask(&masked[1..].join("\n")).into_owned()
    }
}

/// The first place from `at` on that is between two characters.
fn boundary(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|place| text.is_char_boundary(*place))
        .unwrap_or(text.len())
}

impl Drop for Speech {
    fn drop(&mut self) {
        self.release();
    }
}

/// Locks a speech; a panic of another holder leaves it usable.
pub(super) fn lock(speech: &SharedSpeech) -> std::sync::MutexGuard<'_, Speech> {
    speech.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A line with control characters made visible and no longer than `limit` bytes.
fn harmless(line: &str, limit: usize) -> String {
    let mut result = String::with_capacity(line.len().min(limit));
    for character in line.chars() {
        if result.len() + character.len_utf8() > limit {
            result.push_str("… (line truncated)");
            break;
        }
        match character {
            '\t' => result.push('\t'),
            c if is_unprintable(c) => result.extend(c.escape_unicode()),
            c => result.push(c),
        }
    }
    result
}

/// Standard output or error of a guest: cut into lines for the log.
#[derive(Clone)]
pub(super) struct LineStream {
    speech: SharedSpeech,
    level: LogLevel,
    buffer: Arc<Mutex<Vec<u8>>>,
}

impl LineStream {
    pub(super) fn new(speech: SharedSpeech, level: LogLevel) -> Self {
        Self {
            speech,
            level,
            buffer: Arc::default(),
        }
    }

    fn push(&self, bytes: &[u8]) {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.extend_from_slice(bytes);
        let mut speech = lock(&self.speech);
        loop {
            if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                self.speak(&mut speech, &line);
                continue;
            }
            // A secret that is cut in two could not be found, so that more is kept than a line holds.
            let longest = speech.line_limit + speech.masker.longest();
            if buffer.len() <= longest {
                break;
            }
            if speech.masker.is_needed() {
                mask_all(&mut buffer, &speech.masker);
                if buffer.len() <= longest {
                    break;
                }
            }
            let line: Vec<u8> = buffer.drain(..speech.line_limit).collect();
            self.speak(&mut speech, &line);
        }
    }

    /// Writes what has no newline yet.
    pub(super) fn flush(&self) {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        if !buffer.is_empty() {
            let line = std::mem::take(&mut *buffer);
            self.speak(&mut lock(&self.speech), &line);
        }
    }

    fn speak(&self, speech: &mut Speech, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        if self.level == LogLevel::Warn {
            speech.remember(&text);
        }
        speech.say(self.level, &text);
    }
}

/// Masks the text in a buffer whose last character may not be complete yet.
fn mask_all(buffer: &mut Vec<u8>, masker: &Masker) {
    let complete = match std::str::from_utf8(buffer) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => buffer.len(),
    };
    let rest = buffer.split_off(complete);
    let text = String::from_utf8_lossy(buffer).into_owned();
    *buffer = masker.mask(&text).into_owned().into_bytes();
    buffer.extend(rest);
}

impl IsTerminal for LineStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limits: &Limits, text: &str, expected: &[&str]) {
        check_writes(limits, &Masker::default(), &[text], expected);
    }

    fn check_writes(limits: &Limits, masker: &Masker, writes: &[&str], expected: &[&str]) {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = lines.clone();
        let sink: LogSink = Arc::new(move |line| taken.lock().unwrap().push(line.message));
        let speech = Arc::new(Mutex::new(Speech::new(sink, limits, masker.clone())));
        let stream = LineStream::new(speech.clone(), LogLevel::Info);
        writes.iter().for_each(|text| stream.push(text.as_bytes()));
        stream.flush();
        lock(&speech).release();
        assert_eq!(*lines.lock().unwrap(), expected);
    }

    #[test]
    fn a_secret_is_masked_also_when_it_is_split_over_writes_and_lines() {
        let masker = Masker::default();
        masker.learn("hunter2-and-more");
        let limits = Limits {
            log_line: 20,
            ..Limits::default()
        };
        let check = |writes: &[&str], expected: &[&str]| check_writes(&limits, &masker, writes, expected);
        check(&["a hunter2-", "and-more b\n"], &["a ****** b"]);
        check(&["hunter2-\nand-", "more\nx\n"], &["******", "******", "x"]);
        check(&["hunter2-\nelse\n"], &["hunter2-", "else"]);
        check(
            &["0123456789abcdefhunter2-and-more0123456789012345678901234567"],
            &["0123456789abcdef****… (line truncated)"],
        );
    }

    #[test]
    fn a_secret_split_anywhere_is_masked_and_lines_that_cannot_hold_it_do_not_wait() {
        let masker = Masker::default();
        let secret = "hunter2-and-more";
        masker.learn(secret);
        let check = |writes: &[&str], expected: &[&str]| check_writes(&Limits::default(), &masker, writes, expected);
        for place in 1..secret.len() {
            let (start, end) = secret.split_at(place);
            check(&[&format!("x {start}\n{end} y\n")], &["x ******", "****** y"]);
            check(&[&format!("{start}\n\n{end}\n")], &["******", "", "******"]);
        }
        // Each line ends one secret and begins the next.
        check(
            &["hu\nnter2-and-morehu\nnter2-and-morehu\nx\n"],
            &["******", "******", "******hu", "x"],
        );
    }

    #[test]
    fn the_last_words_are_masked_over_lines_and_where_they_are_cut() {
        let masker = Masker::default();
        masker.learn("hunter2-and-more");
        let tail = |text: &str| {
            let mut speech = Speech::new(Arc::new(|_| ()), &Limits::default(), masker.clone());
            // As they come: in pieces.
            text.split_inclusive('\n').for_each(|line| speech.remember(line));
            speech.tail()
        };
        assert_eq!(tail("it is hunter2-an\nd-more!\nend"), "it is ******\n******!\nend");
        for before in 0..20 {
            let found = tail(&format!(
                "{}hunter2-and-more{}",
                "\n".repeat(3_000),
                "x".repeat(TAIL - before)
            ));
            assert!(
                found.trim_start_matches(['*', '\n']).chars().all(|c| c == 'x'),
                "{before}: {found}"
            );
        }
    }

    #[test]
    fn output_becomes_lines() {
        check(&Limits::default(), "a\nb\r\n\nc", &["a", "b", "", "c"]);
    }

    #[test]
    fn a_line_cannot_speak_to_the_terminal() {
        check(
            &Limits::default(),
            "\x1b[31mred\x07\tx\u{202e}",
            &["\\u{1b}[31mred\\u{7}\tx\\u{202e}"],
        );
    }

    #[test]
    fn volume_and_length_are_bounded_and_the_log_says_so() {
        let limits = Limits {
            log_lines: 2,
            log_line: 4,
            ..Limits::default()
        };
        let cut = "log truncated: a task run may write 2 lines and 16 MiB (`log_lines`, `log_bytes`)";
        check(&limits, "1\n2\n3\n4\n", &["1", "2", cut]);
    }
}
