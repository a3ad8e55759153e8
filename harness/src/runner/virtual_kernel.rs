//! A kernel to be booted: everything that is the same for all machines that run it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use kit::{Need, Registry, config};
use vm::accel::Accel;
use vm::initramfs::{Contents, Extra, Initramfs};
use vm::kernels::Kernel;
use vm::machine::{MachineError, Setup};
use vm::template::{Standby, Template};

use super::accelerator::Accelerator;
use super::altering;
use super::executor::{Executor, ExecutorError, hello_in};
use crate::code::kind::Name;
use crate::deadlines::{GUEST_READY, Speed};
use crate::machine_kind::{MachineKind, load_arguments};
use crate::protocol::Hello;
use crate::terminal;

/// One kernel, and what its machines are made of.
#[derive(Debug)]
pub(crate) struct VirtualKernel {
    pub(crate) kernel: Kernel,
    pub(crate) initramfs: Initramfs,
    pub(crate) accelerator: Arc<Accelerator>,
    /// Modules that are loaded before anything runs.
    load: Vec<String>,
    /// For the kernel's command line.
    arguments: Vec<String>,
    /// What is altered in every machine before anything runs in it.
    alterations: Vec<Name>,
    /// That it was said what is.
    told: Once,
    frozen: Mutex<BTreeMap<MachineKind, Arc<Frozen>>>,
}

/// What machines have beside what cases need.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct More<'a> {
    /// This machine's programs.
    pub(crate) programs: &'a [&'static str],
    /// Other files.
    pub(crate) extras: &'a [Extra],
    /// Modules that are loaded before anything runs.
    pub(crate) load: &'a [String],
    /// For the kernel's command line.
    pub(crate) arguments: &'a [String],
}

/// A moment from which machines go on.
#[derive(Debug, Default)]
struct Frozen {
    /// Booted when the first machine is wanted.
    template: Mutex<Option<Booted>>,
    /// The next machine, made while a case is at work in another.
    spare: Mutex<Spare>,
}

#[derive(Debug, Default)]
struct Spare {
    standby: Option<Standby>,
    /// Somebody is making one.
    under_way: bool,
    /// No more are wanted.
    closed: bool,
}

/// A template whose worker has said what it is.
#[derive(Debug)]
struct Booted {
    template: Arc<Template>,
    hello: Hello,
}

impl VirtualKernel {
    /// Packs what a machine with this kernel needs to carry out every case there is.
    pub(crate) fn new(kernel: Kernel, registry: &Registry, accelerator: &Arc<Accelerator>) -> anyhow::Result<Self> {
        Self::with_more(kernel, registry, accelerator, &More::default())
    }

    /// The same with more than that.
    pub(crate) fn with_more(
        kernel: Kernel,
        registry: &Registry,
        accelerator: &Arc<Accelerator>,
        more: &More<'_>,
    ) -> anyhow::Result<Self> {
        let needs: Vec<Need> = registry.all().flat_map(|case| case.needs).copied().collect();
        let mut modules: Vec<&str> = needs.iter().filter_map(|need| named(need, "module")).collect();
        modules.extend(more.load.iter().map(String::as_str));
        let mut programs: Vec<&str> = needs.iter().filter_map(|need| named(need, "program")).collect();
        programs.extend(more.programs);
        for list in [&mut modules, &mut programs] {
            list.sort_unstable();
            list.dedup();
        }
        let init = std::env::current_exe()?;
        let contents =
            Contents { init: &init, kernel: &kernel, modules: &modules, programs: &programs, extras: more.extras };
        let initramfs = Initramfs::build(&contents)?;
        Ok(Self {
            kernel,
            initramfs,
            accelerator: Arc::clone(accelerator),
            load: more.load.to_vec(),
            arguments: more.arguments.to_vec(),
            alterations: Vec::new(),
            told: Once::new(),
            frozen: Mutex::default(),
        })
    }

    /// The same kernel, altered.
    pub(crate) fn altered(self, alterations: &[Name]) -> Self {
        Self { alterations: alterations.to_vec(), ..self }
    }

    /// What to boot, under the accelerator that is to be used.
    pub(crate) fn setup(&self) -> Result<Setup<'_>, MachineError> {
        let setup = Setup::new(&self.kernel, &self.initramfs);
        Ok(Setup { accel: self.accelerator.choose(&setup)?, ..setup })
    }

    /// A digest of the kernel's configuration.
    pub(crate) fn config_digest(&self) -> Option<String> {
        let text = std::fs::read(self.kernel.config.as_ref()?).ok()?;
        Some(config::digest(&text))
    }

    /// A worker in a machine that nothing has touched.
    pub(crate) fn executor(&self, kind: MachineKind) -> Result<Executor, ExecutorError> {
        let frozen = Arc::clone(self.all_frozen().entry(kind).or_default());
        let (template, hello) = self.template(&frozen, kind)?;
        let machine = match frozen.spare().standby.take() {
            Some(standby) => standby.resume()?,
            None => template.clone_machine()?,
        };
        let executor = Executor::in_machine(machine, hello, self.speed())?;
        frozen.make_spare(template);
        Ok(executor)
    }

    fn all_frozen(&self) -> MutexGuard<'_, BTreeMap<MachineKind, Arc<Frozen>>> {
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine of this kind as it was frozen, and what its worker said of itself.
    pub(crate) fn frozen(&self, kind: MachineKind) -> Result<(Arc<Template>, Hello), ExecutorError> {
        let frozen = Arc::clone(self.all_frozen().entry(kind).or_default());
        self.template(&frozen, kind)
    }

    fn template(&self, frozen: &Frozen, kind: MachineKind) -> Result<(Arc<Template>, Hello), ExecutorError> {
        // Whoever comes second waits for the boot that is under way.
        let mut slot = frozen.template();
        if slot.is_none() {
            let mut setup = Setup { cpus: kind.cpus, ..self.setup()? };
            setup.arguments.extend(kind.start.arguments());
            setup.arguments.extend(load_arguments(&self.load));
            setup.arguments.extend(self.arguments.iter().cloned());
            let template = Template::boot(&setup, GUEST_READY)?;
            for failure in template.failures() {
                terminal::note(format_args!("{}: a boot failed before one succeeded: {failure}", self.kernel.word));
            }
            let hello = hello_in(template.greeting())?;
            let template = self.alter(template)?;
            *slot = Some(Booted { template: Arc::new(template), hello });
        }
        match slot.as_ref() {
            Some(booted) => Ok((Arc::clone(&booted.template), booted.hello.clone())),
            None => Err(ExecutorError::NotReady("its template is gone".to_owned())),
        }
    }

    /// The template as it is to be, which says once what is altered.
    fn alter(&self, template: Template) -> Result<Template, ExecutorError> {
        if self.alterations.is_empty() {
            return Ok(template);
        }
        let (template, listing) = altering::altered(&template, &self.alterations)
            .map_err(|error| ExecutorError::Unaltered(error.to_string()))?;
        self.told.call_once(|| terminal::note(format_args!("{}, altered: {}", self.kernel.word, listing.trim_end())));
        Ok(template)
    }

    /// Lets go of the next machines and of the templates' memory, when the last case is done.
    pub(crate) fn close(&self) {
        for frozen in self.all_frozen().values() {
            let last = {
                let mut spare = frozen.spare();
                spare.closed = true;
                spare.standby.take()
            };
            drop(last);
            frozen.template().take();
        }
    }

    /// How fast its machines are.
    pub(crate) fn speed(&self) -> Speed {
        match self.accelerator.known() {
            Some(Accel::Kvm) => Speed::Native,
            Some(Accel::Tcg) | None => Speed::Emulated,
        }
    }
}

impl Frozen {
    /// Has the next machine made in the background. What goes wrong there goes wrong again when it is wanted.
    fn make_spare(self: &Arc<Self>, template: Arc<Template>) {
        {
            let mut spare = self.spare();
            if spare.standby.is_some() || spare.under_way || spare.closed {
                return;
            }
            spare.under_way = true;
        }
        let this = Arc::clone(self);
        std::thread::spawn(move || {
            let made = template.standby().ok();
            let mut spare = this.spare();
            spare.under_way = false;
            if !spare.closed {
                spare.standby = made;
            }
        });
    }

    fn spare(&self) -> MutexGuard<'_, Spare> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn template(&self) -> MutexGuard<'_, Option<Booted>> {
        self.template.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(need: &Need, what: &str) -> Option<&'static str> {
    match (need, what) {
        (Need::Module(name), "module") | (Need::Tool(name), "program") => Some(name),
        _ => None,
    }
}
