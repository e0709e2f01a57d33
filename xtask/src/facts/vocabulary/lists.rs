//! Which words say nothing, which mean the same, and which weigh more than others.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::root;

pub(super) static EMPTY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "a an the and or of in on to into for from by with at as is are was were be been being am it its this that \
     these those there which who whom whose what where how when while if whether then than so such do does \
     did done doing has have had having will would shall can could may might i you your we our us they them their \
     he she his her also too very just well here thus hence please note following follow example e.g i.e etc via \
     about above below within across through over under between upon per-se both either one ones own same simply \
     currently already given called named known using used use uses based case cases way order respectively \
     particular specific specified corresponding appropriate relevant applicable possible \
     provided additionally furthermore moreover however therefore although though because since s t object objects \
     entity resource response responses code body method function action operation call api"
        .split_whitespace()
        .collect()
});

pub(super) static SYNONYMS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let groups = [
        (
            "not",
            "no none neither nor without unable non wrong invalid incorrect illegal impossible",
        ),
        (
            "must",
            "required requires require mandatory necessary needs need obliged requir",
        ),
        (
            "give",
            "supply provide specify include pass send supplies provides includes contain contains specifies",
        ),
        (
            "stop",
            "halt halts cease ceases end ends ended terminate terminates abort aborts stopped",
        ),
        (
            "start",
            "begin begins began initiate initiates commence commences launch launches started",
        ),
        (
            "continue",
            "proceed proceeds resume resumes continues continuing",
        ),
        (
            "delete",
            "remove removes removed removal deletes deleted deletion erase",
        ),
        (
            "finish",
            "complete completes completed completion finishes finished finaliz",
        ),
        ("fail", "fails failed failure unsuccessful unsuccessfully"),
        (
            "succeed",
            "succeeds succeeded success successful successfully",
        ),
        (
            "return",
            "returns returned answers answer respond responds get gets yield yields",
        ),
        (
            "allow",
            "allows allowed permit permits permitted enable enables enabled let lets supported support supports",
        ),
        (
            "forbid",
            "forbids forbidden prohibit prohibits prohibited disallow disallowed disable disables disabled unsupported prevent prevents",
        ),
        ("immediately", "instantly once right-away"),
        ("identifier", "id ids identifiers"),
        ("email", "mail e-mail emails"),
        ("final", "terminal"),
        ("administrator", "admin admins administrators"),
        ("maximum", "max upper most limit limits limited exceed"),
        ("minimum", "min lower least"),
        ("optional", "optionally"),
        (
            "show",
            "shows shown describe describes described represent represents indicate indicates",
        ),
        ("retrieve", "read reads fetch fetches obtain obtains"),
        (
            "modify",
            "change changes changed update updates updated alter alters",
        ),
        ("create", "creates created add adds added"),
        ("before", "prior until"),
        (
            "deprecated",
            "deprecation deprecate deprecates obsolete deprecat",
        ),
        (
            "retired",
            "retire retires retirement sunset decommissioned retir",
        ),
        (
            "replaced",
            "replace replacement replaces superseded instead replac",
        ),
        ("read-only", "readonly"),
        ("nullable", "null"),
        ("error", "errors"),
        ("person", "people someone somebody"),
        ("all", "every each any"),
        ("some", "few certain"),
        ("multiple", "several many various"),
        (
            "migrate",
            "move moves moved moving transfer transfers transferred",
        ),
        ("details", "information info detail"),
        (
            "perform",
            "performs performed run runs running execute executes executed carry",
        ),
        (
            "verify",
            "check checks checked verifies verified confirm confirms ensure ensures",
        ),
        ("related", "associated linked connected"),
        ("status", "state states statuses"),
        ("available", "existing present"),
    ];
    let mut map = HashMap::new();
    for (canonical, words) in groups {
        for word in words.split_whitespace() {
            map.insert(word, canonical);
        }
    }
    map
});

pub(super) const ENDING_WORDS: &str = "deprecated retired longer replaced preview irreversible irrevocable permanent undone lost forever";

pub(super) const POLAR_WORDS: &str = "not must only except unless never always optional nullable unique default yes ignored \
     read-only should business consecutive empty exactly twice asynchronous synchronous partial repeated reject excluded omit skip hidden inherit";

pub(super) const KIND_WORDS: &str = "stop start continue delete finish fail succeed allow forbid accept reject pause keep create \
     modify retrieve before after source target first last oldest newest latest earliest recent ascending \
     descending maximum minimum more less fewer greater smaller shorter true false immediately later earlier \
     asynchronously synchronously delegated application personal work school global local user group site tenant \
     mailbox job task batch organization administrator role device team channel account guest member owner caller \
     client server service second minute hour day week month year byte character kb mb gb tb internal external \
     public private active inactive old current previous next append overwrite merge increase decrease open \
     closed string integer boolean number date time url name email header parameter query path page prerequisite \
     temporary automatic automatically manual initial final exist past future identifier guid upn available";

fn roots(words: &str) -> HashSet<String> {
    words.split_whitespace().map(root).collect()
}

pub(super) static ENDING: LazyLock<HashSet<String>> = LazyLock::new(|| roots(ENDING_WORDS));
pub(super) static POLAR: LazyLock<HashSet<String>> = LazyLock::new(|| roots(POLAR_WORDS));
pub(super) static KIND: LazyLock<HashSet<String>> = LazyLock::new(|| roots(KIND_WORDS));

/// The companies that examples are about.
pub(super) const COMPANIES: [&str; 9] = [
    "contoso",
    "fabrikam",
    "fabrico",
    "northwind",
    "litware",
    "adatum",
    "tailspin",
    "proseware",
    "woodgrove",
];
