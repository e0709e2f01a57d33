"""Puts Prism as a validating proxy in front of the sandbox: it may object to no request and to no answer.

Beside every call of the specification it sees refusals: of an unknown job, of a job in the wrong status, of a name that
is taken, and the statuses that faults bring. And it has to object where something is wrong.
"""

import http.client
import json

import control
import report as judging
from prism_process import Prism

ANSWER_SECONDS = 30
# A status in which the operation is refused.
WRONG_STATUS = {
    "validateJob": "inProgress",
    "migrateJob": "submitted",
    "deleteJob": "inProgress",
    "cancelJob": "completed",
}
JOBS = "/solutions/migrations/crossTenantMigrationJobs"


class Proxy(Prism):
    """The proxy for one version."""

    def __init__(self, version):
        super().__init__("proxy", judging.SPECIFICATION, f"{judging.URL}/{version}")

    def send(self, method, target, headers, body):
        """Status and what Prism objects to."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            if body is not None:
                body, headers = json.dumps(body), {**headers, "Content-Type": "application/json"}
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(answer.getheader("sl-violations") or "[]")


def sent(prism, call, authorization=f"Bearer {judging.TOKEN}"):
    headers = {p["name"]: p["value"] for p in call["parameters"] if p["in"] == "header"}
    headers |= {"Authorization": authorization} if authorization else {}
    return prism.send(call["method"], call["target"], headers, call["body"])


def judge(report, prism, what, call, wanted):
    """Sends a call; the answer has to have a status, and Prism nothing to object to."""
    status, violations = sent(prism, call)
    if status not in wanted:
        report.findings.append(f"{what}: status {status}, expected {wanted}")
    for violation in violations:
        place = "/".join(map(str, violation.get("location", [])))
        report.findings.append(f"{what}: {status} {place}: {violation.get('message')}")
    report.count("violations", len(violations))
    report.count("calls")


def refusals(report, prism, version):
    """The refusals of each operation."""
    by_name = {call["operation"]: call for call in judging.calls(version)}
    for name, call in by_name.items():
        for kind, status in (("throttle", 429), ("serviceUnavailable", 503), ("internalServerError", 500)):
            rule = {"operation": name, "count": 1, "fault": {"kind": kind}}
            control.send(f"{judging.URL}/_sandbox/faults", "PUT", [rule])
            judge(report, prism, f"{name} in {version} with the fault {kind}", call, [status])
        job = next((p["value"] for p in call["parameters"] if p["name"] == "crossTenantMigrationJobId"), None)
        if job is not None:
            unknown = {**call, "target": call["target"].replace(job, "nobody-knows-it")}
            judge(report, prism, f"{name} in {version} of an unknown job", unknown, [404])
    control.send(f"{judging.URL}/_sandbox/faults", "PUT", [])
    judge(report, prism, f"createJob in {version} with a name that is taken", by_name["createJob"], [422])
    for name, status in WRONG_STATUS.items():
        call = by_name[name]
        job = next(p["value"] for p in call["parameters"] if p["name"] == "crossTenantMigrationJobId")
        control.send(f"{judging.URL}/_sandbox/jobs/{job}/status", "PUT", {"status": status})
        judge(report, prism, f"{name} in {version} when {status}", call, [409])


def lists(report, prism, version):
    """Pages in the middle, at the end, and with every status that a job has."""
    call = next(call for call in judging.calls(version) if call["operation"] == "listJobs")
    for query in ("", "?$top=5", "?$top=5&$count=true", "?$orderby=displayName"):
        judge(report, prism, f"listJobs{query} in {version}", {**call, "target": JOBS + query}, [200])


def objections(report, prism, version):
    """What Prism has to object to, so that its silence elsewhere means something."""
    by_name = {call["operation"]: call for call in judging.calls(version)}

    def put(what, body):
        control.send(f"{judging.URL}/_sandbox/{what}", "PUT", body)

    put("settings", {"capitalisedStatuses": True})
    cases = {"a status that is not described": sent(prism, by_name["getJob"])}
    put("settings", {"capitalisedStatuses": False})
    put("faults", [{"operation": "getJob", "count": 1, "fault": {"kind": "badGateway"}}])
    cases["an answer in HTML"] = sent(prism, by_name["getJob"])
    put("faults", [])
    cases["a request without a token"] = sent(prism, by_name["getJob"], authorization=None)
    cases["a body without what is required"] = sent(prism, {**by_name["createJob"], "body": {}})
    cases["a page of no size"] = sent(prism, {**by_name["listJobs"], "target": f"{JOBS}?$top=0"})
    for what, (status, violations) in cases.items():
        if not violations:
            report.findings.append(f"{what} in {version}: {status}, and Prism has nothing to object")
        report.count("objections where they belong", bool(violations))


def main():
    with judging.Report() as report:
        report.count("violations", 0)
        for version in judging.versions():
            with Proxy(version) as prism:
                for call in judging.calls(version):
                    control.prepare(judging.URL, call)
                    judge(report, prism, f"{call['operation']} in {version}", call, range(200, 300))
                lists(report, prism, version)
                refusals(report, prism, version)
                objections(report, prism, version)


if __name__ == "__main__":
    main()
