//! A world of its own for each test: a folder, a catalog and the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// The flows of the story, in its order: they build and maintain a Windows VM.
pub const SEVEN_FLOWS: [&str; 7] = [
    "create_vm",
    "assign_external_ip",
    "apply_license",
    "onboard_user",
    "install_software",
    "assign_certificate",
    "take_snapshot",
];

/// The top of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("host has a parent")
}

/// A folder that is gone when the test ends.
pub struct World {
    pub folder: PathBuf,
}

/// What a command answered.
pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

impl World {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "begat-test-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// Writes a file into the folder and gives its path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Runs begat with the catalog of this world.
    pub fn begat(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments).output().unwrap())
    }

    /// Runs begat with standard output going elsewhere.
    pub fn begat_into(&self, arguments: &[&str], stdout: impl Into<Stdio>) -> Answer {
        let mut command = self.command(arguments);
        let child = command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        answer(child.wait_with_output().unwrap())
    }

    /// Runs begat with a cache of compiled plugins of its own.
    pub fn with_cache(&self, cache: &Path, arguments: &[&str]) -> Answer {
        let mut command = self.command(arguments);
        command.env("BEGAT_CACHE", cache);
        answer(command.output().unwrap())
    }

    /// Runs a command that was made here.
    pub fn answer(&self, command: &mut Command) -> Answer {
        answer(command.output().unwrap())
    }

    /// begat with the catalog of this world, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_begat"));
        command.args(arguments).current_dir(repository());
        command
            .env("BEGAT_CATALOG", self.folder.join("catalog.db"))
            .env("BEGAT_CACHE", cache());
        command.env("NO_COLOR", "1").env("USER", "ada");
        command
            .env_remove("BEGAT_CONFIG")
            .env_remove("BEGAT_PLUGINS")
            .env_remove("COLUMNS");
        command
    }

    /// Runs begat and expects it to succeed.
    pub fn good(&self, arguments: &[&str]) -> Answer {
        let answer = self.begat(arguments);
        assert_eq!(
            answer.code,
            Some(0),
            "{arguments:?}\n{}\n{}",
            answer.stdout,
            answer.stderr
        );
        answer
    }
}

/// What a finished process answered.
pub fn answer(Output { status, stdout, stderr }: Output) -> Answer {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// One cache of compiled plugins for all tests: compiling takes seconds.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Builds the guests once and gives the folder they are in.
pub fn guests() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
        let mut command = Command::new(env!("CARGO"));
        command
            .current_dir(repository())
            .args([
                "build",
                "--release",
                "--locked",
                "--target",
                "wasm32-wasip2",
                "--target-dir",
            ])
            .arg(&target)
            .args(["-p", "begat-guest-hostile", "-p", "begat-guest-liar"])
            .env_remove("CARGO_TARGET_DIR");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["hostile", "liar"] {
            let built = target.join(format!("wasm32-wasip2/release/begat_guest_{name}.wasm"));
            std::fs::copy(built, folder.join(format!("{name}.wasm"))).unwrap();
        }
        folder
    })
}

/// The component that lies, describing itself as a word says.
pub fn liar(word: &str) -> Vec<u8> {
    let mut component = std::fs::read(guests().join("liar.wasm")).unwrap();
    let honest = b"describe-as:honest......";
    let place = component
        .windows(honest.len())
        .position(|bytes| bytes == honest)
        .unwrap();
    let other = format!("{:.<24}", format!("describe-as:{word}"));
    component[place..place + honest.len()].copy_from_slice(other.as_bytes());
    component
}
