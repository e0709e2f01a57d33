"""Which judges there are, what each needs and what it has to show."""

from dataclasses import dataclass, field

SANDBOX = ("--token", "rehearsal")


@dataclass(frozen=True)
class Judge:
    name: str
    # What it does, in a few words.
    does: str
    # Where `{python}` is the interpreter of its own environment, `{node}` the folder with its packages.
    command: tuple
    # The lists of packages to install, below this folder; None for no environment of that kind.
    python: str | None = None
    node: str | None = None
    # Packages of this project whose programs it needs, as `{target}/debug/…`.
    builds: tuple = ()
    # Programs that have to be there.
    programs: tuple = ()
    sandbox: tuple = SANDBOX
    # Whether what the examples of the specification name has to exist.
    staged: bool = True
    # "all" if every operation has to succeed in each of its versions.
    covers: str = "all"
    # What has to be noticed leaving; nothing may leave where this is empty.
    leaves: tuple = ()
    timeout: int = 600
    # Whether it runs with every change.
    cheap: bool = False
    environment: dict = field(default_factory=dict)


JUDGES = [
    Judge(
        "watch",
        "programs that are pointed at graph.microsoft.com are noticed",
        ("{python}", "{judges}/watch_check.py"),
        covers="none",
        leaves=("graph.microsoft.com", "connections to addresses elsewhere"),
        cheap=True,
    ),
    Judge(
        "curl",
        "curl alone follows lists and their next links, and does what the README says",
        ("bash", "{judges}/curl/judge.sh"),
        programs=("curl",),
        covers="none",
        cheap=True,
    ),
    Judge(
        "openapi-generator",
        "its Python client makes every call",
        ("{python}", "{judges}/openapi_generator/judge.py"),
        python="openapi_generator/requirements.txt",
        programs=("java",),
        cheap=True,
    ),
    Judge(
        "openapi-generator-bent",
        "its client is noticed when paths have servers of their own",
        ("{python}", "{judges}/openapi_generator/judge.py", "--bent"),
        python="openapi_generator/requirements.txt",
        programs=("java",),
        covers="none",
        leaves=("graph.microsoft.com",),
    ),
    Judge(
        "openapi-generator-languages",
        "its clients for C#, Go and Java have one server",
        ("{python}", "{judges}/openapi_generator/languages.py"),
        python="openapi_generator/requirements.txt",
        programs=("java",),
        covers="none",
    ),
    Judge(
        "openapi-python-client",
        "its client makes every call",
        ("{python}", "{judges}/openapi_python_client/judge.py"),
        python="openapi_python_client/requirements.txt",
        cheap=True,
    ),
    Judge(
        "python-sdk",
        "Microsoft's SDK for Python walks every operation, pages and $batch",
        ("{python}", "{judges}/python_sdk/walk.py"),
        python="python_sdk/requirements.txt",
    ),
    Judge(
        "python-sdk-lost-cancel",
        "Microsoft's SDK for Python reports 409 for a cancellation that took effect behind a 504",
        ("{python}", "{judges}/python_sdk/lost_cancel.py"),
        python="python_sdk/requirements.txt",
        covers="none",
    ),
    Judge(
        "javascript-sdk",
        "Microsoft's classic SDK for JavaScript walks every operation, pages and $batch over TLS",
        ("node", "{judges}/javascript_sdk/walk.mjs"),
        node="javascript_sdk",
        sandbox=(*SANDBOX, "--tls"),
        environment={"NODE_PACKAGES": "{node}"},
        cheap=True,
    ),
    Judge(
        "javascript-sdk-lost-cancel",
        "Microsoft's classic SDK for JavaScript reports 409 for a cancellation that took effect behind a 504",
        ("node", "{judges}/javascript_sdk/lost_cancel.mjs"),
        node="javascript_sdk",
        sandbox=(*SANDBOX, "--tls"),
        covers="none",
        environment={"NODE_PACKAGES": "{node}"},
        cheap=True,
    ),
    Judge(
        "schemathesis",
        "Schemathesis with every check, both versions, three seeds",
        ("{python}", "{judges}/schemathesis/judge.py", "1", "20261121", "987654321"),
        python="schemathesis/requirements.txt",
        sandbox=(*SANDBOX, "--demo"),
        covers="none",
        timeout=3600,
        environment={"EXAMPLES": "60"},
    ),
    Judge(
        "schemathesis-once",
        "Schemathesis with every check, both versions, one seed and few cases",
        ("{python}", "{judges}/schemathesis/judge.py", "20261120"),
        python="schemathesis/requirements.txt",
        sandbox=(*SANDBOX, "--demo"),
        covers="none",
        environment={"EXAMPLES": "5"},
        cheap=True,
    ),
    Judge(
        "prism",
        "Prism as a validating proxy objects to no request and no answer",
        ("{python}", "{judges}/prism/judge.py"),
        node="../../openapi/lint",
        sandbox=(*SANDBOX, "--demo"),
        cheap=True,
    ),
    Judge(
        "probe",
        "xtmig probe, with Prism serving the specification, finds nothing but what a server without state is like",
        ("{python}", "{judges}/probe/judge.py", "{target}/debug/xtmig"),
        node="../../openapi/lint",
        builds=("xtmig",),
        staged=False,
        covers="none",
    ),
    Judge(
        "page",
        "the page at /_sandbox/ in headless Chromium, with mouse and keyboard; screenshots in target/page",
        ("node", "{judges}/page/page.mjs"),
        node="page",
        programs=("chromium",),
        sandbox=("--demo",),
        staged=False,
        covers="none",
        environment={"NODE_PACKAGES": "{node}", "CHROMIUM": "{chromium}", "SCREENSHOTS": "{target}/page"},
    ),
]
