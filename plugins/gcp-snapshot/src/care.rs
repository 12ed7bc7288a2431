//! What is done to a snapshot that is there: looking at it, labelling it, deleting it.

use std::collections::BTreeMap;

use begat_task::Failure;

use crate::api::{NewLabels, Operation, Snapshot};
use crate::client::{Call, Client};
use crate::explain::Deed;
use crate::take::path;

const GETTING: [&str; 1] = ["compute.snapshots.get"];
const LABELLING: [&str; 3] = [
    "compute.snapshots.setLabels",
    "compute.snapshots.get",
    "compute.globalOperations.get",
];
const DELETING: [&str; 2] = ["compute.snapshots.delete", "compute.globalOperations.get"];
/// How often labels are read and set again where somebody else sets them at the same time.
const LABEL_ATTEMPTS: u32 = 4;

/// A snapshot by its name, where there is one.
pub(crate) fn find(client: &Client<'_>, deed: &Deed<'_>, name: &str) -> Result<Option<Snapshot>, Failure> {
    let call = Call {
        method: "GET",
        path: path(name),
        query: Vec::new(),
        deed,
    };
    match client.ask(&call, None) {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(failure) if has_code(&failure, 404) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A snapshot that must be there.
pub(crate) fn get(client: &Client<'_>, name: &str) -> Result<Snapshot, Failure> {
    let (what, missing) = words(client, "looking at", name);
    let deed = Deed {
        what: &what,
        permissions: &GETTING,
        missing: &missing,
    };
    client.ask(
        &Call {
            method: "GET",
            path: path(name),
            query: Vec::new(),
            deed: &deed,
        },
        None,
    )
}

/// Sets labels and leaves the others; gives the snapshot as it is then. The fingerprint of the labels says whether
/// somebody else has changed them meanwhile.
pub(crate) fn label(client: &Client<'_>, name: &str, labels: &BTreeMap<String, String>) -> Result<Snapshot, Failure> {
    let (what, missing) = words(client, "labelling", name);
    let deed = Deed {
        what: &what,
        permissions: &LABELLING,
        missing: &missing,
    };
    let mut attempt = 0;
    loop {
        let snapshot = get(client, name)?;
        let mut all = snapshot.labels.clone();
        all.extend(labels.clone());
        if all == snapshot.labels {
            return Ok(snapshot);
        }
        let call = Call {
            method: "POST",
            path: format!("{}/setLabels", path(name)),
            query: Vec::new(),
            deed: &deed,
        };
        let body = NewLabels {
            labels: &all,
            label_fingerprint: &snapshot.label_fingerprint,
        };
        attempt += 1;
        match client.ask::<Operation>(&call, Some(&body)) {
            Ok(operation) => {
                client.finish(&deed, "global", operation)?;
                return get(client, name);
            }
            Err(failure) if has_code(&failure, 412) && attempt < LABEL_ATTEMPTS => {}
            Err(failure) => return Err(failure),
        }
    }
}

/// Deletes a snapshot. One that is gone already is deleted too.
pub(crate) fn delete(client: &Client<'_>, name: &str) -> Result<(), Failure> {
    let (what, missing) = words(client, "deleting", name);
    let deed = Deed {
        what: &what,
        permissions: &DELETING,
        missing: &missing,
    };
    let call = Call {
        method: "DELETE",
        path: path(name),
        query: vec![("requestId", client.request_id("delete", name))],
        deed: &deed,
    };
    match client.ask(&call, None) {
        Ok(operation) => client.finish(&deed, "global", operation),
        Err(failure) if has_code(&failure, 404) => {
            client.context.log_info(&format!("{what}: it is gone already"));
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

fn has_code(failure: &Failure, code: u16) -> bool {
    failure.details.get("code").is_some_and(|known| *known == code)
}

/// The deed and what a 404 means, in words.
fn words(client: &Client<'_>, doing: &str, name: &str) -> (String, String) {
    let project = client.project;
    (
        format!("{doing} the snapshot `{name}` of `{project}`"),
        format!(
            "there is no snapshot `{name}` in the project `{project}`, or the account of the token may not see it: check \
             `project` and `name`"
        ),
    )
}
