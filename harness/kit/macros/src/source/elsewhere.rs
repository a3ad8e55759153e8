//! What can be cited besides manual pages and the kernel's tree.

/// A document that stands for itself.
pub(super) struct Document {
    pub(super) title: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// Where it can be read, if that is known.
    pub(super) link: Option<&'static str>,
}

/// The documents that the project began with.
pub(super) const DOCUMENTS: &[Document] = &[
    Document { title: "Linux Namespaces", about: "notes", link: None },
    Document {
        title: "namespaces-fun",
        about: "a cheat sheet of commands",
        link: Some("https://github.com/hed0rah/namespaces-fun"),
    },
    Document { title: "Linux_name_space", about: "a walk with lsns, veth, bridge, macvlan", link: None },
    Document {
        title: "Few notes about network namespaces in Linux",
        about: "a blog article of 2016 on network namespaces",
        link: Some("https://sgros.blogspot.com/2016/02/few-notes-about-network-namespaces-in.html"),
    },
    Document { title: "What's in a name(space)?", about: "the talk", link: None },
];

/// Projects whose users report what kernels do to them, and where on GitHub they are.
pub(super) const TRACKERS: &[(&str, &str)] = &[
    ("bubblewrap", "containers/bubblewrap"),
    ("buildah", "containers/buildah"),
    ("containerd", "containerd/containerd"),
    ("criu", "checkpoint-restore/criu"),
    ("crun", "containers/crun"),
    ("dbus-broker", "bus1/dbus-broker"),
    ("flatpak", "flatpak/flatpak"),
    ("gvisor", "google/gvisor"),
    ("incus", "lxc/incus"),
    ("kubernetes", "kubernetes/kubernetes"),
    ("lxc", "lxc/lxc"),
    ("moby", "moby/moby"),
    ("nix", "NixOS/nix"),
    ("podman", "containers/podman"),
    ("rr", "rr-debugger/rr"),
    ("runc", "opencontainers/runc"),
    ("shadow", "shadow-maint/shadow"),
    ("singularity", "apptainer/singularity"),
    ("systemd", "systemd/systemd"),
    ("util-linux", "util-linux/util-linux"),
];
