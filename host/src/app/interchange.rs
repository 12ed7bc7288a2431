//! The catalog in the words of other systems: out as OpenLineage and PROV, in as OpenLineage.

use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use super::{App, AppError};
use crate::interop::openlineage::{KnownExecution, Reader, Writer};
use crate::interop::prov::Document;
use crate::model::{ExecutionId, FlowReference, ForeignChange, Json, Person, Timestamp, ToldEvent};
use crate::store::{Catalog, Imported, Told, ToldRange};

/// Events of the log that are read at once.
const BATCH: u64 = 1_000;

impl App {
    /// Writes the whole log as OpenLineage events, one a line. Says how many events had been pruned.
    pub fn export_openlineage(&self, output: &mut dyn Write) -> Result<u64, AppError> {
        let catalog = self.catalog()?;
        let config = self.config()?.openlineage;
        let look_up = |id: &ExecutionId| known_execution(&catalog, id);
        let mut writer = Writer::new(config.as_ref().and_then(|config| config.namespace.as_deref()), &look_up);
        let mut put = |event: &Json| writeln!(output, "{event}").map_err(|error| written(&error));
        let pruned = tell_all(&catalog, &mut |event| match writer.take(event) {
            Some(event) => put(&event),
            None => Ok(()),
        })?;
        for event in writer.finish() {
            put(&event)?;
        }
        Ok(pruned)
    }

    /// Writes the whole log as one PROV-JSON document. Says how many events had been pruned.
    pub fn export_prov(&self, output: &mut dyn Write) -> Result<u64, AppError> {
        let catalog = self.catalog()?;
        let mut document = Document::default();
        let pruned = tell_all(&catalog, &mut |event| {
            document.take(&event);
            Ok(())
        })?;
        serde_json::to_writer_pretty(&mut *output, &document.into_json()).map_err(|error| written(&error))?;
        writeln!(output).map_err(|error| written(&error))?;
        Ok(pruned)
    }

    /// Takes in OpenLineage events, one or a list of them a line.
    pub fn import_openlineage(&self, input: &mut dyn BufRead, person: &Person) -> Result<Imported, AppError> {
        let catalog = Catalog::open(&self.settings.catalog)?;
        let mut reader = Reader::default();
        let mut changes = (1_u64..).zip(input.lines()).flat_map(|(number, line)| {
            let changes = match line {
                Ok(text) => read_line(&mut reader, &text),
                Err(error) => vec![Err(error.to_string())],
            };
            changes.into_iter().map(move |change| (number, change))
        });
        Ok(catalog.import_foreign(&mut changes, person, Timestamp::now())?)
    }
}

fn read_line(reader: &mut Reader, text: &str) -> Vec<Result<ForeignChange, String>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Array(events)) => events.iter().map(|event| reader.take(event)).collect(),
        Ok(event) => vec![reader.take(&event)],
        Err(error) => vec![Err(error.to_string())],
    }
}

fn written(error: &dyn std::error::Error) -> AppError {
    AppError::host(&std::io::Error::other("writing the export")).because(error)
}

/// Tells every event that is recorded now, batch by batch, so that nobody waits for it. Gives how many were pruned.
fn tell_all(catalog: &Catalog, tell: &mut dyn FnMut(ToldEvent) -> Result<(), AppError>) -> Result<u64, AppError> {
    let end = catalog.last_sequence()?;
    let (mut last, mut pruned) = (0, 0);
    while last < end {
        let (events, told) = batch(catalog, last, BATCH.min(end - last))?;
        (last, pruned) = (told.last, pruned + told.pruned);
        events.into_iter().try_for_each(&mut *tell)?;
    }
    Ok(pruned)
}

/// The next events.
pub(super) fn batch(catalog: &Catalog, after: u64, limit: u64) -> Result<(Vec<ToldEvent>, Told), AppError> {
    let range = ToldRange {
        after,
        limit: Some(limit),
        execution: None,
    };
    let mut events = Vec::new();
    let told = catalog.tell(&range, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
    Ok((events, told))
}

/// An execution that is named as the parent of another.
pub(super) fn known_execution(catalog: &Catalog, id: &ExecutionId) -> Option<KnownExecution> {
    // One that cannot be read is not named.
    let execution = catalog.execution(id).ok().flatten()?.execution;
    Some(KnownExecution {
        flow: FlowReference {
            namespace: execution.namespace,
            id: execution.flow_id,
            digest: execution.flow_digest,
        },
        parent: execution.parent_id,
    })
}
