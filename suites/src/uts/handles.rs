//! What a UTS namespace's handle tells of it: `namespaces(7)`, `ioctl_nsfs(2)`.

use std::collections::HashSet;
use std::path::Path;

use kit::Behaviour;
use kit::prelude::*;
use kit::process::try_clone3;
use kit::sys::ns;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![no_parent, initial_inode, inode_numbers_are_reused, config_off_einval];

/// NS_GET_PARENT on a UTS namespace fails with EINVAL: it has no parent, although it was copied from another.
#[claim(source = ["NS_GET_PARENT(2const)", "namespaces(7)"], needs = [UserNamespaces])]
fn no_parent() -> Verdict {
    let made_out_of_ours = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
    let uts = made_out_of_ours.namespace(Kind::Uts)?;
    let user = made_out_of_ours.namespace(Kind::User)?;
    for handle in [&uts, &Namespace::own(Kind::Uts)?] {
        expect_errno!(ns::get_parent(handle), EINVAL);
        expect_eq!(expect_ok!(ns::get_nstype(handle)), CLONE_NEWUTS);
    }
    // The user namespace that was made together with it has one.
    expect_eq!(expect_ok!(user.parent()).inode()?, own_inode(Kind::User)?);
    holds()
}

/// The inode number of the initial UTS namespace is 4026531838, 0xEFFFFFFE.
#[claim(
    source = ["Linux Namespaces", "Linux_name_space", "namespaces(7)"],
    needs = [InitialNamespaces, Config("UTS_NS")],
)]
fn initial_inode() -> Verdict {
    expect_eq!(link_text("/proc/1/ns/uts")?, "uts:[4026531838]");
    expect_eq!(inode_at("/proc/1/ns/uts")?, 0xEFFF_FFFE);
    expect_ne!(child(CLONE_NEWUTS, || own_inode(Kind::Uts))?, 0xEFFF_FFFE);
    holds()
}

/// A new UTS namespace can get the inode number of one that is gone; those that exist at the same time have different
/// ones.
#[claim(source = "Linux Namespaces", needs = [Root])]
fn inode_numbers_are_reused() -> Verdict {
    let living = (0..6).map(|_| waiting(CLONE_NEWUTS)).collect::<Outcome<Vec<_>>>()?;
    let mut used = living.iter().map(|one| inode_of(one.pid(), Kind::Uts)).collect::<Outcome<HashSet<_>>>()?;
    expect_eq!(used.len(), living.len());
    drop(living);
    // Others on the same kernel may be quicker and take a number; but numbers go round.
    while used.insert(child(CLONE_NEWUTS, || own_inode(Kind::Uts))?) {
        expect!(used.len() < 50, "{} namespaces, each with a number of its own", used.len());
    }
    holds()
}

/// What [`config_off_einval`] is about.
const BUILT_WITHOUT_UTS_NS: &Behaviour =
    &Behaviour { what: "is built without CONFIG_UTS_NS", probe: || !Path::new("/proc/self/ns/uts").exists() };

/// On a kernel built without CONFIG_UTS_NS, unshare(2) and clone3(2) with CLONE_NEWUTS fail with EINVAL.
// Unstaged: the stage is made of namespaces that such a kernel does not have.
#[claim(
    source = ["unshare(2) ERRORS", "clone(2) ERRORS", "uts_namespaces(7) DESCRIPTION"],
    needs = [InitialNamespaces, Behaviour(BUILT_WITHOUT_UTS_NS)],
)]
fn config_off_einval() -> Verdict {
    child(NONE, || {
        expect_errno!(unshare(CLONE_NEWUTS), EINVAL);
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), EINVAL);
        // The same with a kind that every kernel has.
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWNS)));
        expect_ok!(unshare(CLONE_NEWNS));
        Ok(())
    })?;
    holds()
}
