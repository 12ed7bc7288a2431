//! What a guest finds in `/work`, what it leaves there, and where it is stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::super::{Limits, Policy, Registry, RegistryOptions, TaskFailure, TaskRequest, TaskSurroundings};
use super::WorkFolder;
use crate::model::{
    Asset, AssetFilter, AssetId, CatalogReader, ExecutionId, FlowId, JsonMap, Namespace, RecordError, TaskId, TaskRunId,
};

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("begat-work-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

struct EmptyCatalog;

impl CatalogReader for EmptyCatalog {
    fn asset(&self, _: &AssetId) -> Result<Option<Asset>, RecordError> {
        Ok(None)
    }

    fn assets(&self, _: &AssetFilter) -> Result<Vec<Asset>, RecordError> {
        Ok(Vec::new())
    }
}

fn small() -> Limits {
    Limits {
        work_bytes: 2 * 1024 * 1024,
        work_files: 20,
        ..Limits::default()
    }
}

async fn shell(script: &str, work: Option<&Path>) -> Result<JsonMap, TaskFailure> {
    run("shell", script, work).await
}

async fn run(task_type: &str, script: &str, work: Option<&Path>) -> Result<JsonMap, TaskFailure> {
    let options = RegistryOptions {
        pinned: Vec::new(),
        only_pinned: false,
        folder: None,
        // Kept between runs of the tests, since compiling the shell takes seconds.
        cache: env::temp_dir().join("begat-work-cache"),
        policy: Policy {
            run_limits: [("work_bytes", "2 MiB"), ("work_files", "20")]
                .map(|(name, amount)| (name.to_owned(), amount.to_owned()))
                .into(),
            ..Policy::default()
        },
        on_notice: Box::new(|_| ()),
    };
    static REGISTRY: OnceCell<Registry> = OnceCell::const_new();
    let registry = REGISTRY
        .get_or_init(async || {
            let registry = Registry::open(options).await.unwrap();
            for name in ["shell", "powershell"] {
                registry.prepare(registry.find(name).unwrap()).unwrap();
            }
            registry
        })
        .await;
    let namespace = Namespace::parse("company.team").unwrap();
    let request = TaskRequest {
        execution: ExecutionId::from_bits(1),
        task_run: TaskRunId::from_bits(1),
        namespace: namespace.clone(),
        flow: FlowId::parse("work").unwrap(),
        task: TaskId::parse("work").unwrap(),
        task_type: task_type.to_owned(),
        attempt: 1,
        properties: JsonMap::from_iter([("script".to_owned(), Value::from(script))]),
    };
    let plugin = registry.find(task_type).unwrap();
    let surroundings = TaskSurroundings {
        sink: Arc::new(|_| ()),
        on_use: Arc::new(|_| ()),
        catalog: Arc::new(EmptyCatalog),
        namespace,
        work,
        stop: crate::sandbox::StopSign::default(),
        stage: None,
    };
    let mut call = registry.start(plugin, surroundings).await?;
    call.run(&request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_sees_the_folder_and_keeps_what_it_writes_there() {
    let folder = Folder::new();
    fs::write(folder.0.join("given.txt"), "given\n").unwrap();
    let script =
        "cat given.txt; mkdir out; echo made > out/made.txt; echo more >> given.txt; mv given.txt taken.txt; ls";
    let outputs = shell(script, Some(&folder.0)).await.unwrap();
    assert_eq!(outputs["stdout"], json!("given\nout\ntaken.txt\n"));
    assert_eq!(fs::read_to_string(folder.0.join("out/made.txt")).unwrap(), "made\n");
    assert_eq!(fs::read_to_string(folder.0.join("taken.txt")).unwrap(), "given\nmore\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_both_languages_share_a_folder() {
    let folder = Folder::new();
    shell("mkdir d; echo from the shell > d/a.txt", Some(&folder.0))
        .await
        .unwrap();
    let script = "Get-Content d/a.txt; Set-Content d/b.txt 'from powershell'; (Get-ChildItem d).Name -join ','";
    let outputs = run("powershell", script, Some(&folder.0)).await.unwrap();
    assert_eq!(outputs["stdout"], json!("from the shell\na.txt,b.txt\n"));
    let outputs = shell("cat d/b.txt", Some(&folder.0)).await.unwrap();
    assert_eq!(outputs["stdout"], json!("from powershell\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_the_folder_is_reached() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("work")).unwrap();
    fs::write(folder.0.join("outside"), "outside\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../outside", folder.0.join("work/link")).unwrap();
    let script = "cat ../outside || cat link || cat /work/../outside || echo nothing";
    let outputs = shell(script, Some(&folder.0.join("work"))).await.unwrap();
    assert_eq!(outputs["stdout"], json!("nothing\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_files_end_with_the_task() {
    let outputs = shell("echo here > f; cat f", None).await.unwrap();
    assert_eq!(outputs["stdout"], json!("here\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_too_much_ends_at_the_limits_on_the_folder() {
    let folder = Folder::new();
    let script = "x=$(printf '%1000s' ''); while true; do echo \"$x\" >> f; done";
    let failure = shell(script, Some(&folder.0)).await.unwrap_err();
    assert_eq!(
        (failure.kind.as_str(), failure.message.as_str()),
        (
            "limit",
            "the task keeps more in `/work` than its limit of 2 MiB (`work_bytes`)"
        )
    );
    let folder = Folder::new();
    let failure = shell("for i in {1..30}; do echo > $i; done", Some(&folder.0))
        .await
        .unwrap_err();
    assert_eq!(
        failure.message,
        "the task keeps more files in `/work` than its limit of 20 (`work_files`)"
    );
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_said_by_name() {
    let missing = WorkFolder::new(&[Path::new("/nowhere/at/all")], &small());
    let message = missing.measure().await.unwrap_err().to_string();
    assert!(
        message.starts_with("the folder `/nowhere/at/all` cannot be given to the task: "),
        "{message}"
    );
}
