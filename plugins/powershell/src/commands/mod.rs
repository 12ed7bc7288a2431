//! The commands that are known, in one table: their names, their parameters, and what runs them.

mod content;
mod data;
mod formats;
mod general;
mod items;
mod objects;
mod paths;
mod simulated;
mod speech;

use crate::fault::Stop;
use crate::machine::Machine;
use crate::pipeline::Call;
use crate::value::Value;

/// What runs a command once it has its arguments and its input.
pub type Run = fn(&mut Machine<'_>, &mut Call) -> Result<Vec<Value>, Stop>;

/// A command and what it takes.
pub struct Specification {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// Parameters that values without a name go to, in order.
    pub positional: &'static [&'static str],
    /// Parameters with a value that are always named.
    pub valued: &'static [&'static str],
    pub switches: &'static [&'static str],
    /// Whether it takes any number of values without a name.
    pub rest: bool,
    /// Whether each value is dealt with as it comes.
    pub streams: bool,
    pub run: Run,
}

/// What every command takes.
const COMMON: &[&str] = &["erroraction", "warningaction"];
const COMMON_SWITCHES: &[&str] = &["verbose", "debug"];

impl Specification {
    const fn new(name: &'static str, run: Run) -> Self {
        Specification {
            name,
            aliases: &[],
            positional: &[],
            valued: &[],
            switches: &[],
            rest: false,
            streams: false,
            run,
        }
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn takes(mut self, positional: &'static [&'static str]) -> Self {
        self.positional = positional;
        self
    }

    const fn valued(mut self, valued: &'static [&'static str]) -> Self {
        self.valued = valued;
        self
    }

    const fn switches(mut self, switches: &'static [&'static str]) -> Self {
        self.switches = switches;
        self
    }

    const fn streaming(mut self) -> Self {
        self.streams = true;
        self
    }

    const fn any_number(mut self) -> Self {
        self.rest = true;
        self
    }

    /// The full name of a parameter that may be cut short, and whether it is a switch.
    pub fn parameter(&self, name: &str) -> Option<(String, bool)> {
        let name = match name {
            "ea" => "erroraction",
            "wa" => "warningaction",
            name => name,
        };
        let valued = || self.positional.iter().chain(self.valued).chain(COMMON);
        let switches = || self.switches.iter().chain(COMMON_SWITCHES);
        if valued().any(|known| *known == name) {
            return Some((name.to_owned(), false));
        }
        if switches().any(|known| *known == name) {
            return Some((name.to_owned(), true));
        }
        let mut close = valued()
            .map(|known| (*known, false))
            .chain(switches().map(|known| (*known, true)))
            .filter(|(known, _)| known.starts_with(name));
        match (close.next(), close.next()) {
            (Some((known, switch)), None) => Some((known.to_owned(), switch)),
            _ => None,
        }
    }
}

/// The command of a name or alias, whatever its case.
pub fn find(name: &str) -> Option<&'static Specification> {
    all().find(|command| {
        command.name.eq_ignore_ascii_case(name) || command.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// All commands.
pub fn all() -> impl Iterator<Item = &'static Specification> {
    [
        speech::COMMANDS,
        objects::COMMANDS,
        content::COMMANDS,
        items::COMMANDS,
        paths::COMMANDS,
        data::COMMANDS,
        formats::COMMANDS,
        general::COMMANDS,
        simulated::COMMANDS,
    ]
    .into_iter()
    .flatten()
}
