//! Clocks of processes that join a time namespace: `setns(2)`, `time_namespaces(7)`.

use kit::Links;
use kit::prelude::*;
use nix::time::ClockId;

use super::clock::Way;
use super::offsets::{BOOTTIME, BOTH, MONOTONIC, SECOND, inside, maker};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_shifts_clocks_there_and_back,
    setns_joins_what_time_for_children_leads_to,
    setns_takes_no_other_kinds_flag_for_a_time_namespace,
    setns_between_shifted_time_namespaces,
];

const SHIFTED: [ClockId; 4] =
    [ClockId::CLOCK_MONOTONIC, ClockId::CLOCK_MONOTONIC_COARSE, ClockId::CLOCK_MONOTONIC_RAW, ClockId::CLOCK_BOOTTIME];

/// setns() to a time namespace shifts the caller's clocks and those of its children at once; another setns() back does so
/// too.
///
/// By the vDSO, which the caller has used before, and by the system call; as often as it is done.
#[claim(
    source = ["setns(2) Details for specific namespace types", "time_namespaces(7) DESCRIPTION"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_shifts_clocks_there_and_back() -> Verdict {
    user_namespace(NONE, || {
        let namespace = for_children(&maker(BOTH)?)?;
        // Home is one of our user namespace, too: else it could not be joined.
        inside("", || {
            let home = Namespace::own(Kind::Time)?;
            expect_ahead(false, "before")?;
            for _ in 0..3 {
                expect_ok!(setns(&namespace, CLONE_NEWTIME), "there");
                expect_ahead(true, "the joiner's")?;
                child(NONE, || expect_ahead(true, "its child's"))?;
                expect_ok!(setns(&home, CLONE_NEWTIME), "back");
                expect_ahead(false, "back home")?;
                child(NONE, || expect_ahead(false, "its child's, back home"))?;
            }
            holds()
        })
    })
}

/// setns() on the file behind time_for_children joins the namespace of the children; on the one behind time, the process's
/// own.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "setns(2) DESCRIPTION"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_joins_what_time_for_children_leads_to() -> Verdict {
    user_namespace(NONE, || {
        // Where the maker is belongs to our user namespace, too: else it could not be joined.
        inside("", || {
            let process = maker(BOTH)?;
            let links = Links::of(process.pid())?;
            let text = link_text(format!("/proc/{}/ns/time_for_children", process.pid()))?;
            expect!(text.starts_with("time:["), "the link's text: {text}");
            for (link, is_ahead) in [("time", false), ("time_for_children", true)] {
                let namespace = Namespace::at(format!("/proc/{}/ns/{link}", process.pid()))?;
                child(NONE, || {
                    expect_ok!(setns(&namespace, CLONE_NEWTIME), "{link}");
                    expect_eq!(Links::own()?.get("time")?, links.get(link)?, "{link}");
                    expect_ahead(is_ahead, link)
                })?;
            }
            holds()
        })
    })
}

/// On a time namespace setns() accepts CLONE_NEWTIME and no flag; each other kind's flag fails with EINVAL.
#[claim(source = "setns(2) ERRORS", needs = [UserNamespaces, Config("TIME_NS")])]
fn setns_takes_no_other_kinds_flag_for_a_time_namespace() -> Verdict {
    user_namespace(NONE, || {
        let (namespace, before) = (for_children(&maker(BOTH)?)?, Links::own()?);
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Time) {
            expect_errno!(setns(&namespace, kind.flag()), EINVAL, "{kind}");
            expect_errno!(setns(&namespace, kind.flag() | CLONE_NEWTIME), EINVAL, "{kind} and time");
        }
        expect_eq!(Links::own()?, before);
        for flags in [CLONE_NEWTIME, NONE] {
            child(NONE, || {
                expect_ok!(setns(&namespace, flags), "{flags:?}");
                expect_ahead(true, "the joiner's")
            })?;
        }
        holds()
    })
}

/// A process that goes from one time namespace with offsets to another has the clocks of the second, not of both.
#[claim(source = "time_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("TIME_NS")])]
fn setns_between_shifted_time_namespaces() -> Verdict {
    user_namespace(NONE, || {
        let makers = [maker("monotonic 10000000 0")?, maker("monotonic 30000000 0")?, maker("monotonic 20000000 0")?];
        let start = Way::Call.read(ClockId::CLOCK_MONOTONIC)?;
        for (maker, seconds) in makers.iter().zip([MONOTONIC, 3 * MONOTONIC, 2 * MONOTONIC]) {
            expect_ok!(setns(for_children(maker)?, CLONE_NEWTIME), "{seconds} s ahead");
            for way in Way::BOTH {
                let apart = way.read(ClockId::CLOCK_MONOTONIC)? - start;
                let range = seconds * SECOND..(seconds + MONOTONIC / 2) * SECOND;
                expect!(range.contains(&apart), "{way:?}: {apart} ns since the start, {seconds} s ahead");
            }
        }
        holds()
    })
}

/// The namespace of a process's children.
fn for_children(process: &Child<()>) -> Outcome<Namespace> {
    Namespace::at(format!("/proc/{}/ns/time_for_children", process.pid()))
}

/// Whether the calling process's clocks are ahead, all by their offset.
fn expect_ahead(are_ahead: bool, whose: &str) -> Outcome<()> {
    for (clock, way) in SHIFTED.into_iter().flat_map(|clock| Way::BOTH.map(|way| (clock, way))) {
        let offset = if clock == ClockId::CLOCK_BOOTTIME { BOOTTIME } else { MONOTONIC } * SECOND;
        let now = way.read(clock)?;
        expect_eq!(now >= offset, are_ahead, "{clock:?} by {way:?}, {whose}: {now}");
    }
    Ok(())
}
