"""What judges written in Python share: where the sandbox is, the calls to make, and the report to write."""

import contextlib
import json
import os
from pathlib import Path

import control

URL = os.environ["SANDBOX_URL"]
TOKEN = os.environ["SANDBOX_TOKEN"]
CALLS = json.loads(Path(os.environ["JUDGE_CALLS"]).read_text(encoding="utf-8"))
SPECIFICATION = os.environ["SPECIFICATION"]


def versions():
    """The versions of the API, those with more operations last."""
    return sorted({call["version"] for call in CALLS}, key=lambda name: sum(call["version"] == name for call in CALLS))


class Report:
    """Findings and figures; written when the block ends, also when it ends with an exception."""

    def __init__(self):
        self.findings, self.figures = [], {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        text = json.dumps({"findings": self.findings, "figures": self.figures})
        Path(os.environ["JUDGE_REPORT"]).write_text(text, encoding="utf-8")

    def expect(self, what, found, wanted):
        """Notes a finding unless two values are the same."""
        if found != wanted:
            self.findings.append(f"{what}: expected {wanted!r}, found {found!r}")

    def count(self, name, by=1):
        self.figures[name] = self.figures.get(name, 0) + by


@contextlib.contextmanager
def judged(report, call):
    """Holds the sending of a call against its promise: what is sent within arrives as the operation that was meant, and
    nothing else does, and the client can read the answer, a success."""
    control.prepare(URL, call)
    before = control.send(f"{URL}/_sandbox/requests", "GET")["total"]
    what = f"{call['operation']} in {call['version']}"
    try:
        yield
    except Exception as error:  # Whatever the client makes of the answer is what is judged here.
        report.findings.append(f"{what}: {type(error).__name__}: {' '.join(str(error).split())[:400]}")
    arrived = [(entry["operation"], entry["path"].split("/")[1]) for entry in control.log(URL, before)]
    report.expect(f"{what}: arrived as", arrived, [(call["operation"], call["version"])])
    report.count("calls")


def calls(version):
    return [call for call in CALLS if call["version"] == version]
