"""Runs Schemathesis with the specification and every check that it has: both versions, several seeds, bounded.

Usage: judge.py SEED…; with `EXAMPLES` cases for each operation. A finding is a kind of failure: what Schemathesis
calls it, the operation, and the sandbox's answer without the values in it.
"""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import calls
import control
import report as judging

# It has nothing to say about answers; it asks for a second user, whom this API does not have.
WITHOUT = ("object_level_authorization",)


# Its order of requests is its own, so it may never meet the one status in which these are allowed; other judges do.
NEEDS_A_STATUS = {"cancelUser", "deleteJob", "migrateJob", "validateJob"}


def message(response):
    """The sandbox's own words, without the values in them."""
    try:
        text = json.loads(decoded(response["content"]))["error"]["message"]
    except (KeyError, TypeError, ValueError):
        return "an answer that is no error of Graph"
    return re.sub(r"'.*'|position \d+", "…", text)


def decoded(content):
    return base64.b64decode(content["$base64"]).decode("utf-8", "replace") if content else ""


def failures(file):
    """The kinds of failure of a run, each with the request that was first to meet it."""
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario is None:
            continue
        recorder = scenario["recorder"]
        for case, checks in recorder["checks"].items():
            for check in (check for check in checks if check["status"] != "success"):
                failure = check["failure_info"]["failure"]
                request, response = (recorder["interactions"][case][part] for part in ("request", "response"))
                # The last line says which part of a request is meant.
                detail = failure["message"].splitlines()[-1] if failure["code"] == "ST201" else ""
                status = response["status_code"] if response else "no answer"
                words = message(response) if response and response["status_code"] >= 400 else ""
                text = " ".join(filter(None, (failure["title"], failure["operation"], str(status), words, detail)))
                found.setdefault(text, f"{request['method']} {request['uri']} {decoded(request.get('body'))}")
    return found


def run(report, version, seed, examples):
    control.send(f"{judging.URL}/_sandbox/reset", "POST")
    calls.stage(judging.URL)
    events = Path(f"{version}-{seed}.ndjson")
    command = ["st", "run", judging.SPECIFICATION, "--url", f"{judging.URL}/{version}"]
    command += ["--header", f"Authorization: Bearer {judging.TOKEN}", "--seed", str(seed)]
    # One worker: several share caches of data generation that are not made for it.
    command += ["--workers", "1", "--continue-on-failure", "--warnings", "off"]
    command += ["--max-examples", str(examples), "--phases", "examples,coverage,fuzzing"]
    command += ["--checks", "all", "--exclude-checks", ",".join(WITHOUT)]
    command += ["--report", "ndjson", "--report-ndjson-path", str(events)]
    if version == "v1.0":
        command += ["--include-tag", "jobs"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode not in (0, 1) or not events.exists():
        sys.exit(f"Schemathesis did not run:\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}")
    found = failures(events)
    if ended.returncode == 1 and not found:
        sys.exit(f"Schemathesis failed without a failure:\n{ended.stdout[-3000:]}")
    report.findings += [finding for finding in found if finding not in report.findings]
    # Schemathesis says itself how many cases it made.
    generated = re.search(r"([\d,]+) generated", ended.stdout)
    report.count("cases", int(generated[1].replace(",", "")) if generated else 0)
    report.count("runs")
    print(f"{version} {seed}: {len(found)} kinds of failure\n{ended.stdout[-1500:]}")
    for finding, request in found.items():
        print(f"{finding}\n    {request}")


def main(seeds):
    examples = int(os.environ["EXAMPLES"])
    with judging.Report() as report:
        for version in judging.versions():
            succeeded = set()
            for seed in seeds:
                run(report, version, seed, examples)
                succeeded |= {
                    entry["operation"] for entry in control.log(judging.URL) if (entry["status"] or 500) < 300
                }
            # A run that only met refusals would have checked little.
            wanted = {call["operation"] for call in judging.calls(version)} - NEEDS_A_STATUS
            report.findings += [f"no success: {operation} in {version}" for operation in sorted(wanted - succeeded)]


if __name__ == "__main__":
    main(sys.argv[1:])
