//! Questions to a catalog of a million edges, each beside raw SQLite doing the least that gives the answer.
//!
//! The catalog has the shape of the seven flows with services above: each machine has an address, a user, a licence, a
//! web server, a certificate made from it and its address, and five snapshots; fifty machines make a service, and
//! twenty services hang on each other.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ::begat::app::{App, AssetQuery, Settings};
use ::begat::model::{AsOf, AssetEdit, AssetId, Person, Recorder, RunEvent, Timestamp};
use ::begat::store::{AssetSearch, Catalog, Direction, GraphRequest, StoreError};
use anyhow::{Context, Result, anyhow};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::begat::PROGRAM;
use super::inventory::{MACHINES_OF_A_SERVICE, SERVICES_IN_A_ROW, Written, execution, machine, service, write_export};
use super::{median, milliseconds, ratio, timed};

/// Machines; with what hangs on them about 920,000 assets and a million edges.
const MACHINES: usize = 83_500;
/// Executions whose events are verified.
const EXECUTIONS: usize = 60_000;
const ROUNDS: usize = 200;

/// Measures; `machines` scales the catalog.
pub fn measure(machines: Option<usize>) -> Result<()> {
    let machines = machines.unwrap_or(MACHINES);
    let folder = Folder::new()?;
    let lines = folder.0.join("assets.jsonl");
    let Written { assets, edges } = write_export(&lines, machines)?;
    println!("{assets} assets, {edges} edges\n");
    let database = folder.0.join("catalog.db");
    import(&folder, &lines, &database, assets)?;
    space(&database)?;
    let catalog = Catalog::open_existing(&database).map_err(told)?;
    let raw = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let then = AsOf::Event(move_on(&database)?);
    walks(&catalog, &raw, then, machines)?;
    conditions(&database, &raw, machines)?;
    processes(&database)?;
    drop((catalog, raw));
    verify(&folder)
}

/// Changes one asset, so that the moment before it is a past one; gives its last event.
fn move_on(database: &Path) -> Result<u64> {
    let catalog = Catalog::open(database).map_err(told)?;
    let last = catalog.stats().map_err(told)?.events;
    let edit = AssetEdit::Protect {
        id: id("service-00000")?,
        protected: true,
    };
    let person = Person {
        user: "bench".to_owned(),
        reason: None,
    };
    catalog.edit(&edit, &person, Timestamp::now(), None).map_err(told)?;
    Ok(last)
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("begat-bench-catalog-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn import(folder: &Folder, lines: &Path, database: &Path, assets: usize) -> Result<()> {
    let mut command = Command::new(PROGRAM);
    command
        .args(["catalog", "import"])
        .arg(lines)
        .arg("--catalog")
        .arg(database);
    let ours = timed(&mut command)?;
    let begin = Instant::now();
    let mut raw = Connection::open(folder.0.join("raw.db"))?;
    raw.execute_batch(
        "PRAGMA journal_mode = WAL; CREATE TABLE asset (id TEXT PRIMARY KEY, line TEXT) WITHOUT ROWID;
        CREATE TABLE edge (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;",
    )?;
    let transaction = raw.transaction()?;
    for line in std::fs::read_to_string(lines)?.lines() {
        let value: Value = serde_json::from_str(line)?;
        if let Some(asset) = value.get("asset") {
            transaction
                .prepare_cached("INSERT INTO asset VALUES (?1, ?2)")?
                .execute((asset["id"].as_str(), line))?;
        } else if let Some(edge) = value.get("edge") {
            transaction
                .prepare_cached("INSERT INTO edge VALUES (?1, ?2)")?
                .execute((edge["from"].as_str(), edge["to"].as_str()))?;
        }
    }
    transaction.commit()?;
    let floor = begin.elapsed();
    println!(
        "import {:>34.0} assets/s   raw inserts {:.0}/s   begat takes {:.2}×   (at least 50,000)",
        assets as f64 / ours.as_secs_f64(),
        assets as f64 / floor.as_secs_f64(),
        ratio(ours, floor)
    );
    Ok(())
}

fn space(database: &Path) -> Result<()> {
    let raw = Connection::open(database)?;
    raw.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let versions: i64 = raw.query_row("SELECT count(*) FROM asset_ever", [], |row| row.get(0))?;
    let bytes = std::fs::metadata(database)?.len();
    let inputs: i64 = raw.query_row("SELECT sum(length(metadata) + length(id)) FROM asset_ever", [], |row| {
        row.get(0)
    })?;
    println!(
        "space {:>35.0} bytes a version, all tables, edges, indexes and events; its metadata {:.0}   (at most 1,000)\n",
        bytes as f64 / versions as f64,
        inputs as f64 / versions as f64
    );
    Ok(())
}

const WALK_DOWN: &str = "WITH RECURSIVE reached (id) AS (SELECT number FROM asset WHERE id = ?1
    UNION SELECT edge.to_asset FROM edge JOIN reached ON edge.from_asset = reached.id AND edge.to_seq IS NULL)
    SELECT count(*), sum(length(metadata)) FROM reached JOIN asset ON asset.number = reached.id";
const WALK_UP: &str = "WITH RECURSIVE reached (id) AS (SELECT number FROM asset WHERE id = ?1
    UNION SELECT edge.from_asset FROM edge JOIN reached ON edge.to_asset = reached.id AND edge.to_seq IS NULL)
    SELECT count(*), sum(length(metadata)) FROM reached JOIN asset ON asset.number = reached.id";

/// The plan of a deletion and the graph of few and of many assets, now and as of a past moment.
fn walks(catalog: &Catalog, raw: &Connection, then: AsOf, machines: usize) -> Result<()> {
    let row = MACHINES_OF_A_SERVICE * SERVICES_IN_A_ROW;
    let vms: Vec<String> = (0..ROUNDS).map(|n| machine(n * row % machines)).collect();
    let rows = (machines / row).max(1);
    let last = |n: usize| service((n % rows) * SERVICES_IN_A_ROW + SERVICES_IN_A_ROW - 1);
    let tops: Vec<String> = (0..ROUNDS).map(last).collect();
    println!(
        "{:<34} {:>7} {:>9} {:>9} {:>12} {:>8}",
        "walk", "nodes", "median", "p99", "raw SQLite", "ratio"
    );
    let impact = |text: &str, as_of| impact(catalog, text, as_of);
    let below = |text: &str, as_of| graph(catalog, text, Direction::Down, as_of);
    let above = |text: &str, as_of| graph(catalog, text, Direction::Up, as_of);
    walk("impact of a machine", raw, WALK_DOWN, &vms, then, &impact)?;
    walk("graph below a machine", raw, WALK_DOWN, &vms, then, &below)?;
    walk("graph above a service", raw, WALK_UP, &tops, then, &above)?;
    println!();
    Ok(())
}

fn walk(
    name: &str,
    raw: &Connection,
    query: &str,
    ids: &[String],
    then: AsOf,
    ask: &dyn Fn(&str, AsOf) -> Result<usize>,
) -> Result<()> {
    let floor = each(ids, |text| {
        Ok(raw
            .prepare_cached(query)?
            .query_row([text], |row| row.get::<_, i64>(0))? as usize)
    })?;
    for (moment, as_of) in [("", AsOf::Now), (", as of", then)] {
        let ours = each(ids, |text| ask(text, as_of))?;
        println!(
            "{:<34} {:>7} {:>6.2} ms {:>6.2} ms {:>9.2} ms {:>7.2}×",
            format!("{name}{moment}"),
            ours.nodes,
            milliseconds(ours.median),
            milliseconds(ours.p99),
            milliseconds(floor.median),
            ratio(ours.median, floor.median)
        );
    }
    Ok(())
}

fn impact(catalog: &Catalog, text: &str, as_of: AsOf) -> Result<usize> {
    let found = catalog.dependents(&id(text)?, as_of, 10_000).map_err(told)?;
    let plan = ::begat::lineage::impact(&found.context("an asset")?);
    Ok(plan.dependents.len() + 1)
}

fn graph(catalog: &Catalog, text: &str, direction: Direction, as_of: AsOf) -> Result<usize> {
    let request = GraphRequest {
        root: id(text)?,
        direction,
        depth: None,
        nodes: 10_000,
        as_of,
    };
    Ok(catalog.graph(&request).map_err(told)?.context("an asset")?.nodes.len())
}

fn id(text: &str) -> Result<AssetId> {
    AssetId::parse(text).map_err(|error| anyhow!("{error}"))
}

fn told(error: StoreError) -> anyhow::Error {
    anyhow!("{error}")
}

struct Timed {
    nodes: usize,
    median: Duration,
    p99: Duration,
}

fn each(ids: &[String], work: impl Fn(&str) -> Result<usize>) -> Result<Timed> {
    let mut times = Vec::new();
    let mut nodes = 0;
    for id in ids.iter().chain(ids) {
        let begin = Instant::now();
        nodes = nodes.max(work(id)?);
        times.push(begin.elapsed());
    }
    let mut second = times.split_off(ids.len());
    second.sort();
    Ok(Timed {
        nodes,
        median: second[second.len() / 2],
        p99: second[second.len() * 99 / 100],
    })
}

fn ask(app: &App, condition: &str, rounds: usize) -> Result<(usize, Duration)> {
    let query = AssetQuery {
        condition: Some(condition.to_owned()),
        ..AssetQuery::default()
    };
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..rounds {
        let begin = Instant::now();
        found = app.assets(&query).map_err(|error| anyhow!("{}", error.message))?.len();
        times.push(begin.elapsed());
    }
    Ok((found, median(times)))
}

fn conditions(database: &Path, raw: &Connection, machines: usize) -> Result<()> {
    let app = App::new(Settings::of(database.to_owned(), PathBuf::new()));
    let (found, time) = ask(&app, &format!("metadata.name == '{}'", machine(machines / 2)), 21)?;
    println!(
        "--where on an indexed form {:>13.2} ms   {found} found   (at most 5)",
        milliseconds(time)
    );
    let (found, time) = ask(&app, "metadata.size > 15", 3)?;
    let mut floors = Vec::new();
    let mut same = 0;
    for _ in 0..3 {
        let begin = Instant::now();
        let query = "SELECT id, metadata FROM asset WHERE json_extract(metadata, '$.size') > 15";
        let mut statement = raw.prepare(query)?;
        same = statement.query_map([], |row| row.get::<_, String>(0))?.count();
        floors.push(begin.elapsed());
    }
    let floor = median(floors);
    anyhow::ensure!(found == same, "{found} found, {same} expected");
    println!(
        "--where on any expression {:>14.0} ms   json_extract {:.0} ms   begat takes {:.2}×   (at most 5×)\n",
        milliseconds(time),
        milliseconds(floor),
        ratio(time, floor)
    );
    one_type(database)
}

fn one_type(database: &Path) -> Result<()> {
    let mut count = 0;
    let catalog = Catalog::open_existing(database).map_err(told)?;
    let search = AssetSearch {
        asset_type: Some("Service".to_owned()),
        ..AssetSearch::default()
    };
    let begin = Instant::now();
    let visit = &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    };
    catalog.visit_assets(&search, &|_| true, visit).map_err(told)?;
    println!(
        "list of one type {:>23.2} ms   {count} assets\n",
        milliseconds(begin.elapsed())
    );
    Ok(())
}

/// One question as a process of its own, beside the `sqlite3` shell.
fn processes(database: &Path) -> Result<()> {
    let mut ours = Command::new(PROGRAM);
    ours.args(["asset", "show", "vm-000777", "--catalog"]).arg(database);
    let mut shell = Command::new("sqlite3");
    shell.arg(database).arg("SELECT * FROM asset WHERE id = 'vm-000777'");
    if shell.output().is_err() {
        println!("sqlite3 is missing: no comparison with its shell\n");
        return Ok(());
    }
    let (mut us, mut them) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        us.push(timed(&mut ours)?);
        them.push(timed(&mut shell)?);
    }
    let (us, them) = (median(us), median(them));
    println!(
        "begat asset show {:>23.2} ms   sqlite3 {:.2} ms   begat takes {:.2}×   (at most 4×)\n",
        milliseconds(us),
        milliseconds(them),
        ratio(us, them)
    );
    Ok(())
}

/// Verifying the log of many executions.
fn verify(folder: &Folder) -> Result<()> {
    let path = folder.0.join("log.db");
    let catalog = Catalog::open(&path).map_err(told)?;
    for batch in 0..EXECUTIONS / 1_000 {
        let events: Vec<RunEvent> = (0..1_000)
            .flat_map(|n| execution((batch * 1_000 + n) as u128))
            .collect();
        catalog.append(&events)?;
    }
    let begin = Instant::now();
    let view = catalog.verify(None).map_err(told)?;
    let ours = begin.elapsed();
    anyhow::ensure!(view.problem.is_none(), "{:?}", view.problem);
    let raw = Connection::open(&path)?;
    let begin = Instant::now();
    let bytes: i64 = raw.query_row("SELECT sum(length(payload)) FROM event", [], |row| row.get(0))?;
    let floor = begin.elapsed();
    println!(
        "verify {:>34.0} events/s   reading {bytes} bytes alone {:.0}/s   begat takes {:.2}×   (at least 500,000)",
        view.events as f64 / ours.as_secs_f64(),
        view.events as f64 / floor.as_secs_f64(),
        ratio(ours, floor)
    );
    Ok(())
}
