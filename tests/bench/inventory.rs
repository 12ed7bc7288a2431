//! A catalog to ask: the lines of an export with the shape of the seven flows and services above, and events of runs.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use ::begat::model::{
    Actor, AssetId, Bundle, Declaration, ExecutionId, FinishedExecution, FinishedTask, FlowId, FlowReference, JsonMap,
    Lineage, Namespace, RunEvent, RunEventKind, StartedExecution, StartedTask, State, TaskId, TaskRunId, Timestamp,
};
use anyhow::Result;
use serde_json::{Value, json};

pub const MACHINES_OF_A_SERVICE: usize = 50;
pub const SERVICES_IN_A_ROW: usize = 20;

/// How much was written.
pub struct Written {
    pub assets: usize,
    pub edges: usize,
}

struct Writer {
    file: BufWriter<File>,
    assets: usize,
    edges: Vec<(String, String)>,
}

/// Writes the export of a catalog with so many machines.
pub fn write_export(path: &Path, machines: usize) -> Result<Written> {
    let mut writer = Writer {
        file: BufWriter::with_capacity(1 << 20, File::create(path)?),
        assets: 0,
        edges: Vec::new(),
    };
    writeln!(writer.file, "{}", json!({"begat": {"version": 1, "holds": "assets"}}))?;
    (0..machines).try_for_each(|n| writer.machine(n))?;
    for n in 0..machines.div_ceil(MACHINES_OF_A_SERVICE) {
        writer.put(&service(n), "Service", json!({"tier": n % SERVICES_IN_A_ROW}))?;
        if !n.is_multiple_of(SERVICES_IN_A_ROW) {
            writer.edges.push((service(n - 1), service(n)));
        }
    }
    for (from, to) in &writer.edges {
        writeln!(writer.file, "{}", json!({"edge": {"from": from, "to": to}}))?;
    }
    writer.file.flush()?;
    Ok(Written {
        assets: writer.assets,
        edges: writer.edges.len(),
    })
}

pub fn service(number: usize) -> String {
    format!("service-{number:05}")
}

pub fn machine(number: usize) -> String {
    format!("vm-{number:06}")
}

impl Writer {
    fn machine(&mut self, n: usize) -> Result<()> {
        let vm = machine(n);
        let os = if n.is_multiple_of(3) {
            "windows-server-2022"
        } else {
            "debian-13"
        };
        self.put(
            &vm,
            "VM",
            json!({"os": os, "name": vm, "size": n % 17, "region": "us-central1"}),
        )?;
        let ip = self.hang(&vm, "ip", "VM.IP", json!({"type": "static", "attached_to": vm}))?;
        self.hang(&vm, "user", "VM.User", json!({"role": "admin", "vm": vm}))?;
        let expiry = format!("20{:02}-12-31", 26 + n % 60);
        self.hang(&vm, "license", "VM.License", json!({"expiry": expiry, "vm": vm}))?;
        self.hang(&vm, "nginx", "VM.Ingress", json!({"version": "1.24.0", "vm": vm}))?;
        for snapshot in 0..5 {
            let suffix = format!("snapshot-{snapshot}");
            self.hang(&vm, &suffix, "VM.Snapshot", json!({"retention": "30days", "vm": vm}))?;
        }
        let metadata = json!({"issuer": "LetsEncrypt", "vm": vm});
        let certificate = self.hang(&vm, "certificate", "VM.Certificate", metadata)?;
        self.edges.push((ip, certificate));
        self.edges.push((vm, service(n / MACHINES_OF_A_SERVICE)));
        Ok(())
    }

    fn hang(&mut self, vm: &str, suffix: &str, kind: &str, metadata: Value) -> Result<String> {
        let id = format!("{vm}-{suffix}");
        self.put(&id, kind, metadata)?;
        self.edges.push((vm.to_owned(), id.clone()));
        Ok(id)
    }

    fn put(&mut self, id: &str, kind: &str, metadata: Value) -> Result<()> {
        self.assets += 1;
        let moment = "2026-01-01T00:00:00Z";
        let asset = json!({
            "id": id, "type": format!("io.kestra.plugin.ee.assets.{kind}"), "namespace": "company.team",
            "metadata": metadata, "created": moment, "updated": moment,
        });
        Ok(writeln!(self.file, "{}", json!({"asset": asset}))?)
    }
}

/// What one execution of one task tells.
pub fn execution(number: u128) -> Vec<RunEvent> {
    let parse = |text: &str| AssetId::parse(text).expect("the id keeps the rules");
    let actor = Arc::new(Actor {
        flow: FlowReference {
            namespace: Namespace::parse("company.team").expect("a namespace"),
            id: FlowId::parse("create_vm").expect("a flow id"),
            digest: "00".repeat(32),
        },
        execution: ExecutionId::from_bits(number << 32),
        task: TaskId::parse("create").ok(),
        task_run: Some(TaskRunId::from_bits(number << 32 | 1)),
        plugin: None,
    });
    let bundle = Bundle {
        inputs: Vec::new(),
        outputs: vec![Declaration::of(parse(&format!("vm-{number:06}")))],
    };
    let kinds = [
        RunEventKind::ExecutionStarted(StartedExecution {
            source: "id: create_vm\n".into(),
            ..StartedExecution::default()
        }),
        RunEventKind::TaskRunStarted(StartedTask {
            task_type: "log".to_owned(),
            ..StartedTask::default()
        }),
        RunEventKind::LineageRecorded(Lineage {
            state: State::Success,
            bundles: vec![bundle],
        }),
        RunEventKind::TaskRunFinished(FinishedTask {
            state: State::Success,
            outputs: JsonMap::new(),
            error: None,
            attempts: 1,
            log_lines: 0,
            log_digest: String::new(),
        }),
        RunEventKind::ExecutionFinished(FinishedExecution::default()),
    ];
    let event = |kind| RunEvent {
        time: Timestamp::UNIX_EPOCH,
        actor: actor.clone(),
        kind,
    };
    kinds.into_iter().map(event).collect()
}
