//! What people do to the catalog by hand: each becomes an event that names them and their reason.

use rusqlite::Connection;

use crate::model::{AssetEdit, EditView, EditedAsset, FieldChange, Person, Timestamp, Violation};

use super::catalog::Durability;
use super::chain::Head;
use super::change;
use super::payload::AssetFact;
use super::record::{self, HandFact};
use super::types::{self, Schemas};
use super::{Catalog, Refusal, StoreError};

impl Catalog {
    /// Carries out an edit. Where `planned_at` is given and another event was recorded since, nothing is done.
    ///
    /// # Errors
    /// When the edit is refused, when the catalog moved on, or cannot be written.
    pub fn edit(
        &self,
        edit: &AssetEdit,
        person: &Person,
        now: Timestamp,
        planned_at: Option<u64>,
    ) -> Result<EditView, StoreError> {
        let mut view = EditView {
            sequence: None,
            assets: Vec::new(),
        };
        let last = self.by_hand(person, now, |connection, head| {
            if planned_at.is_some_and(|sequence| sequence != head.seq.unsigned_abs()) {
                return Err(StoreError::MovedOn);
            }
            if let AssetEdit::Set { declaration, .. } = edit {
                refuse(Schemas::read(connection)?.check(&types::after(connection, declaration)?))?;
            }
            let change = change::settle(connection, edit, None, now.max(head.time))?;
            view.assets = change.assets.iter().map(edited).collect();
            let is_empty = change.assets.is_empty() && change.opened.is_empty();
            Ok(if is_empty {
                Vec::new()
            } else {
                vec![HandFact::AssetsChanged(change)]
            })
        })?;
        Ok(EditView { sequence: last, ..view })
    }

    /// Records what a person does, all of it or nothing. Gives the number of the last event, where there is one.
    pub(super) fn by_hand(
        &self,
        person: &Person,
        now: Timestamp,
        facts: impl FnOnce(&Connection, &Head) -> Result<Vec<HandFact>, StoreError>,
    ) -> Result<Option<u64>, StoreError> {
        self.write(Durability::Power, |connection| {
            let mut head = Head::read_in_step(connection)?;
            let facts = facts(connection, &head)?;
            if facts.is_empty() {
                return Ok(None);
            }
            for fact in facts {
                record::record_by_hand(connection, &mut head, person, now, fact)?;
            }
            head.write(connection)?;
            Ok(Some(head.seq.unsigned_abs()))
        })
    }
}

fn refuse(violations: Vec<Violation>) -> Result<(), StoreError> {
    match violations.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Violations { violations }.into()),
    }
}

fn edited(fact: &AssetFact) -> EditedAsset {
    let before = fact.before.as_ref();
    let changes = match fact.event {
        crate::model::AssetEvent::Updated if before.is_none() => Vec::new(),
        crate::model::AssetEvent::Deleted => Vec::new(),
        _ => FieldChange::between(before, Some(&fact.asset)),
    };
    EditedAsset {
        id: fact.asset.id.clone(),
        asset_type: fact.asset.asset_type.clone(),
        event: fact.event,
        changes,
    }
}
