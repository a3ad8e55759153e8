//! Kernels that are altered before a case goes on in them.

use std::sync::Arc;

use vm::machine::MachineError;
use vm::template::{Change, ChangeError, Scratch, Template};

use super::executor::ExecutorError;
use super::symbols;
use crate::code::alteration::{Alteration, alterations};
use crate::code::choice::{ChoiceError, find};
use crate::code::function::Function;
use crate::code::kind::Name;
use crate::code::memory::{Memory, MemoryError};
use crate::code::symbols::Symbols;

/// Why a kernel could not be altered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AlteringError {
    /// It does not say where its functions are.
    #[error(transparent)]
    Unasked(#[from] ExecutorError),
    /// No clone could be made to be asked.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// It has no such function.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// Its memory cannot be read.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Its memory cannot be written.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Something else stands there.
    #[error("{name} is no alteration of this kernel: {there}")]
    NoPlace {
        /// What was typed.
        name: Name,
        /// What could be typed.
        there: String,
    },
}

/// A template and what is known of the code in it.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) template: &'a Template,
    pub(crate) symbols: Arc<Symbols>,
}

impl<'a> Known<'a> {
    /// Asks a clone of it.
    pub(crate) fn of(template: &'a Template) -> Result<Self, AlteringError> {
        let machine = template.clone_machine()?;
        let symbols = symbols::ask(&machine)?;
        if symbols.is_empty() {
            return Err(MemoryError::NoSymbols.into());
        }
        Ok(Self { template, symbols: Arc::new(symbols) })
    }

    /// Its memory.
    pub(crate) fn memory(&self) -> Result<Memory<'a>, AlteringError> {
        Ok(Memory::of(self.template, &self.symbols)?)
    }
}

/// A template with these alterations, and what each changes, to be shown.
pub(crate) fn altered(template: &Template, names: &[Name]) -> Result<(Template, String), AlteringError> {
    let known = Known::of(template)?;
    let memory = known.memory()?;
    let mut scratch = Scratch::of(template)?;
    let mut text = String::new();
    for name in names {
        let function = Function::read(&find(&known.symbols, &name.function)?, memory)?;
        let all = alterations(&function, &known.symbols);
        let alteration = all.iter().find(|alteration| alteration.name == *name);
        let alteration = alteration.ok_or_else(|| no_place(name, &all))?;
        scratch.alter(&changes(alteration, memory)?)?;
        text.push_str(&format!("{name}\n{}", function.listing(alteration.address, &alteration.new, &known.symbols)));
    }
    Ok((scratch.into_template(), text))
}

/// An alteration as changes of a machine's memory.
pub(crate) fn changes(alteration: &Alteration, memory: Memory<'_>) -> Result<Vec<Change>, MemoryError> {
    memory.change(alteration.address, &alteration.old, &alteration.new)
}

fn no_place(name: &Name, all: &[Alteration]) -> AlteringError {
    let here: Vec<_> = all
        .iter()
        .filter(|alteration| alteration.name.offset == name.offset)
        .map(|alteration| alteration.name.kind.word())
        .collect();
    let mut offsets: Vec<_> = all.iter().map(|alteration| format!("{:#x}", alteration.name.offset)).collect();
    offsets.dedup();
    let there = match here.as_slice() {
        [] if offsets.is_empty() => format!("there is nothing to alter in {}", name.function),
        [] => format!("in {} there are places at {}", name.function, offsets.join(", ")),
        kinds => format!("at this place there are {}", kinds.join(", ")),
    };
    AlteringError::NoPlace { name: name.clone(), there }
}
