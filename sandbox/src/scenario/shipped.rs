//! The scenarios that come with the sandbox.

/// A scenario by the name of its file.
pub(crate) struct Shipped {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        /// Every scenario that comes with the sandbox.
        pub(crate) const ALL: &[Shipped] = &[
            $(Shipped {
                name: $name,
                text: include_str!(concat!("../../scenarios/", $name, ".toml")),
            }),+
        ];
    };
}

shipped![
    "friday-night",
    "late-cancel",
    "lost-answers",
    "stalled-approval",
    "token-expiry",
    "bad-identities",
    "service-trouble",
];

/// The scenario with a name.
pub(crate) fn find(name: &str) -> Option<&'static Shipped> {
    ALL.iter().find(|one| one.name == name)
}
