//! The plugins there are, and the way from a task type to the component that runs it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wasmtime::component::Component;
use wasmtime::{Engine, Precompiled};

use super::abi_0_1::{Guest, PluginPre};
use super::cache::Cache;
use super::call::{Start, TaskCall, TaskFailure, TaskSurroundings};
use super::embedded::{EMBEDDED, Embedded};
use super::engine::{Machine, Parts};
use super::error::SandboxError;
use super::limits::Limits;
use super::output::LogSink;
use super::policy::{Permit, Policy};
use super::skew;
use super::stop::StopSign;
use super::wasi;
use crate::model::{
    CachedView, PluginDescription, PluginReference, PluginView, TaskType, TaskTypeView, Timestamp, digest,
};

/// The principal that expressions of flows are; no plugin may have its name.
const FLOW: &str = "flow";

/// Where plugins come from and where their compiled form is kept.
pub struct RegistryOptions {
    /// A folder of `*.wasm` components beside the embedded ones.
    pub folder: Option<PathBuf>,
    /// Components that must have the digests they are pinned by.
    pub pinned: Vec<PinnedFile>,
    /// Whether the folder may only hold components that are pinned.
    pub only_pinned: bool,
    /// The folder for compiled plugins.
    pub cache: PathBuf,
    /// Who is granted what, and the limits of each plugin.
    pub policy: Policy,
    /// Hears about what takes long or goes wrong without being an error.
    pub on_notice: Box<dyn Fn(PluginNotice<'_>) + Send + Sync>,
}

/// A component file that is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedFile {
    pub name: String,
    pub path: PathBuf,
    /// sha256 in lower-case hexadecimal.
    pub digest: String,
}

/// What an operator wants to know although nothing failed.
#[derive(Debug)]
pub enum PluginNotice<'a> {
    /// The plugin of this name is compiled now, which takes seconds.
    Compiling(&'a str),
    /// What was worked out about the plugin of this name could not be kept, so that it is worked out each time.
    NotKept(&'a str, &'a SandboxError),
}

/// A plugin and where it came from.
pub struct Plugin {
    pub reference: PluginReference,
    pub description: PluginDescription,
    origin: String,
    bytes: Bytes,
    ready: Mutex<Option<PluginPre<Guest>>>,
}

#[derive(Clone)]
enum Bytes {
    Embedded(&'static Embedded),
    Read(Arc<Vec<u8>>),
}

impl Bytes {
    fn get(&self) -> Cow<'_, [u8]> {
        match self {
            Bytes::Embedded(embedded) => embedded.component().into(),
            Bytes::Read(bytes) => bytes.as_slice().into(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Bytes::Embedded(embedded) => embedded.size,
            Bytes::Read(bytes) => bytes.len(),
        }
    }
}

/// What runs plugins, and where their compiled forms are.
struct Workshop {
    machine: Machine,
    cache: Cache,
}

/// All plugins of one process.
pub struct Registry {
    cache_folder: PathBuf,
    /// Made when the first plugin is about to run: what only checks a flow needs none of it.
    workshop: OnceLock<Workshop>,
    /// Whether so few instances will be made that room for many costs more than it saves.
    is_small: AtomicBool,
    policy: Policy,
    /// The limits of plugins of which nothing else is said.
    limits: Limits,
    on_notice: Box<dyn Fn(PluginNotice<'_>) + Send + Sync>,
    plugins: Vec<Arc<Plugin>>,
}

impl Registry {
    /// Knows the embedded plugins and those of the given folder. Nothing is compiled that has been described before.
    pub async fn open(options: RegistryOptions) -> Result<Self, SandboxError> {
        options.policy.check().map_err(SandboxError::Policy)?;
        let limits = options.policy.common_limits().map_err(SandboxError::Policy)?;
        let RegistryOptions {
            folder,
            pinned,
            only_pinned,
            cache: cache_folder,
            policy,
            on_notice,
        } = options;
        let mut registry = Self {
            cache_folder,
            workshop: OnceLock::new(),
            is_small: AtomicBool::new(false),
            policy,
            limits,
            on_notice,
            plugins: Vec::new(),
        };
        for embedded in EMBEDDED {
            let description = serde_json::from_str(embedded.description).map_err(|error| SandboxError::Describe {
                origin: embedded.name.to_owned(),
                reason: error.to_string(),
            })?;
            let bytes = Bytes::Embedded(embedded);
            registry.admit(plugin(
                description,
                "embedded".to_owned(),
                embedded.digest.to_owned(),
                bytes,
            ))?;
        }
        registry.admit_pinned(&pinned).await?;
        if let Some(folder) = folder {
            registry.admit_folder(&folder, &pinned, only_pinned).await?;
        }
        Ok(registry)
    }

    async fn admit_pinned(&mut self, pinned: &[PinnedFile]) -> Result<(), SandboxError> {
        // What is not the pinned component is not even asked what it is.
        for file in pinned {
            let found = load(&file.path, self.limits.component_size)?;
            if found.reference.digest != file.digest {
                return Err(SandboxError::Changed {
                    name: file.name.clone(),
                    expected: file.digest.clone(),
                    actual: found.reference.digest,
                });
            }
            let found = self.introduce(found).await?;
            self.admit(found)?;
        }
        Ok(())
    }

    async fn admit_folder(
        &mut self,
        folder: &Path,
        pinned: &[PinnedFile],
        only_pinned: bool,
    ) -> Result<(), SandboxError> {
        for path in components(folder)? {
            let found = load(&path, self.limits.component_size)?;
            if pinned.iter().any(|file| file.digest == found.reference.digest) {
                continue;
            }
            if only_pinned {
                return Err(SandboxError::NotPinned { origin: found.origin });
            }
            let found = self.introduce(found).await?;
            self.admit(found)?;
        }
        Ok(())
    }

    /// Says that only a handful of task runs are to come. It counts until the first instance is made.
    pub fn expect_few(&self) {
        self.is_small.store(true, Ordering::Relaxed);
    }

    /// The largest that any plugin may be.
    fn most_parts(&self) -> Parts {
        let own = self
            .policy
            .plugins
            .keys()
            .filter_map(|name| self.policy.limits_of(name).ok());
        let nameless = self.policy.limits_of("").ok();
        let all = own.chain(nameless).chain([self.limits.clone()]);
        let least = Parts {
            instances: 1,
            table_entries: 1,
        };
        all.fold(least, |most, limits| Parts {
            instances: most.instances.max(limits.instances),
            table_entries: most.table_entries.max(limits.table_entries),
        })
    }

    fn workshop(&self) -> Result<&Workshop, SandboxError> {
        if let Some(workshop) = self.workshop.get() {
            return Ok(workshop);
        }
        let machine = Machine::new(self.is_small.load(Ordering::Relaxed), &self.limits, self.most_parts())?;
        let cache = Cache::open(&self.cache_folder, &machine.engine)?;
        // Where two come at once, one of the two is used.
        Ok(self.workshop.get_or_init(|| Workshop { machine, cache }))
    }

    /// All task types of all plugins.
    pub fn task_types(&self) -> Vec<TaskType> {
        self.plugins
            .iter()
            .flat_map(|plugin| plugin.description.task_types.clone())
            .collect()
    }

    /// The plugin that runs tasks of a type.
    pub fn find(&self, task_type: &str) -> Option<&Arc<Plugin>> {
        self.plugins
            .iter()
            .find(|plugin| plugin.description.task_types.iter().any(|t| t.answers_to(task_type)))
    }

    /// All plugins, as they are shown.
    pub fn plugins(&self) -> Vec<PluginView> {
        self.plugins.iter().map(|plugin| plugin.view()).collect()
    }

    /// Who is granted what.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Makes an instance of a plugin for one task run.
    pub async fn start(&self, plugin: &Plugin, surroundings: TaskSurroundings<'_>) -> Result<TaskCall, TaskFailure> {
        let unusable = |message| TaskFailure {
            kind: "plugin".to_owned(),
            message,
            retryable: false,
            details: serde_json::Map::new(),
        };
        let ready = self.workshop().and_then(|workshop| Ok((workshop, self.ready(plugin)?)));
        let (workshop, pre) = ready.map_err(|error| unusable(causes(&error)))?;
        let limits = self.policy.limits_of(&plugin.reference.name).map_err(unusable)?;
        let TaskSurroundings {
            sink,
            on_use,
            catalog,
            namespace,
            work,
            stop,
            stage,
        } = surroundings;
        let own = match &stage {
            Some(stage) => Some(stage.policy(&self.policy)),
            // A component that is tried out and has another's name has none of its grants.
            None => self.check_name(plugin).is_err().then(|| Policy {
                plugins: BTreeMap::new(),
                ..self.policy.clone()
            }),
        };
        let policy = own.as_ref().unwrap_or(&self.policy);
        let start = Start {
            limits,
            permit: Permit::new(policy, &plugin.reference, on_use),
            sink,
            catalog: Some((catalog, namespace)),
            work,
            stop,
            stage,
        };
        TaskCall::start(&workshop.machine, &pre, start).await
    }

    /// What is kept of compiled plugins, the last used first.
    pub fn cached(&self) -> Result<Vec<CachedView>, SandboxError> {
        let named = |digest: &str| {
            let mut plugins = self.plugins.iter();
            plugins.find(|plugin| plugin.reference.digest == digest)
        };
        let view = |compiled: super::cache::Compiled| CachedView {
            plugin: named(&compiled.digest).map(|plugin| plugin.reference.name.clone()),
            digest: compiled.digest,
            size: compiled.size,
            used: compiled.used.try_into().unwrap_or(Timestamp::UNIX_EPOCH),
            current: compiled.is_current,
            intact: compiled.is_intact,
        };
        Ok(self.workshop()?.cache.list()?.into_iter().map(view).collect())
    }

    /// Removes all compiled plugins; gives how many there were and their bytes.
    pub fn clear_cache(&self) -> Result<(usize, u64), SandboxError> {
        self.workshop()?.cache.clear()
    }

    /// Compiles a plugin, or loads its compiled form.
    pub fn prepare(&self, plugin: &Plugin) -> Result<(), SandboxError> {
        self.ready(plugin).map(|_| ())
    }

    /// Asks the component itself what it is, rather than trusting what is kept about it.
    pub async fn describe(&self, plugin: &Plugin) -> Result<PluginDescription, SandboxError> {
        let failed = |reason| SandboxError::Describe {
            origin: plugin.origin.clone(),
            reason,
        };
        let pre = self.ready(plugin)?;
        let silent: LogSink = Arc::new(|_| ());
        let start = Start {
            limits: self.limits.clone(),
            permit: Permit::nothing(),
            sink: silent,
            catalog: None,
            work: None,
            stop: StopSign::default(),
            stage: None,
        };
        let call = TaskCall::start(&self.workshop()?.machine, &pre, start).await;
        call.map_err(|failure| failed(failure.message))?
            .describe()
            .await
            .map_err(failed)
    }

    /// Whether a plugin would have the name, and so the grants, of another one.
    ///
    /// # Errors
    /// Says whose name it is.
    pub fn check_name(&self, plugin: &Plugin) -> Result<(), SandboxError> {
        let name = &plugin.reference.name;
        if name == FLOW {
            let origin = plugin.origin.clone();
            return Err(SandboxError::ReservedName { origin });
        }
        match self.plugins.iter().find(|known| known.reference.name == *name) {
            Some(known) if known.reference.digest != plugin.reference.digest => Err(SandboxError::SameName {
                name: name.clone(),
                first: known.origin.clone(),
                second: plugin.origin.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn admit(&mut self, plugin: Plugin) -> Result<(), SandboxError> {
        self.check_name(&plugin)?;
        for name in plugin.description.task_types.iter().flat_map(TaskType::names) {
            if let Some(other) = self.find(name) {
                let (first, second) = (other.origin.clone(), plugin.origin.clone());
                return Err(SandboxError::SameType {
                    name: name.to_owned(),
                    first,
                    second,
                });
            }
        }
        self.plugins.push(Arc::new(plugin));
        Ok(())
    }

    /// Reads a component file, which need not be among the registry's own, and asks it what it is unless that is known.
    pub async fn read(&self, path: &Path) -> Result<Plugin, SandboxError> {
        self.introduce(load(path, self.limits.component_size)?).await
    }

    /// Finds out what a component is.
    async fn introduce(&self, mut found: Plugin) -> Result<Plugin, SandboxError> {
        let digest = found.reference.digest.clone();
        let note = self.workshop()?.cache.note(&digest);
        if let Some(known) = note.and_then(|text| serde_json::from_str(&text).ok()) {
            found.adopt(known);
            return Ok(found);
        }
        let description = self.describe(&found).await?;
        let text = serde_json::to_string(&description).map_err(|error| SandboxError::Describe {
            origin: found.origin.clone(),
            reason: error.to_string(),
        })?;
        self.kept(&found, self.workshop()?.cache.store_note(&digest, &text));
        found.adopt(description);
        Ok(found)
    }

    pub(super) fn ready(&self, plugin: &Plugin) -> Result<PluginPre<Guest>, SandboxError> {
        let mut ready = plugin.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pre) = &*ready {
            return Ok(pre.clone());
        }
        let Workshop { machine, cache } = self.workshop()?;
        let component = match cache.load(&machine.engine, &plugin.reference.digest) {
            Some(component) => component,
            None => self.compile(plugin)?,
        };
        let linker = wasi::linker(&component, &machine.engine).map_err(SandboxError::Engine)?;
        let linked = linker.instantiate_pre(&component).and_then(PluginPre::new);
        let pre = linked.map_err(|source| match skew::find(&component, &machine.engine) {
            Some(skew) => SandboxError::Skew {
                origin: plugin.origin_name(),
                fault: skew.fault,
                remedy: skew.remedy,
            },
            None => SandboxError::Link {
                origin: plugin.origin_name(),
                source,
            },
        })?;
        *ready = Some(pre.clone());
        Ok(pre)
    }

    /// A cache that takes nothing more, for want of space or rights, costs time and not the run.
    fn kept(&self, plugin: &Plugin, result: Result<(), SandboxError>) {
        if let Err(error) = result {
            (self.on_notice)(PluginNotice::NotKept(&plugin.reference.name, &error));
        }
    }

    fn compile(&self, plugin: &Plugin) -> Result<Component, SandboxError> {
        (self.on_notice)(PluginNotice::Compiling(&plugin.reference.name));
        let Workshop { machine, cache } = self.workshop()?;
        let (engine, bytes) = (machine.engine.clone(), plugin.bytes.clone());
        let (sender, answer) = std::sync::mpsc::channel();
        // Compiling cannot be stopped: when it takes too long its thread is left behind.
        std::thread::spawn(move || {
            // Nobody may be waiting any more.
            drop(sender.send(Component::from_binary(&engine, &bytes.get())));
        });
        let compiled = answer
            .recv_timeout(self.limits.compile_time)
            .map_err(|_| SandboxError::CompileTime {
                origin: plugin.origin_name(),
                seconds: self.limits.compile_time.as_secs_f64(),
            })?;
        let component = compiled.map_err(|source| SandboxError::Compile {
            origin: plugin.origin_name(),
            source,
        })?;
        self.kept(plugin, cache.store(&plugin.reference.digest, &component));
        Ok(component)
    }
}

impl Plugin {
    fn adopt(&mut self, description: PluginDescription) {
        self.reference.name.clone_from(&description.name);
        self.reference.version.clone_from(&description.version);
        self.description = description;
    }

    fn origin_name(&self) -> String {
        match &self.bytes {
            Bytes::Embedded(_) => self.reference.name.clone(),
            Bytes::Read(_) => self.origin.clone(),
        }
    }

    /// The plugin as it is shown.
    pub fn view(&self) -> PluginView {
        let task_type = |t: &TaskType| TaskTypeView {
            name: t.name.clone(),
            aliases: t.aliases.clone(),
            summary: t.summary.clone(),
            properties: t.properties.clone(),
            outputs: t.outputs.clone(),
        };
        PluginView {
            name: self.reference.name.clone(),
            version: self.reference.version.clone(),
            summary: self.description.summary.clone(),
            digest: self.reference.digest.clone(),
            origin: self.origin.clone(),
            size: self.bytes.len() as u64,
            task_types: self.description.task_types.iter().map(task_type).collect(),
            capabilities: self.description.capabilities.clone(),
        }
    }
}

fn plugin(description: PluginDescription, origin: String, digest: String, bytes: Bytes) -> Plugin {
    let reference = PluginReference {
        name: description.name.clone(),
        version: description.version.clone(),
        digest,
    };
    Plugin {
        reference,
        description,
        origin,
        bytes,
        ready: Mutex::new(None),
    }
}

/// Reads a component file; it is not asked what it is.
/// Reads a component of at most so many bytes.
fn load(path: &Path, limit: u64) -> Result<Plugin, SandboxError> {
    let origin = path.display().to_string();
    let failed = |source| SandboxError::ReadPlugin {
        path: path.to_owned(),
        source,
    };
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > limit {
        return Err(SandboxError::TooLarge { origin, size, limit });
    }
    let bytes = fs::read(path).map_err(failed)?;
    check_is_component(&bytes, &origin)?;
    let digest = digest::sha256(&bytes);
    let unknown = PluginDescription {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        version: String::new(),
        summary: String::new(),
        task_types: Vec::new(),
        capabilities: Vec::new(),
    };
    Ok(plugin(unknown, origin, digest, Bytes::Read(Arc::new(bytes))))
}

/// The components of a folder, by name.
fn components(folder: &Path) -> Result<Vec<PathBuf>, SandboxError> {
    let failed = |source| SandboxError::ReadFolder {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn check_is_component(bytes: &[u8], origin: &str) -> Result<(), SandboxError> {
    let not = |found| {
        Err(SandboxError::NotAComponent {
            origin: origin.to_owned(),
            found,
        })
    };
    if Engine::detect_precompiled(bytes) == Some(Precompiled::Component) {
        return not("it is compiled machine code, which is never loaded from outside");
    }
    match bytes {
        [0, b'a', b's', b'm', 13, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => not("it is a core module"),
        [0, b'a', b's', b'm', ..] => not("it has an unknown version of the format"),
        [] => not("it is empty"),
        _ => not("it is no WebAssembly at all"),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
