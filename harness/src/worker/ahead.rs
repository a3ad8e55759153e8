//! What a worker gets done before it is known which case comes.
//!
//! A machine is frozen after that, so each case that goes on in a clone of it finds it done: under emulation it takes
//! longer than most cases do. Only the first case of a worker finds it, since cases can change what was found out.

use crate::needs::{Ground, Lack, Need};
use crate::registry::Registry;
use crate::stage::residue::Surroundings;
use crate::stage::{Mode, Stage};
use crate::start::Start;
use crate::verdict::Outcome;

/// What stands ready for the first case.
pub(super) struct Ahead {
    /// Ready, or why it is not.
    pub(super) stage: Option<Outcome<Stage>>,
    /// As they were when all else was done.
    pub(super) surroundings: Surroundings,
    needs: Vec<(String, Result<(), Lack>)>,
}

impl Ahead {
    /// Does what can be done in a disposable kernel for a case that goes on from `start`.
    pub(super) fn make(start: Start, registry: Registry) -> Self {
        let mut needs: Vec<(String, Result<(), Lack>)> = Vec::new();
        for need in registry.all().flat_map(|case| case.needs).filter(|need| can_be_asked(need, start)) {
            let name = need.to_string();
            if !needs.iter().any(|(known, _)| *known == name) {
                needs.push((name, need.check(Ground::Disposable, &mut |_| Err("not ahead".to_owned()))));
            }
        }
        let surroundings = Surroundings::now();
        let make = || Stage::make(Mode::Staged, registry).and_then(|stage| stage.await_ready().map(|()| stage));
        Self { stage: (start == Start::OnStage).then(make), surroundings, needs }
    }

    /// Whether a need is met, if that is known.
    pub(super) fn answer(&mut self, need: &Need) -> Option<Result<(), Lack>> {
        let name = need.to_string();
        let place = self.needs.iter().position(|(known, _)| *known == name)?;
        Some(self.needs.swap_remove(place).1)
    }
}

/// Whether asking leaves the kernel as it is, as far as cases can tell that go on from `start`.
fn can_be_asked(need: &Need, start: Start) -> bool {
    match need {
        Need::Root | Need::Config(_) | Need::Tool(_) | Need::Capability(_) | Need::Cpus(_) => true,
        // A namespace is made, and is gone in the kernel's own time.
        Need::UserNamespaces => start == Start::OnStage,
        Need::InitialNamespaces | Need::Disposable | Need::Cgroup2 | Need::Module(_) | Need::Behaviour(_) => false,
    }
}
