//! What a new network namespace's device settings are copied from: net.core.devconf_inherit_init_net of
//! `Documentation/admin-guide/sysctl/net.rst`.

use kit::prelude::*;
use kit::sysctl::set_sysctl;

use super::networks::Network;
use super::settings::{alter_all, values, writable};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    device_settings_by_default_are_copied_for_ipv4_only,
    device_settings_can_be_the_initial_networks,
    device_settings_can_be_the_kernels_defaults,
    device_settings_can_be_the_creators,
    devconf_inherit_init_net_takes_four_values,
];

const SWITCH: &str = "net/core/devconf_inherit_init_net";

/// These are what the parameters of the ipv6 module say, always.
const FROM_THE_MODULE: [&str; 2] = ["ipv6/conf/default/autoconf", "ipv6/conf/default/disable_ipv6"];

/// Where settings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Kernel,
    Initial,
    Creator,
}

/// With devconf_inherit_init_net 0 the settings of ipv4/conf/all and default are copied from the initial network namespace,
/// those of ipv6/conf are defaults.
///
/// So ip_forward is 1 in a new network namespace if it is 1 in the initial one, whatever it is in the creator's.
#[claim(
    source = "Documentation/admin-guide/sysctl/net.rst",
    needs = [InitialNamespaces, Disposable, Root, Config("INET"), Config("IPV6")],
    deadline = 30,
)]
fn device_settings_by_default_are_copied_for_ipv4_only() -> Verdict {
    expect_copied(0, From::Initial, From::Kernel)
}

/// With devconf_inherit_init_net 1 the settings of ipv4/conf and ipv6/conf, all and default, are copied from the initial
/// network namespace.
///
/// But for autoconf and disable_ipv6 of ipv6/conf/default, which are what the parameters of the ipv6 module say.
#[claim(
    source = "Documentation/admin-guide/sysctl/net.rst",
    needs = [InitialNamespaces, Disposable, Root, Config("INET"), Config("IPV6")],
    erratum = "Documentation/admin-guide/sysctl/net.rst, devconf_inherit_init_net: all settings under conf are inherited.",
    deadline = 30,
)]
fn device_settings_can_be_the_initial_networks() -> Verdict {
    expect_copied(1, From::Initial, From::Initial)
}

/// With devconf_inherit_init_net 2 the settings of ipv4/conf and ipv6/conf, all and default, are the kernel's defaults.
#[claim(
    source = "Documentation/admin-guide/sysctl/net.rst",
    needs = [InitialNamespaces, Disposable, Root, Config("INET"), Config("IPV6")],
    deadline = 30,
)]
fn device_settings_can_be_the_kernels_defaults() -> Verdict {
    expect_copied(2, From::Kernel, From::Kernel)
}

/// With devconf_inherit_init_net 3 the settings of ipv4/conf and ipv6/conf, all and default, are copied from the network
/// namespace of the creating process.
///
/// But for autoconf and disable_ipv6 of ipv6/conf/default, which are what the parameters of the ipv6 module say.
#[claim(
    source = "Documentation/admin-guide/sysctl/net.rst",
    needs = [InitialNamespaces, Disposable, Root, Config("INET"), Config("IPV6")],
    erratum = "Documentation/admin-guide/sysctl/net.rst, devconf_inherit_init_net: all settings under conf are inherited.",
    deadline = 30,
)]
fn device_settings_can_be_the_creators() -> Verdict {
    expect_copied(3, From::Creator, From::Creator)
}

/// devconf_inherit_init_net can be set to 0, 1, 2 and 3; other values are refused with EINVAL.
#[claim(
    source = "Documentation/admin-guide/sysctl/net.rst",
    needs = [InitialNamespaces, Disposable, Root],
)]
fn devconf_inherit_init_net_takes_four_values() -> Verdict {
    for value in [1, 2, 3, 0] {
        expect_ok!(set_sysctl(SWITCH, value), "{value}");
    }
    for value in [-1, 4, 100] {
        expect_errno!(set_sysctl(SWITCH, value), EINVAL, "{value}");
    }
    holds()
}

/// With the switch at this value settings come from there in namespaces made from one that differs from the initial one.
fn expect_copied(switch: u32, v4: From, v6: From) -> Verdict {
    set_sysctl(SWITCH, 2).doing(format!("set {SWITCH}"))?;
    let creator = Network::new()?;
    for (family, from) in [("ipv4", v4), ("ipv6", v6)] {
        let folders = [format!("{family}/conf/all"), format!("{family}/conf/default")];
        let names = creator.inside(|| writable(&folders.each_ref().map(String::as_str)))?;
        // A secret that was never set cannot be read, and cannot be set for all devices.
        let names: Vec<_> = names.into_iter().filter(|name| !name.ends_with("/stable_secret")).collect();
        set_sysctl(SWITCH, 2).doing(format!("set {SWITCH}"))?;
        let fresh = || Network::new()?.inside(|| Ok(values(&names)));
        let (defaults, initial) = (fresh()?, values(&names));
        alter_all(&names, &initial)?;
        let initial = values(&names);
        // Once more, so that what has more than two values is something else again.
        let creators = creator.inside(|| {
            alter_all(&names, &defaults)?;
            alter_all(&names, &initial)?;
            Ok(values(&names))
        })?;
        set_sysctl(SWITCH, switch).doing(format!("set {SWITCH}"))?;
        let expected = match from {
            From::Kernel => &defaults,
            From::Initial => &initial,
            From::Creator => &creators,
        };
        let seen = creator.inside(fresh)?;
        for (number, name) in names.iter().enumerate() {
            let expected = if FROM_THE_MODULE.contains(&name.as_str()) { &defaults } else { expected };
            expect_eq!(seen[number], expected[number], "{name}, which is to come from: {from:?}");
        }
        expect!(
            [&defaults, &initial, &creators].iter().filter(|values| **values == expected).count() == 1,
            "the three differ"
        );
    }
    holds()
}
