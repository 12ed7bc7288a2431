//! A place to run begat in, warm.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The program as it was built.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_begat");

/// The name of the program's copy.
const COPY: &str = "begat";

/// A folder with a catalog and a cache of compiled plugins, gone in the end.
pub struct World {
    folder: PathBuf,
}

impl World {
    /// Makes the folder and runs one flow, so that plugins are compiled and the catalog is there.
    pub fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("begat-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let world = Self { folder };
        world.copied(COPY, PROGRAM.as_ref())?;
        let output = world.run("flows/create_vm.yaml").output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(world)
    }

    /// The program that is measured.
    pub fn program(&self) -> PathBuf {
        self.folder.join(COPY)
    }

    /// A program as it is once it is installed: what a linker has just written is slower to start.
    pub fn copied(&self, name: &str, program: &Path) -> Result<PathBuf> {
        let copy = self.folder.join(name);
        std::fs::copy(program, &copy)?;
        Ok(copy)
    }

    pub fn run(&self, flow: &str) -> Command {
        let mut command = Command::new(self.program());
        command.args(["run", flow]);
        self.with_environment(&mut command);
        command
    }

    pub fn with_environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        command.current_dir(repository.unwrap_or(Path::new("..")));
        command
            .env("BEGAT_CATALOG", self.folder.join("catalog.db"))
            .env("BEGAT_CACHE", &self.folder)
    }

    /// A check of as many flows as `language` says.
    pub fn validate_many(&self) -> Result<Command> {
        let folder = self.folder.join("flows");
        super::language::many_flows(&folder)?;
        let mut command = Command::new(self.program());
        command.arg("validate").arg(folder);
        self.with_environment(&mut command);
        Ok(command)
    }

    /// The compiled form of the plugin `log`, which `create_vm` has left in the cache.
    pub fn component(&self) -> Result<PathBuf> {
        let files = std::fs::read_dir(self.folder.join("compiled"))?;
        let mut compiled = files
            .filter_map(|file| Some(file.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "cwasm"));
        compiled.next().context("no compiled plugin in the cache")
    }

    /// The folder of compiled plugins.
    pub fn cache(&self) -> PathBuf {
        self.folder.join("compiled")
    }

    /// The compiled form of the component with this digest.
    pub fn component_of(&self, digest: &str) -> Result<PathBuf> {
        let files = std::fs::read_dir(self.cache())?;
        let mut compiled = files.filter_map(|file| Some(file.ok()?.path())).filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(digest) && name.ends_with(".cwasm")
        });
        compiled.next().context("the component is not in the cache")
    }

    /// An empty folder, as a task gets it.
    pub fn work(&self) -> Result<PathBuf> {
        let folder = self.folder.join("work");
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A database with the tables that a floor writes to.
    pub fn database(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if !path.exists() {
            let connection = rusqlite::Connection::open(&path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
        }
        Ok(path)
    }

    /// A path in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a flow and gives its path.
    pub fn flow(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    /// A flow of log tasks that each declare an asset.
    pub fn log_flow(&self, tasks: usize) -> Result<String> {
        let task = |number| {
            format!(
                "  - id: t{number}\n    type: log\n    message: hello\n    assets:\n      outputs:\n        - id: vm-{number}\n          type: VM\n"
            )
        };
        let text = format!(
            "id: log_{tasks}\nnamespace: company.team\ntasks:\n{}",
            (0..tasks).map(task).collect::<String>()
        );
        self.flow(&format!("log_{tasks}.yaml"), &text)
    }

    /// A make rule that says what `create_vm` says and inserts as many rows; nothing where a program is missing.
    pub fn makefile(&self) -> Result<Option<Command>> {
        let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !has("make") || !has("sqlite3") {
            return Ok(None);
        }
        let database = self.database("make.db")?;
        let rows = super::floor::ROWS
            .map(|text| format!("insert into row(text) values('{text}');"))
            .concat();
        let text = format!(
            "vm:\n\t@echo Provisioning VM\n\t@sqlite3 {} \"begin;{rows}commit;\"\n",
            database.display()
        );
        std::fs::write(self.folder.join("Makefile"), text)?;
        let mut command = Command::new("make");
        command.args(["-s", "vm"]).current_dir(&self.folder);
        Ok(Some(command))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
