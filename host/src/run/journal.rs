//! The way of events to the catalog and to whoever watches.
//!
//! A thread of its own records, so that a task that can reach nothing outside its sandbox runs while the end of the one
//! before it is written. Watchers hear of a state only when it is recorded, and who reads the catalog waits until it
//! holds all that has happened.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::execution::{Observer, RunError, Runner};
use super::masking::mask;
use crate::model::clock::World;
use crate::model::{
    Actor, Asset, AssetChange, AssetFilter, AssetId, Bundle, CatalogReader, ExecutionId, Json, Masker, Namespace,
    RecordError, Recorder, RunEvent, RunEventKind, Violation,
};

/// How many batches may wait to be written; a run that is ahead by more waits for the disk. Those that wait when the
/// one before is written share a transaction.
const BATCHES: usize = 4;

enum Message {
    /// Make these last, then tell of them.
    Record(Vec<RunEvent>),
    /// Tell of this now; it is recorded later.
    Tell(Box<RunEvent>),
    /// Make these last unless the catalog refuses them, then tell of them and how it went.
    Attempt(Vec<RunEvent>, Sender<Result<(), RecordError>>),
}

/// How far the recording thread is.
#[derive(Default)]
struct Written {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What the batches that are not written yet will change.
    waiting: VecDeque<Touched>,
    /// Whether a batch could not be written. Nothing is after that, so that what is there has no holes.
    is_broken: bool,
    failed: Option<RecordError>,
    assets: Vec<AssetChange>,
}

/// The assets that a batch of events is about.
#[derive(Default)]
struct Touched {
    ids: Vec<AssetId>,
    /// Whether it may be about others too.
    is_any: bool,
}

impl Touched {
    fn by(events: &[RunEvent]) -> Self {
        let mut touched = Self::default();
        for event in events {
            match &event.kind {
                RunEventKind::LineageRecorded(lineage) => {
                    let bundles = lineage.bundles.iter();
                    let declared = bundles.flat_map(|bundle| bundle.inputs.iter().chain(&bundle.outputs));
                    touched.ids.extend(declared.map(|declaration| declaration.id.clone()));
                }
                RunEventKind::AssetsEdited(_) => touched.is_any = true,
                _ => {}
            }
        }
        touched
    }

    fn has(&self, id: &AssetId) -> bool {
        self.is_any || self.ids.contains(id)
    }
}

impl Written {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so few batches are left to write.
    fn wait(&self, at_most: usize) -> MutexGuard<'_, State> {
        let state = self.lock();
        self.changed
            .wait_while(state, |state| state.waiting.len() > at_most)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no batch that is left to write is about one of these assets.
    fn wait_for<'a>(&self, ids: impl Iterator<Item = &'a AssetId> + Clone) {
        let is_about = |state: &mut State| ids.clone().any(|id| state.waiting.iter().any(|batch| batch.has(id)));
        let state = self.changed.wait_while(self.lock(), is_about);
        drop(state.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Sends events to the recording thread, from anywhere.
#[derive(Clone)]
pub(super) struct EventWriter {
    masker: Masker,
    sender: Sender<Message>,
    written: Arc<Written>,
}

impl EventWriter {
    fn start(recorder: Arc<dyn Recorder>, observer: Observer, masker: Masker) -> Self {
        let (sender, receiver) = channel();
        let written = Arc::new(Written::default());
        let shared = written.clone();
        let world = World::current();
        std::thread::spawn(move || {
            let _entered = world.enter();
            let recording = Recording {
                recorder: recorder.as_ref(),
                observer: &observer,
                written: &shared,
            };
            recording.record_all(&receiver);
        });
        Self {
            masker,
            sender,
            written,
        }
    }

    /// Masks the secrets that were revealed.
    pub(super) fn masker(&self) -> &Masker {
        &self.masker
    }

    /// Tells watchers of an event that will be recorded later.
    pub(super) fn tell(&self, mut event: RunEvent) {
        mask(&self.masker, &mut event);
        // The thread listens as long as there is anyone to send.
        drop(self.sender.send(Message::Tell(Box::new(event))));
    }

    /// Has events recorded in one transaction.
    pub(super) fn write(&self, mut events: Vec<RunEvent>) {
        events.iter_mut().for_each(|event| mask(&self.masker, event));
        self.written.wait(BATCHES).waiting.push_back(Touched::by(&events));
        if self.sender.send(Message::Record(events)).is_err() {
            self.written.lock().waiting.pop_back();
        }
    }

    /// Has events recorded after all before them, and waits for that.
    ///
    /// # Errors
    /// When they are not recorded. Where the catalog refused them, the run can go on.
    pub(super) fn attempt(&self, mut events: Vec<RunEvent>) -> Result<(), RecordError> {
        events.iter_mut().for_each(|event| mask(&self.masker, event));
        let (answer, answered) = channel();
        self.written.wait(BATCHES).waiting.push_back(Touched::by(&events));
        if self.sender.send(Message::Attempt(events, answer)).is_err() {
            self.written.lock().waiting.pop_back();
        }
        answered.recv().unwrap_or_else(|_| Err(nobody_records()))
    }
}

fn nobody_records() -> RecordError {
    RecordError {
        message: "the catalog takes no more events of this run".to_owned(),
        is_refusal: false,
        source: None,
    }
}

/// What the recording thread works with.
struct Recording<'a> {
    recorder: &'a dyn Recorder,
    observer: &'a Observer,
    written: &'a Written,
}

impl Recording<'_> {
    fn record_all(&self, messages: &Receiver<Message>) {
        while let Ok(first) = messages.recv() {
            match first {
                Message::Tell(event) => (self.observer)(&event),
                Message::Record(_) | Message::Attempt(..) => {
                    let mut together = vec![first];
                    together.extend(messages.try_iter());
                    self.record(together);
                }
            }
        }
    }

    /// Records all batches in one transaction, or each in one of its own where that fails, so that one that cannot be
    /// recorded takes no other with it.
    fn record(&self, mut together: Vec<Message>) {
        let batches = together.iter().filter(|message| matches!(message, Message::Record(_)));
        let is_certain = !together.iter().any(|message| matches!(message, Message::Attempt(..)));
        if batches.count() > 1 && is_certain && !self.written.lock().is_broken {
            let (events, lengths) = joined(&mut together);
            let receipt = self.recorder.append(&events);
            split(&mut together, events, &lengths);
            if let Ok(receipt) = receipt {
                self.written.lock().assets.extend(receipt.assets);
                together.iter().for_each(|message| self.recorded(message, true));
                return;
            }
        }
        for message in together {
            match &message {
                Message::Tell(_) => self.recorded(&message, true),
                Message::Record(events) => {
                    let result = self.append(events);
                    let is_recorded = result.is_ok();
                    if let Err(error) = result {
                        self.break_off(error);
                    }
                    self.recorded(&message, is_recorded);
                }
                Message::Attempt(events, answer) => {
                    let result = self.append(events);
                    self.recorded(&message, result.is_ok());
                    // Who asked may have been stopped meanwhile.
                    drop(answer.send(match result {
                        Err(error) if !error.is_refusal => {
                            self.break_off(error);
                            Err(nobody_records())
                        }
                        result => result,
                    }));
                }
            }
        }
    }

    /// Nothing is recorded after what could not be.
    fn append(&self, events: &[RunEvent]) -> Result<(), RecordError> {
        if self.written.lock().is_broken {
            return Err(nobody_records());
        }
        let receipt = self.recorder.append(events)?;
        self.written.lock().assets.extend(receipt.assets);
        Ok(())
    }

    /// The first error is the one to tell.
    fn break_off(&self, error: RecordError) {
        let mut state = self.written.lock();
        if !state.is_broken {
            (state.is_broken, state.failed) = (true, Some(error));
        }
    }

    /// Tells watchers of what is recorded, and lets go on who waits for that.
    fn recorded(&self, message: &Message, is_recorded: bool) {
        let events = match message {
            Message::Tell(event) => return (self.observer)(event),
            Message::Record(events) | Message::Attempt(events, _) => events,
        };
        if is_recorded {
            // Log lines were told of as they came.
            let states = events
                .iter()
                .filter(|event| !matches!(event.kind, RunEventKind::TaskLogged(_)));
            states.for_each(|event| (self.observer)(event));
        }
        self.written.lock().waiting.pop_front();
        self.written.changed.notify_all();
    }
}

/// Takes the events out of all batches, and how many each had.
fn joined(messages: &mut [Message]) -> (Vec<RunEvent>, Vec<usize>) {
    let (mut events, mut lengths) = (Vec::new(), Vec::new());
    for message in messages {
        if let Message::Record(batch) = message {
            lengths.push(batch.len());
            events.append(batch);
        }
    }
    (events, lengths)
}

/// Gives each batch its events back.
fn split(messages: &mut [Message], events: Vec<RunEvent>, lengths: &[usize]) {
    let mut events = events.into_iter();
    let batches = messages.iter_mut().filter_map(|message| match message {
        Message::Record(batch) => Some(batch),
        Message::Tell(_) | Message::Attempt(..) => None,
    });
    for (batch, length) in batches.zip(lengths) {
        batch.extend(events.by_ref().take(*length));
    }
}

/// The events of one execution on their way to the catalog.
pub(super) struct Journal {
    pub actor: Arc<Actor>,
    /// What has happened and is not sent yet: what ends one task and what begins the next share a transaction.
    waiting: Vec<RunEvent>,
    writer: EventWriter,
}

impl Journal {
    pub(super) fn start(runner: &Runner, actor: Arc<Actor>) -> Self {
        Self {
            actor,
            waiting: Vec::new(),
            writer: EventWriter::start(
                runner.recorder.clone(),
                runner.observer.clone(),
                runner.registry.policy().masker().clone(),
            ),
        }
    }

    /// A handle for those who write log lines.
    pub(super) fn writer(&self) -> EventWriter {
        self.writer.clone()
    }

    /// The catalog with all that has happened in it.
    pub(super) fn reader(&self, catalog: Arc<dyn CatalogReader>) -> Arc<dyn CatalogReader> {
        Arc::new(SettledCatalog {
            catalog,
            written: self.writer.written.clone(),
        })
    }

    /// Takes events in the order they happened.
    pub(super) fn add(&mut self, events: impl IntoIterator<Item = RunEvent>) {
        self.waiting.extend(events);
    }

    /// Sends all events to be recorded. The error is that of an earlier batch.
    pub(super) fn flush(&mut self) -> Result<(), RunError> {
        self.writer.write(std::mem::take(&mut self.waiting));
        self.check(self.writer.written.lock().failed.take())
    }

    /// Sends all events and waits until they are recorded. Gives what was done to assets, in order.
    pub(super) fn finish(mut self) -> Result<Vec<AssetChange>, RunError> {
        self.flush()?;
        let mut state = self.writer.written.wait(0);
        let (failed, assets) = (state.failed.take(), std::mem::take(&mut state.assets));
        drop(state);
        self.check(failed)?;
        Ok(assets)
    }

    fn check(&self, failed: Option<RecordError>) -> Result<(), RunError> {
        match failed {
            None => Ok(()),
            Some(source) => Err(RunError::Record {
                execution: self.actor.execution.clone(),
                source,
            }),
        }
    }
}

/// A catalog whose readers wait for what is still being written.
struct SettledCatalog {
    catalog: Arc<dyn CatalogReader>,
    written: Arc<Written>,
}

impl CatalogReader for SettledCatalog {
    fn asset(&self, id: &AssetId) -> Result<Option<Asset>, RecordError> {
        self.written.wait_for(std::iter::once(id));
        self.catalog.asset(id)
    }

    fn assets(&self, filter: &AssetFilter) -> Result<Vec<Asset>, RecordError> {
        drop(self.written.wait(0));
        self.catalog.assets(filter)
    }

    fn left_behind(&self, ids: &[AssetId]) -> Result<Vec<AssetId>, RecordError> {
        drop(self.written.wait(0));
        self.catalog.left_behind(ids)
    }

    fn violations(&self, bundles: &[Bundle]) -> Result<Vec<Violation>, RecordError> {
        let outputs = bundles.iter().flat_map(|bundle| &bundle.outputs);
        self.written.wait_for(outputs.map(|declaration| &declaration.id));
        self.catalog.violations(bundles)
    }

    fn key_value(&self, namespace: &Namespace, key: &str) -> Result<Option<Json>, RecordError> {
        drop(self.written.wait(0));
        self.catalog.key_value(namespace, key)
    }

    fn file(&self, execution: &ExecutionId, name: &str) -> Result<Option<Vec<u8>>, RecordError> {
        drop(self.written.wait(0));
        self.catalog.file(execution, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Declaration, FlowId, FlowReference, JsonMap, Lineage, Receipt, State, Timestamp};

    /// Keeps how each append went; refuses events that add a label `refused`.
    #[derive(Default)]
    struct Book(Mutex<Vec<String>>);

    impl Book {
        fn write(&self, line: String) {
            self.0.lock().unwrap().push(line);
        }
    }

    impl Recorder for Book {
        fn append(&self, events: &[RunEvent]) -> Result<Receipt, RecordError> {
            let names: Vec<String> = events.iter().map(name).collect();
            self.write(format!("append {}", names.join(" ")));
            match names.iter().any(|name| name == "refused") {
                false => Ok(Receipt::default()),
                true => Err(RecordError {
                    message: "refused".to_owned(),
                    is_refusal: true,
                    source: None,
                }),
            }
        }
    }

    fn name(event: &RunEvent) -> String {
        match &event.kind {
            RunEventKind::LabelsAdded(labels) => labels.keys().next().unwrap().clone(),
            other => format!("{other:?}"),
        }
    }

    fn event(kind: RunEventKind) -> RunEvent {
        let actor = Actor {
            flow: FlowReference {
                namespace: Namespace::parse("company.team").unwrap(),
                id: FlowId::parse("flow").unwrap(),
                digest: String::new(),
            },
            execution: ExecutionId::from_bits(1),
            task: None,
            task_run: None,
            plugin: None,
        };
        RunEvent {
            time: Timestamp::UNIX_EPOCH,
            actor: actor.into(),
            kind,
        }
    }

    fn named(name: &str) -> RunEvent {
        let labels: JsonMap = [(name.to_owned(), Json::Null)].into_iter().collect();
        event(RunEventKind::LabelsAdded(labels))
    }

    /// What becomes of messages that were waiting together: `a,b` is a batch, `!a` is only told, `?a` may be refused.
    fn check(messages: &str, expected: &[&str]) {
        let book = Arc::new(Book::default());
        let heard = book.clone();
        let observer: Observer = Arc::new(move |event| heard.write(format!("told {}", name(event))));
        let written = Written::default();
        let (sender, receiver) = channel();
        for word in messages.split(' ') {
            let message = match word.split_at(1) {
                ("!", name) => Message::Tell(named(name).into()),
                ("?", name) => {
                    written.lock().waiting.push_back(Touched::default());
                    Message::Attempt(vec![named(name)], channel().0)
                }
                _ => {
                    written.lock().waiting.push_back(Touched::default());
                    Message::Record(word.split(',').map(named).collect())
                }
            };
            sender.send(message).unwrap();
        }
        drop(sender);
        let recording = Recording {
            recorder: book.as_ref(),
            observer: &observer,
            written: &written,
        };
        recording.record_all(&receiver);
        assert_eq!(written.lock().waiting.len(), 0);
        assert_eq!(*book.0.lock().unwrap(), expected);
    }

    #[test]
    fn batches_that_wait_share_a_transaction_and_are_told_in_order() {
        check("a,b", &["append a b", "told a", "told b"]);
        check(
            "!x a b,c !y d",
            &[
                "told x",
                "append a b c d",
                "told a",
                "told b",
                "told c",
                "told y",
                "told d",
            ],
        );
    }

    #[test]
    fn what_cannot_be_recorded_takes_nothing_before_it_along_and_everything_after_it() {
        check(
            "a refused !x b",
            &["append a refused b", "append a", "told a", "append refused", "told x"],
        );
    }

    #[test]
    fn what_the_catalog_refuses_a_task_keeps_nothing_else_from_being_recorded() {
        check(
            "a ?refused b ?c",
            &[
                "append a",
                "told a",
                "append refused",
                "append b",
                "told b",
                "append c",
                "told c",
            ],
        );
    }

    #[test]
    fn a_reader_waits_for_batches_about_its_asset_only() {
        let id = |text| AssetId::parse(text).unwrap();
        let lineage = |text| Lineage {
            state: State::Success,
            bundles: vec![Bundle {
                inputs: vec![],
                outputs: vec![Declaration::of(id(text))],
            }],
        };
        let touched = Touched::by(&[named("a"), event(RunEventKind::LineageRecorded(lineage("vm")))]);
        assert_eq!((touched.has(&id("vm")), touched.has(&id("ip"))), (true, false));
        let edit = crate::model::AssetEdit::Delete(vec![id("vm")]);
        assert!(Touched::by(&[event(RunEventKind::AssetsEdited(edit.into()))]).has(&id("ip")));
    }
}
