"""Lets one judge try the sandbox where nothing can leave, and writes down what came of it.

Usage: unshare --map-root-user --net --mount arena.py ORDER RESULT

ORDER is what `run` wrote: the judge, its command and the sandbox's. The judge finds `SANDBOX_URL`, `SANDBOX_TOKEN`, the
calls to make in the file `JUDGE_CALLS` and a folder of its own as working directory. It writes findings and figures, as
`{"findings": [text], "figures": {name: value}}`, into the file `JUDGE_REPORT`. A finding is a violation of a promise;
a judge that ends with another code than 0 has not judged.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import calls
import control
from watch import Watch

START_SECONDS = 30


class Sandbox:
    """The program, in a process group of its own."""

    def __init__(self, command, log):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True, env=environment()
        )
        lines = queue.Queue()

        # Reads to the end, so that no full pipe disturbs the server.
        def read():
            for line in self.process.stdout:
                lines.put(line)
                log.write(line)
                log.flush()
            lines.put("")

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        self.url = self.said(lines, "listening on ")
        self.certificate = self.said(lines, "certificate ") if self.url.startswith("https:") else None

    def said(self, lines, start):
        """What the next line says after its start."""
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = ""
        if not line.startswith(start):
            self.stop()
            raise SystemExit(f"the sandbox did not start; instead of {start!r} it said {line!r}")
        return line.strip().removeprefix(start)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.reader.join()


def environment(**more):
    """What a program needs of the surroundings: no proxies, no tokens, no settings of the caller."""
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **more}


def printed(log):
    """How many requests the sandbox has printed a line for; its own log starts over when a judge resets it."""
    return sum(line[:1].isdigit() for line in Path(log).read_text(encoding="utf-8").splitlines())


def version(entry):
    return entry["path"].split("/")[1]


def uncovered(wanted, log):
    """The operations that were never answered with a success, in a version that has them."""
    succeeded = {(entry["operation"], version(entry)) for entry in log if entry["status"] and entry["status"] < 300}
    return sorted({(call["operation"], call["version"]) for call in wanted} - succeeded)


def judge(order, folder, url, wanted):
    """Runs the judge; returns its report and how it ended."""
    calls_file, report_file = Path(folder, "calls.json"), Path(folder, "report.json")
    calls_file.write_text(json.dumps(wanted), encoding="utf-8")
    surroundings = environment(
        HOME=folder,
        SANDBOX_URL=url,
        SANDBOX_TOKEN=calls.TOKEN,
        JUDGE_CALLS=str(calls_file),
        JUDGE_REPORT=str(report_file),
        SPECIFICATION=order["specification"],
        PYTHONPATH=str(Path(__file__).parent),
        **order["environment"],
    )
    with open(order["output"], "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            order["command"],
            cwd=folder,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            ended = process.wait(timeout=order["timeout"])
        except subprocess.TimeoutExpired:
            ended = f"not within {order['timeout']} s"
        finally:
            # Also what the judge itself started and left behind.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
    report = {"findings": [], "figures": {}}
    if report_file.exists():
        report |= json.loads(report_file.read_text(encoding="utf-8"))
    return report, ended


def run(order, folder):
    watch = Watch(folder)
    with open(order["log"], "w", encoding="utf-8") as log:
        sandbox = Sandbox(order["sandbox"], log)
        if sandbox.certificate:
            # For this program, and where clients of OpenSSL and of Node look for what they trust.
            for name in ("SANDBOX_CERTIFICATE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
                os.environ[name] = sandbox.certificate
                order["environment"][name] = sandbox.certificate
        try:
            wanted = []
            if order["staged"]:
                wanted = calls.calls(calls.Specification(order["specification"]), calls.stage(sandbox.url))
            before = len(control.log(sandbox.url))
            started = time.monotonic()
            report, ended = judge(order, folder, sandbox.url, wanted)
            seconds = time.monotonic() - started
            seen = control.log(sandbox.url)[before:]
        finally:
            sandbox.stop()
    findings = report["findings"]
    if order["covers"] == "all":
        findings += [f"no success: {operation} in {version}" for operation, version in uncovered(wanted, seen)]
    attempts = watch.attempts()
    if order["leaves"]:
        missing = [text for text in order["leaves"] if not any(text in attempt for attempt in attempts)]
        findings += [f"not noticed leaving: {text}" for text in missing]
    else:
        findings += [f"tried to leave: {attempt}" for attempt in attempts]
    figures = {
        "requests": printed(order["log"]) - before,
        "operations": len({entry["operation"] for entry in seen if entry["operation"]}),
        **report["figures"],
        "attempts to leave": len(attempts),
    }
    return {"ended": ended, "findings": findings, "figures": figures, "seconds": round(seconds, 1)}


def main(order_file, result_file):
    order = json.loads(Path(order_file).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="judge-") as folder:
        result = run(order, folder)
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
