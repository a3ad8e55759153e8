//! What a case left behind in a kernel that the next one uses too.

use std::fs;

use kit::mounts::{Mount, Mounts};
use nix::sys::utsname::uname;
use results::Verdict as Found;

use crate::protocol::Report;

/// The bits of `/proc/sys/kernel/tainted` that mean that the kernel itself went wrong (`tainted-kernels.rst`).
const WENT_WRONG: [(u64, &str); 5] = [
    (1 << 4, "machine check (M)"),
    (1 << 5, "bad page (B)"),
    (1 << 7, "oops (D)"),
    (1 << 9, "warning (W)"),
    (1 << 14, "soft lockup (L)"),
];

/// Where the kernel says what went wrong in it.
pub(super) const TAINT: &str = "/proc/sys/kernel/tainted";

/// What the kernel says of itself there: a number, in text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taint(String);

impl Taint {
    /// As it is now.
    pub(crate) fn now() -> Self {
        Self(fs::read_to_string(TAINT).unwrap_or_default())
    }

    pub(super) fn of(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// How the kernel says that it went wrong since, in words.
    pub(crate) fn since(&self, after: &Self) -> Option<String> {
        if self == after {
            return None;
        }
        let new = after.bits() & !self.bits();
        let words: Vec<_> = WENT_WRONG.iter().filter(|(bit, _)| new & bit != 0).map(|(_, word)| *word).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn bits(&self) -> u64 {
        self.0.trim().parse().unwrap_or(0)
    }
}

/// The state of the worker's surroundings, as far as cases could change it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Surroundings {
    mounts: Vec<String>,
    devices: Vec<String>,
    names: (String, String),
}

impl Surroundings {
    /// As they are now.
    pub(crate) fn now() -> Self {
        let mounts = Mounts::own().map(|mounts| mounts.iter().map(Mount::to_string).collect());
        let devices = nix::net::if_::if_nameindex().map(|all| {
            all.iter().map(|device| format!("{} {}", device.index(), device.name().to_string_lossy())).collect()
        });
        let names = uname().map(|names| {
            (names.nodename().to_string_lossy().into_owned(), names.domainname().to_string_lossy().into_owned())
        });
        Self {
            mounts: mounts.unwrap_or_default(),
            devices: devices.unwrap_or_default(),
            names: names.unwrap_or_default(),
        }
    }

    /// What has changed since, in words.
    pub(crate) fn leaks(&self, after: &Self) -> Vec<String> {
        let mut leaks = Vec::new();
        for (what, before, after) in
            [("mounts", &self.mounts, &after.mounts), ("network devices", &self.devices, &after.devices)]
        {
            let more: Vec<_> = after.iter().filter(|one| !before.contains(one)).map(String::as_str).collect();
            let less: Vec<_> = before.iter().filter(|one| !after.contains(one)).map(String::as_str).collect();
            if !more.is_empty() {
                leaks.push(format!("{what} left behind: {}", more.join("; ")));
            }
            if !less.is_empty() {
                leaks.push(format!("{what} taken away: {}", less.join("; ")));
            }
        }
        if self.names != after.names {
            leaks.push(format!("host and domain name changed from {:?} to {:?}", self.names, after.names));
        }
        leaks
    }
}

/// Adds what the case left behind, which makes a case broken that found nothing against the kernel.
pub(crate) fn add(report: &mut Report, leaks: &[String]) {
    if leaks.is_empty() {
        return;
    }
    report.then(Found::Broken, &format!("the case left its stage: {}", leaks.join("; ")));
    report.traces = true;
}

/// Makes a report one of a crash when the kernel says that it went wrong. What the case found stays in the message.
pub(crate) fn blame(report: &mut Report, taint: Option<String>) {
    if let Some(taint) = taint {
        report.crashed(&format!("the kernel went wrong while the case ran: {taint}"));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn quiet() -> Surroundings {
        Surroundings {
            mounts: vec!["1 / proc".into()],
            devices: vec!["1 lo".into()],
            names: ("host".into(), "(none)".into()),
        }
    }

    #[test]
    fn nothing_changed_is_no_leak() {
        assert_eq!(quiet().leaks(&quiet()), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_leak_is_told() {
        let mut after = quiet();
        after.mounts.push("2 /tmp tmpfs".into());
        after.devices = vec!["2 veth0".into()];
        after.names.0 = "other".into();
        assert_eq!(
            quiet().leaks(&after),
            [
                "mounts left behind: 2 /tmp tmpfs",
                "network devices left behind: 2 veth0",
                "network devices taken away: 1 lo",
                "host and domain name changed from (\"host\", \"(none)\") to (\"other\", \"(none)\")",
            ]
        );
    }

    #[test]
    fn a_warning_of_the_kernel_is_told_and_an_unsigned_module_is_not() {
        let taint = |bits: &[u32]| Taint::of(format!("{}\n", bits.iter().map(|bit| 1u64 << bit).sum::<u64>()));
        assert_eq!(taint(&[12]).since(&taint(&[12])), None);
        assert_eq!(taint(&[12]).since(&taint(&[12, 13])), None);
        assert_eq!(taint(&[12]).since(&taint(&[12, 9, 13])).as_deref(), Some("warning (W)"));
        assert_eq!(taint(&[9]).since(&taint(&[9, 7])).as_deref(), Some("oops (D)"));
    }

    #[rstest]
    #[case::violated(
        Found::Violated,
        "wrong",
        Found::Violated,
        "wrong; then the case left its stage: mounts left behind: x"
    )]
    #[case::late(Found::TimedOut, "late", Found::TimedOut, "late; then the case left its stage: mounts left behind: x")]
    #[case::holds(Found::Holds, "", Found::Broken, "the case left its stage: mounts left behind: x")]
    #[case::unmet(
        Found::Unmet,
        "no veth",
        Found::Broken,
        "unmet: no veth; then the case left its stage: mounts left behind: x"
    )]
    #[case::broken(Found::Broken, "EPERM", Found::Broken, "EPERM; then the case left its stage: mounts left behind: x")]
    fn a_leak_replaces_nothing_that_speaks_against_the_kernel(
        #[case] found: Found,
        #[case] said: &str,
        #[case] verdict: Found,
        #[case] message: &str,
    ) {
        let mut report = Report::new(found, said);
        add(&mut report, &["mounts left behind: x".into()]);
        assert_eq!((report.verdict, report.message.as_str(), report.traces), (verdict, message, true));
    }

    #[test]
    fn a_kernel_that_went_wrong_keeps_what_was_found() {
        let mut report = Report::new(Found::Violated, "wrong answer");
        report.seen = Some("EINVAL".into());
        blame(&mut report, Some("warning (W)".into()));
        assert_eq!((report.verdict, report.seen.as_deref()), (Found::Crashed, Some("EINVAL")));
        assert_eq!(
            report.message,
            "the kernel went wrong while the case ran: warning (W) (the case said: violated: wrong answer)"
        );
    }
}
