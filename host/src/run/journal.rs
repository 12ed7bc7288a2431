//! The way of events to the catalog and to whoever watches.
//!
//! A thread of its own records, so that a task that can reach nothing outside its sandbox runs while the end of the one
//! before it is written. Watchers hear of a state only when it is recorded, and who reads the catalog waits until it
//! holds all that has happened.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::execution::{Observer, RunError, Runner};
use crate::model::clock::World;
use crate::model::{
    Actor, Asset, AssetChange, AssetFilter, AssetId, Bundle, CatalogReader, ExecutionId, Json, Namespace, RecordError,
    Recorder, RunEvent, RunEventKind, Violation,
};

/// How many batches may wait to be written; a run that is ahead by more waits for the disk.
const BATCHES: usize = 4;

enum Message {
    /// Make these last, then tell of them.
    Record(Vec<RunEvent>),
    /// Tell of this now; it is recorded later.
    Tell(RunEvent),
}

/// How far the recording thread is.
#[derive(Default)]
struct Written {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: usize,
    /// Whether a batch could not be written. Nothing is after that, so that what is there has no holes.
    is_broken: bool,
    failed: Option<RecordError>,
    assets: Vec<AssetChange>,
}

impl Written {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so few batches are left to write.
    fn wait(&self, at_most: usize) -> MutexGuard<'_, State> {
        let state = self.lock();
        self.changed
            .wait_while(state, |state| state.waiting > at_most)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends events to the recording thread, from anywhere.
#[derive(Clone)]
pub(super) struct EventWriter {
    sender: Sender<Message>,
    written: Arc<Written>,
}

impl EventWriter {
    fn start(recorder: Arc<dyn Recorder>, observer: Observer) -> Self {
        let (sender, receiver) = channel();
        let written = Arc::new(Written::default());
        let shared = written.clone();
        let world = World::current();
        std::thread::spawn(move || {
            let _entered = world.enter();
            record_all(&receiver, recorder.as_ref(), &observer, &shared);
        });
        Self { sender, written }
    }

    /// Tells watchers of an event that will be recorded later.
    pub(super) fn tell(&self, event: RunEvent) {
        // The thread listens as long as there is anyone to send.
        drop(self.sender.send(Message::Tell(event)));
    }

    /// Has events recorded in one transaction.
    pub(super) fn write(&self, events: Vec<RunEvent>) {
        self.written.wait(BATCHES).waiting += 1;
        if self.sender.send(Message::Record(events)).is_err() {
            self.written.lock().waiting -= 1;
        }
    }
}

fn record_all(messages: &Receiver<Message>, recorder: &dyn Recorder, observer: &Observer, written: &Written) {
    for message in messages {
        let events = match message {
            Message::Tell(event) => {
                observer(&event);
                continue;
            }
            Message::Record(events) => events,
        };
        let is_broken = written.lock().is_broken;
        let receipt = (!is_broken).then(|| recorder.append(&events));
        if let Some(Ok(_)) = &receipt {
            // Log lines were told of as they came.
            let states = events
                .iter()
                .filter(|event| !matches!(event.kind, RunEventKind::TaskLogged(_)));
            states.for_each(|event| observer(event));
        }
        let mut state = written.lock();
        match receipt {
            Some(Ok(receipt)) => state.assets.extend(receipt.assets),
            Some(Err(error)) => (state.is_broken, state.failed) = (true, Some(error)),
            None => {}
        }
        state.waiting -= 1;
        drop(state);
        written.changed.notify_all();
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
            writer: EventWriter::start(runner.recorder.clone(), runner.observer.clone()),
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
            has_type_schemas: OnceLock::new(),
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
    /// Whether assets are held against schemas, as it was when the first were declared. To ask each time would mean to
    /// wait for what is being written each time.
    has_type_schemas: OnceLock<bool>,
    written: Arc<Written>,
}

impl CatalogReader for SettledCatalog {
    fn asset(&self, id: &AssetId) -> Result<Option<Asset>, RecordError> {
        drop(self.written.wait(0));
        self.catalog.asset(id)
    }

    fn assets(&self, filter: &AssetFilter) -> Result<Vec<Asset>, RecordError> {
        drop(self.written.wait(0));
        self.catalog.assets(filter)
    }

    fn has_type_schemas(&self) -> Result<bool, RecordError> {
        if let Some(known) = self.has_type_schemas.get() {
            return Ok(*known);
        }
        let found = self.catalog.has_type_schemas()?;
        Ok(*self.has_type_schemas.get_or_init(|| found))
    }

    fn violations(&self, bundles: &[Bundle]) -> Result<Vec<Violation>, RecordError> {
        if !self.has_type_schemas()? {
            return Ok(Vec::new());
        }
        drop(self.written.wait(0));
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
