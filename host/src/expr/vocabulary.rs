//! Every name the language knows, for documentation.

use super::signature::{Parameter, required};
use super::{filters, functions, parser, predicates};

/// What a name of the language names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WordKind {
    Filter,
    Function,
    Test,
    Tag,
}

/// One name of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub kind: WordKind,
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    /// Whether any number of arguments may follow the parameters.
    pub open: bool,
    /// One line of documentation.
    pub summary: &'static str,
}

/// Lists every filter, function, test and tag, by kind and name.
pub fn vocabulary() -> Vec<Word> {
    let plain = |kind, name, summary| Word {
        kind,
        name,
        parameters: &[],
        open: false,
        summary,
    };
    let filters = filters::all().map(|f| Word {
        kind: WordKind::Filter,
        name: f.name,
        parameters: f.parameters,
        open: f.open,
        summary: f.summary,
    });
    let functions = functions::all().map(|f| Word {
        kind: WordKind::Function,
        name: f.name,
        parameters: f.parameters,
        open: f.open,
        summary: f.summary,
    });
    let block = Word {
        parameters: const { &[required("name")] },
        ..plain(WordKind::Function, "block", "the text of a block of the same template")
    };
    let tests = predicates::ALL
        .iter()
        .map(|test| plain(WordKind::Test, test.name, test.summary));
    let tags = parser::TAGS
        .iter()
        .map(|(name, summary)| plain(WordKind::Tag, name, summary));
    let mut words: Vec<Word> = filters
        .chain(functions)
        .chain([block])
        .chain(tests)
        .chain(tags)
        .collect();
    words.sort_by_key(|word| (word.kind, word.name));
    words
}

#[cfg(test)]
mod tests {
    use super::{WordKind, vocabulary};

    #[test]
    fn the_vocabulary_is_sorted_and_has_every_kind() {
        let words = vocabulary();
        assert!(words.is_sorted_by_key(|word| (word.kind, word.name)));
        for kind in [WordKind::Filter, WordKind::Function, WordKind::Test, WordKind::Tag] {
            assert!(words.iter().any(|word| word.kind == kind), "{kind:?}");
        }
        assert!(
            words
                .iter()
                .any(|word| word.name == "jq" && word.parameters[0].name == "expression")
        );
    }
}
