//! What documents show of user namespaces with `unshare(1)`.

use std::process::{Command, Stdio};

use kit::prelude::*;
use kit::process::tidy;
use kit::sysctl::sysctl;
use nix::unistd::{getegid, geteuid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![unshare_map_root_user];

/// `unshare --user --map-root-user` maps its caller alone, to root, and denies setgroups; without the second option the caller
/// has the overflow ID.
#[claim(
    source = ["namespaces-fun", "unshare(1)"],
    needs = [UserNamespaces, Tool("unshare"), Tool("sh"), Tool("id"), Tool("cat")],
)]
fn unshare_map_root_user() -> Verdict {
    let overflow: u32 = sysctl("kernel/overflowuid")?;
    unprivileged(NONE, || {
        let said = |options: &[&str]| -> Outcome<String> {
            let mut command = Command::new("unshare");
            command.args(options).args(["sh", "-c", "id -u; cd /proc/self; cat setgroups uid_map gid_map"]);
            let output = command.env("LC_ALL", "C").stdin(Stdio::null()).output().doing(format!("run {command:?}"))?;
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            Ok(tidy(&text))
        };
        let (user, group) = (geteuid(), getegid());
        expect_eq!(said(&["--user", "--map-root-user"])?, format!("0\ndeny\n0 {user} 1\n0 {group} 1"));
        expect_eq!(said(&["--user"])?, format!("{overflow}\nallow"), "without --map-root-user");
        holds()
    })
}
