//! Mounts of each propagation type, to try things on.

use super::propagation::Propagation;
use super::tree::Tree;
use crate::words::verdict::{Failure, Outcome};

/// The name of the mount that a [`typed`](Tree::typed) one shares its peer group with.
pub fn peer_of(name: &str) -> String {
    format!("{name}.peer")
}

/// The name of the mount that a [`typed`](Tree::typed) one receives from. It is shared, and alone in its peer group.
pub fn master_of(name: &str) -> String {
    format!("{name}.master")
}

impl Tree {
    /// Mounts a tmpfs that has this propagation type for certain. A slave has a master, and a shared mount a peer: made a
    /// slave, one that is alone in its group would become private. See [`peer_of`] and [`master_of`] for where they are.
    pub fn typed(&self, name: &str, wanted: Propagation) -> Outcome<&Self> {
        let (is_slave, is_shared) = match wanted {
            Propagation::Private | Propagation::Unbindable => (false, false),
            Propagation::Shared => (false, true),
            Propagation::Slave => (true, false),
            Propagation::SharedAndSlave => (true, true),
        };
        if is_slave {
            let master = master_of(name);
            self.tmpfs(&master)?.private(&master)?.shared(&master)?.bind(&master, name)?;
        } else {
            // Below a shared mount it would be shared.
            self.tmpfs(name)?.private(name)?;
        }
        self.make(name, wanted)?;
        if is_shared {
            self.bind(name, &peer_of(name))?;
        }
        let seen = self.tags(name)?;
        match Propagation::told_by(seen) == wanted {
            true => Ok(self),
            false => Err(Failure::broken(format!("{name} is to be {wanted}, and mountinfo says {seen:?}"))),
        }
    }
}
