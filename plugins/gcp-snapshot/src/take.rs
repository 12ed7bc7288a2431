//! Taking a snapshot of a real disk, and deleting those of its schedule that are too old.

use begat_task::{Failure, moment};

use crate::api::{NewSnapshot, Operation, Snapshot, SnapshotList};
use crate::care;
use crate::client::{Call, Client, encoded};
use crate::explain::Deed;
use crate::marks;
use crate::outputs::{Facts, Outputs};
use crate::properties::Wanted;

/// What an account needs to take a snapshot with labels and to see it done.
const TAKING: [&str; 5] = [
    "compute.disks.createSnapshot",
    "compute.snapshots.create",
    "compute.snapshots.setLabels",
    "compute.snapshots.get",
    "compute.zoneOperations.get",
];
/// What it needs to find those of a schedule.
const LISTING: [&str; 1] = ["compute.snapshots.list"];

/// Takes the snapshot, waits until it is ready, and keeps to the retention.
pub(crate) fn take(client: &Client<'_>, wanted: &Wanted) -> Result<Outputs, Failure> {
    let context = client.context;
    let what = format!(
        "taking the snapshot `{}` of the disk `{}` in `{}/{}`",
        wanted.name, wanted.disk, wanted.project, wanted.zone
    );
    let missing = format!(
        "there is no disk `{}` in the zone `{}` of the project `{}`, or the account of the token may not see it: check \
         `project`, `zone` and `disk`",
        wanted.disk, wanted.zone, wanted.project
    );
    let deed = Deed {
        what: &what,
        permissions: &TAKING,
        missing: &missing,
    };
    let labels = marks::all(context, wanted);
    let request_id = client.request_id("create", &wanted.name);
    let mut query = vec![("requestId", request_id.clone())];
    if wanted.guest_flush {
        query.push(("guestFlush", "true".to_owned()));
    }
    let call = Call {
        method: "POST",
        path: format!("zones/{}/disks/{}/createSnapshot", wanted.zone, wanted.disk),
        query,
        deed: &deed,
    };
    let body = NewSnapshot {
        name: &wanted.name,
        description: wanted.description.as_deref(),
        labels: &labels,
        storage_locations: &wanted.storage_locations,
    };
    match client.ask::<Operation>(&call, Some(&body)) {
        Ok(operation) => {
            context.log_info(&format!("{what}: the operation `{}` has begun", operation.name));
            client.finish(&deed, &format!("zones/{}", wanted.zone), operation)?;
        }
        Err(failure) if is_conflict(&failure) => adopt(client, &deed, wanted, failure)?,
        Err(failure) => return Err(failure),
    }
    let mut snapshot = ready(client, &deed, &wanted.name)?;
    // As when the request of an earlier attempt was taken with other labels.
    if labels
        .iter()
        .any(|(key, value)| snapshot.labels.get(key) != Some(value))
    {
        snapshot = care::label(client, &wanted.name, &labels)?;
    }
    context.log_info(&format!(
        "snapshot {} of disk {} in {}/{} is {}",
        wanted.name, wanted.disk, wanted.project, wanted.zone, snapshot.status
    ));
    let mut outputs = outputs(client, wanted, &snapshot, request_id);
    if let Some(days) = wanted.retention_days {
        keep_to(client, wanted, &snapshot, days, &mut outputs)?;
    }
    Ok(outputs)
}

fn is_conflict(failure: &Failure) -> bool {
    failure.details.get("code").is_some_and(|code| *code == 409)
}

/// A snapshot of that name is there. It is the one that is wanted only if this task made it of this disk.
fn adopt(client: &Client<'_>, deed: &Deed<'_>, wanted: &Wanted, conflict: Failure) -> Result<(), Failure> {
    let Some(found) = care::find(client, deed, &wanted.name)? else {
        return Err(conflict);
    };
    if marks::is_own(client.context, &found) && marks::is_of(&found, wanted) {
        let words = "an earlier attempt of this task has begun it";
        client.context.log_info(&format!("{}: {words}", deed.what));
        return Ok(());
    }
    let message = format!(
        "{}: the API answered 409: the project has a snapshot of that name already, made {} of `{}`: give another `name`, \
         such as one with `{{{{ execution.id }}}}`",
        deed.what,
        found.creation_timestamp.as_deref().unwrap_or("before"),
        found.source_disk.as_deref().unwrap_or("another disk"),
    );
    Err(Failure { message, ..conflict })
}

/// Waits until the snapshot is stored: an operation may be done while the bytes are on their way.
fn ready(client: &Client<'_>, deed: &Deed<'_>, name: &str) -> Result<Snapshot, Failure> {
    let mut pause = std::time::Duration::from_millis(500);
    loop {
        let Some(snapshot) = care::find(client, deed, name)? else {
            let message = format!("{}: it is gone before it was ready", deed.what);
            return Err(Failure::failed(message));
        };
        match snapshot.status.as_str() {
            "CREATING" | "UPLOADING" => {
                client.pause(deed, &mut pause, &format!("the snapshot is {}", snapshot.status))?;
            }
            "FAILED" | "DELETING" => {
                let message = format!(
                    "{}: the cloud says that it is {}: delete it and run the flow again",
                    deed.what, snapshot.status
                );
                return Err(Failure::failed(message));
            }
            _ => return Ok(snapshot),
        }
    }
}

fn outputs(client: &Client<'_>, wanted: &Wanted, snapshot: &Snapshot, request_id: String) -> Outputs {
    Outputs {
        name: wanted.name.clone(),
        project: wanted.project.clone(),
        zone: wanted.zone.clone(),
        source_disk: snapshot.source_disk.clone().unwrap_or_else(|| wanted.disk.clone()),
        status: snapshot.status.clone(),
        labels: snapshot.labels.clone(),
        description: snapshot.description.clone(),
        storage_locations: snapshot.storage_locations.clone(),
        retention_days: wanted.retention_days,
        schedule: marks::schedule(client.context, wanted),
        simulated: false,
        facts: Facts::from(snapshot),
        request_id: Some(request_id),
        ..Outputs::default()
    }
}

/// Deletes snapshots of the same disk and schedule that were made more than so many days before the new one, both by the
/// cloud's clock. What cannot be deleted is told and does not undo the new one.
fn keep_to(
    client: &Client<'_>,
    wanted: &Wanted,
    newest: &Snapshot,
    days: u32,
    outputs: &mut Outputs,
) -> Result<(), Failure> {
    let Some(before) = oldest_kept(newest, days) else {
        client.context.log_warn(&format!(
            "the retention of {days} days was not looked at: the cloud gave no time at which `{}` was made",
            newest.name
        ));
        return Ok(());
    };
    for old in expired(client, wanted, before)? {
        if old.name == wanted.name {
            continue;
        }
        match care::delete(client, &old.name) {
            Ok(()) => {
                client.context.log_info(&format!(
                    "snapshot {} of the schedule {} was made {}, more than {days} days ago: deleted",
                    old.name,
                    outputs.schedule,
                    old.creation_timestamp.as_deref().unwrap_or_default()
                ));
                outputs.deleted.push(old.name);
            }
            Err(failure) if client.context.is_stopping() => return Err(failure),
            Err(failure) => {
                let words = format!(
                    "snapshot {} is older than {days} days and stays: {}",
                    old.name, failure.message
                );
                client.context.log_warn(&words);
                outputs.not_deleted.insert(old.name, failure.message);
            }
        }
    }
    Ok(())
}

/// The moment before which snapshots are too old, in milliseconds since 1970.
fn oldest_kept(newest: &Snapshot, days: u32) -> Option<i64> {
    let made = moment::rfc3339(newest.creation_timestamp.as_deref()?)?;
    Some(made - i64::from(days) * 24 * 60 * 60 * 1000)
}

/// Snapshots of the schedule and the disk that were made before a moment, oldest first. What the API filters is held
/// against the same conditions here: nothing is deleted on another's word.
fn expired(client: &Client<'_>, wanted: &Wanted, before: i64) -> Result<Vec<Snapshot>, Failure> {
    let schedule = marks::schedule(client.context, wanted);
    let what = format!(
        "looking for older snapshots of the schedule `{schedule}` in `{}`",
        wanted.project
    );
    let missing = format!("there is no project `{}`: check `project`", wanted.project);
    let deed = Deed {
        what: &what,
        permissions: &LISTING,
        missing: &missing,
    };
    let mut found: Vec<(i64, Snapshot)> = Vec::new();
    let mut page = None;
    loop {
        let mut query = vec![("filter", format!("labels.{}={schedule}", marks::SCHEDULE))];
        query.push(("maxResults", "500".to_owned()));
        query.extend(page.map(|token| ("pageToken", token)));
        let call = Call {
            method: "GET",
            path: "global/snapshots".to_owned(),
            query,
            deed: &deed,
        };
        let list: SnapshotList = client.ask(&call, None)?;
        for snapshot in list.items {
            let made = snapshot.creation_timestamp.as_deref();
            let Some(made) = made.and_then(moment::rfc3339) else {
                continue;
            };
            let is_same = snapshot.labels.get(marks::SCHEDULE) == Some(&schedule) && marks::is_of(&snapshot, wanted);
            if is_same && made < before && snapshot.status != "DELETING" {
                found.push((made, snapshot));
            }
        }
        page = list.next_page_token.filter(|token| !token.is_empty());
        if page.is_none() {
            break;
        }
    }
    found.sort_by(|one, other| (one.0, &one.1.name).cmp(&(other.0, &other.1.name)));
    Ok(found.into_iter().map(|(_, snapshot)| snapshot).collect())
}

/// The path of a snapshot.
pub(crate) fn path(name: &str) -> String {
    format!("global/snapshots/{}", encoded(name))
}
