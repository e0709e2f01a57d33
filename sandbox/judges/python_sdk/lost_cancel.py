"""What Microsoft's SDK for Python tells its caller when the answer to a cancellation is lost though it took effect.

After a 504 the SDK repeats the request by itself. The job is being cancelled by then, so the repetition is refused with
409, and that is all that the caller gets to see: "can't be cancelled", about a job that is cancelled. When the
connection is closed instead of a 504, the caller gets an error of the connection and knows as little.
"""

import asyncio

import control
import report as judging
from graph import client
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError


async def told(graph, job):
    """What the caller gets: a status, or the name of an error without one."""
    try:
        await graph.solutions.migrations.cross_tenant_migration_jobs.by_cross_tenant_migration_job_id(job).cancel.post()
    except ODataError as error:
        return error.response_status_code, error.error.message
    except Exception as error:
        return type(error).__name__, str(error)
    return 202, ""


async def lose(report, graph, version, kind, statuses, wanted):
    call = next(call for call in judging.calls(version) if call["operation"] == "cancelJob")
    job = next(p["value"] for p in call["parameters"] if p["name"] == "crossTenantMigrationJobId")
    control.prepare(judging.URL, call)
    fault = {"kind": kind, **({"afterEffect": True} if kind == "gatewayTimeout" else {})}
    control.send(f"{judging.URL}/_sandbox/faults", "PUT", [{"operation": "cancelJob", "count": 1, "fault": fault}])
    before = control.send(f"{judging.URL}/_sandbox/requests", "GET")["total"]
    status, message = await told(graph, job)
    seen = [entry for entry in control.log(judging.URL, before) if entry["operation"] == "cancelJob"]
    what = f"{kind} in {version}"
    report.expect(f"{what}: answers sent", [entry["status"] for entry in seen], statuses)
    report.expect(f"{what}: requests that changed something", sum(entry["effect"] is not None for entry in seen), 1)
    report.expect(f"{what}: told to the caller", status, wanted)
    state = control.send(f"{judging.URL}/_sandbox/state", "GET")["jobs"]
    now = next(found["status"] for found in state if job in (found["id"], found["displayName"]))
    report.expect(f"{what}: the job", now, "pendingCancel")
    print(f"{what}: the caller is told {status} {message!r}; the job is {now}")
    report.count("times 409 about a job that is being cancelled", status == 409)


async def main():
    with judging.Report() as report:
        for version in judging.versions():
            graph = client(version)
            await lose(report, graph, version, "gatewayTimeout", [504, 409], 409)
            await lose(report, graph, version, "dropAfterEffect", [None], "RemoteProtocolError")


if __name__ == "__main__":
    asyncio.run(main())
