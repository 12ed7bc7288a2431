//! What people do to the catalog by hand: each becomes an event that names them and their reason.

use rusqlite::Connection;

use crate::model::{AssetEdit, EditView, EditedAsset, FieldChange, Person, Timestamp, Violation};

use super::catalog::Durability;
use super::chain::Head;
use super::change;
use super::payload::AssetFact;
use super::record::{self, HandFact};
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
                refuse(self.schemas().violations(connection, declaration)?)?;
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
        crate::model::AssetEvent::Deleted | crate::model::AssetEvent::Restored => Vec::new(),
        _ => FieldChange::between(before, Some(&fact.asset)),
    };
    EditedAsset {
        id: fact.asset.id.clone(),
        asset_type: fact.asset.asset_type.clone(),
        event: fact.event,
        changes,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{AsOf, AssetId, AssetType, AssetTypeDefinition, JsonMap, State};
    use crate::store::fixtures::{self, bundle, declared, id, run, time};

    fn person() -> Person {
        Person {
            user: "ada".to_owned(),
            reason: Some("decommissioned".to_owned()),
        }
    }

    fn edit(catalog: &Catalog, edit: AssetEdit) -> Result<EditView, StoreError> {
        catalog.edit(&edit, &person(), time(50), None)
    }

    fn events(catalog: &Catalog, name: &str) -> Vec<String> {
        let history = catalog.history(&id(name), AsOf::Now).unwrap();
        let by = |user: &Option<String>| user.clone().unwrap_or_else(|| "run".to_owned());
        history
            .iter()
            .map(|entry| format!("{} {}", entry.event, by(&entry.user)))
            .collect()
    }

    fn children(catalog: &Catalog, name: &str) -> Vec<AssetId> {
        catalog.asset_detail(&id(name), AsOf::Now).unwrap().unwrap().children
    }

    #[test]
    fn a_deleted_asset_lets_go_of_its_edges_and_comes_back_with_those_that_still_have_an_end() {
        let catalog = Catalog::in_memory().unwrap();
        run(
            &catalog,
            1,
            State::Success,
            vec![
                bundle(&["net:Net"], &["vm:VM"]),
                bundle(&["vm"], &["ip:IP", "disk:Disk"]),
            ],
        );
        let view = edit(&catalog, AssetEdit::Delete(vec![id("vm"), id("disk")])).unwrap();
        assert_eq!(view.assets.len(), 2);
        assert_eq!(children(&catalog, "net"), []);
        assert_eq!(catalog.asset_detail(&id("vm"), AsOf::Now).unwrap(), None);
        let orphans = |catalog: &Catalog| {
            catalog
                .orphans()
                .unwrap()
                .into_iter()
                .map(|asset| asset.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(orphans(&catalog), [id("ip")]);
        edit(&catalog, AssetEdit::Restore(id("vm"))).unwrap();
        assert_eq!(children(&catalog, "net"), [id("vm")]);
        assert_eq!(children(&catalog, "vm"), [id("ip")]);
        assert_eq!(orphans(&catalog), []);
        assert_eq!(events(&catalog, "vm"), ["CREATED run", "DELETED ada", "RESTORED ada"]);
        let again = edit(&catalog, AssetEdit::Restore(id("vm"))).unwrap_err();
        assert_eq!(again.to_string(), "the asset `vm` was not deleted");
    }

    #[test]
    fn a_deleted_id_starts_a_new_life_as_an_output_and_is_external_as_an_input() {
        let catalog = Catalog::in_memory().unwrap();
        run(
            &catalog,
            1,
            State::Success,
            vec![bundle(&["net"], &["vm:VM", "disk:Disk"])],
        );
        edit(&catalog, AssetEdit::Delete(vec![id("vm"), id("disk")])).unwrap();
        run(&catalog, 60, State::Success, vec![bundle(&["disk"], &["vm:VM"])]);
        let vm = catalog.asset_detail(&id("vm"), AsOf::Now).unwrap().unwrap();
        assert_eq!((vm.asset.created, vm.parents), (time(60), vec![id("disk")]));
        let disk = catalog.asset_detail(&id("disk"), AsOf::Now).unwrap().unwrap();
        assert!(disk.asset.asset_type.is_external());
        assert_eq!(events(&catalog, "vm"), ["CREATED run", "DELETED ada", "CREATED run"]);
    }

    #[test]
    fn a_protected_asset_is_not_deleted_and_what_is_as_wanted_makes_no_event() {
        let catalog = Catalog::in_memory().unwrap();
        run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        let protect = |protected| AssetEdit::Protect {
            id: id("vm"),
            protected,
        };
        assert_eq!(edit(&catalog, protect(true)).unwrap().sequence, Some(6));
        assert_eq!(edit(&catalog, protect(true)).unwrap().sequence, None);
        let refused = edit(&catalog, AssetEdit::Delete(vec![id("vm")])).unwrap_err();
        assert_eq!(refused.to_string(), "the asset `vm` is protected");
        edit(&catalog, protect(false)).unwrap();
        let labels: JsonMap = [("team".to_owned(), json!("web"))].into_iter().collect();
        let view = edit(&catalog, AssetEdit::Label { id: id("vm"), labels }).unwrap();
        assert_eq!(view.assets[0].changes[0].field, "labels.team");
        edit(&catalog, AssetEdit::Delete(vec![id("vm")])).unwrap();
    }

    #[test]
    fn a_plan_that_is_out_of_date_is_not_carried_out() {
        let catalog = Catalog::in_memory().unwrap();
        run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        let delete = AssetEdit::Delete(vec![id("vm")]);
        let error = catalog.edit(&delete, &person(), time(2), Some(4)).unwrap_err();
        assert!(matches!(error, StoreError::MovedOn), "{error}");
        catalog.edit(&delete, &person(), time(2), Some(5)).unwrap();
    }

    #[test]
    fn a_registered_schema_refuses_what_breaks_it_and_expiry_is_found_where_the_type_says() {
        let catalog = Catalog::in_memory().unwrap();
        let definition = AssetTypeDefinition {
            name: AssetType::parse("Domain").unwrap(),
            description: None,
            schema: Some(json!({"required": ["owner"], "properties": {"size": {"type": "integer"}}})),
            expiry: vec!["registry.until".to_owned()],
        };
        catalog.register_type(definition, &person(), time(1)).unwrap();
        let set = |metadata| {
            let declaration = declared("example:Domain", metadata);
            edit(
                &catalog,
                AssetEdit::Set {
                    declaration,
                    inputs: vec![],
                },
            )
        };
        let refused = set(json!({"size": "big"})).unwrap_err().to_string();
        assert!(
            refused.contains("`metadata.size` of the asset `example` breaks the schema of the type `Domain`"),
            "{refused}"
        );
        assert!(refused.contains("\"owner\" is a required property"), "{refused}");
        set(json!({"owner": "ada", "registry": {"until": "2026-06-01"}})).unwrap();
        let expiring = catalog.expiring("2026-06-02T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((expiring.len(), expiring[0].1.as_str()), (1, "registry.until"));
        assert_eq!(catalog.expiring("2026-06-01T00:00:00Z".parse().unwrap()).unwrap(), []);
        let bundles = [crate::model::Bundle {
            inputs: vec![],
            outputs: vec![declared("other:Domain", json!({"size": 1}))],
        }];
        assert_eq!(catalog.violations(&bundles).unwrap().len(), 1);
        let open = AssetTypeDefinition {
            name: crate::model::AssetType::parse("Domain").unwrap(),
            description: None,
            schema: Some(json!({})),
            expiry: vec![],
        };
        catalog.register_type(open, &person(), time(2)).unwrap();
        assert_eq!(catalog.violations(&bundles).unwrap(), []);
    }

    #[test]
    fn a_task_changes_the_catalog_as_a_person_does() {
        let catalog = Catalog::in_memory().unwrap();
        run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        let edits = AssetEdit::Delete(vec![id("vm")]);
        let receipt = fixtures::record(
            &catalog,
            2,
            vec![crate::model::RunEventKind::AssetsEdited(edits.into())],
        );
        assert_eq!(receipt.assets[0].event, crate::model::AssetEvent::Deleted);
        assert_eq!(events(&catalog, "vm"), ["CREATED run", "DELETED run"]);
        let shown = catalog.execution(&fixtures::execution_id(1)).unwrap().unwrap();
        assert_eq!(shown.assets.len(), 1);
    }
}
