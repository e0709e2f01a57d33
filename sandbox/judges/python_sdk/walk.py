"""Walks every operation with Microsoft's SDK for Python: the calls of the specification, pages, `$batch`, refusals."""

import asyncio
import inspect
import json

import control
import report as judging
from graph import client
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph_beta.generated.models.cross_tenant_migration_job import CrossTenantMigrationJob
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.generated.models.share_point_group_identity_mapping import SharePointGroupIdentityMapping
from msgraph_beta.generated.models.share_point_group_identity_mapping_collection_response import (
    SharePointGroupIdentityMappingCollectionResponse,
)
from msgraph_beta.generated.models.share_point_migration_task import SharePointMigrationTask
from msgraph_beta.generated.models.share_point_user_identity_mapping import SharePointUserIdentityMapping
from msgraph_beta.generated.models.share_point_user_identity_mapping_collection_response import (
    SharePointUserIdentityMappingCollectionResponse,
)
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

JOBS, USERS, PAGE = 53, 45, 7


def jobs(graph):
    return graph.solutions.migrations.cross_tenant_migration_jobs


def tasks(graph):
    return graph.solutions.share_point.migrations.cross_organization_migration_tasks


def job(graph, p):
    return jobs(graph).by_cross_tenant_migration_job_id(p["crossTenantMigrationJobId"])


def user(graph, p):
    return job(graph, p).users.by_cross_tenant_migration_task_id(p["crossTenantMigrationTaskId"])


def task(graph, p):
    return tasks(graph).by_share_point_migration_task_id(p["sharePointMigrationTaskId"])


# The SDK's way to each operation: the builder, its method and the type of the body.
BUILDERS = {
    "listJobs": (lambda g, p: jobs(g), "get", None),
    "createJob": (lambda g, p: jobs(g), "post", CrossTenantMigrationJob),
    "getJob": (job, "get", None),
    "updateJob": (job, "patch", CrossTenantMigrationJob),
    "deleteJob": (job, "delete", None),
    "cancelJob": (lambda g, p: job(g, p).cancel, "post", None),
    "validateJob": (lambda g, p: job(g, p).validate, "post", None),
    "migrateJob": (lambda g, p: job(g, p).migrate, "post", None),
    "listUsers": (lambda g, p: job(g, p).users, "get", None),
    "getUser": (user, "get", None),
    "cancelUser": (lambda g, p: user(g, p).cancel, "post", None),
    "createSharepointTask": (lambda g, p: tasks(g), "post", SharePointMigrationTask),
    "getSharepointTask": (task, "get", None),
    "cancelSharepointTask": (lambda g, p: task(g, p).cancel, "post", None),
    "getSharepointTaskBySourceUserPrincipalName": (
        lambda g, p: tasks(g).get_by_source_user_principal_name_with_source_principal_name(p["sourcePrincipalName"]),
        "get",
        None,
    ),
    "getSharepointTaskBySourceSiteUrl": (
        lambda g, p: tasks(g).get_by_source_site_url_with_source_site_url(p["sourceSiteUrl"]),
        "get",
        None,
    ),
    "getSharepointTaskBySourceGroupMailNickname": (
        lambda g, p: tasks(g).get_by_source_group_mail_nickname_with_source_group_mail_nickname(
            p["sourceGroupMailNickname"]
        ),
        "get",
        None,
    ),
}

# What no builder of the SDK has; its request adapter takes any request all the same.
WITHOUT_BUILDER = {
    "getUserMapping": SharePointUserIdentityMapping,
    "updateUserMappings": SharePointUserIdentityMappingCollectionResponse,
    "getGroupMapping": SharePointGroupIdentityMapping,
    "updateGroupMappings": SharePointGroupIdentityMappingCollectionResponse,
}


def named(call, place):
    return {p["name"]: p["value"] for p in call["parameters"] if p["in"] == place}


def options_of(builder):
    """The SDK's own class for the query options of a builder; it has none for functions such as the lookups."""
    classes = inspect.getmembers(builder, inspect.isclass)
    return next((kind for name, kind in classes if name.endswith("GetQueryParameters")), None)


def query_parameters(builder, call):
    """The query options of a call as the SDK takes them."""
    options = {name.lstrip("$"): value for name, value in named(call, "query").items()}
    kind = options_of(builder)
    return kind(**options) if options and kind else None


def configuration(builder, call):
    headers = HeadersCollection()
    for name, value in named(call, "header").items():
        headers.add(name, value)
    if call["operation"] == "deleteJob":
        # As the SDK documents it for deletions.
        headers.add("If-Match", "*")
    return RequestConfiguration(headers=headers, query_parameters=query_parameters(builder, call))


def parsed(kind, body):
    """A body as a model of the SDK, read by the SDK itself."""
    node = JsonParseNodeFactory().get_root_parse_node("application/json", json.dumps(body).encode())
    return node.get_object_value(kind)


def raw(graph, call):
    """A request that the SDK has no builder for."""
    request = RequestInformation()
    request.http_method = Method[call["method"]]
    request.url = graph.request_adapter.base_url + call["target"]
    request.headers.try_add("Accept", "application/json")
    if call["body"] is not None:
        request.set_stream_content(json.dumps(call["body"]).encode(), "application/json")
    return request


def information(graph, call):
    """The request of a call before it is sent, for a batch."""
    if call["operation"] in WITHOUT_BUILDER:
        return raw(graph, call)
    builder, method, kind = BUILDERS[call["operation"]]
    builder = builder(graph, named(call, "path"))
    make = getattr(builder, f"to_{method}_request_information")
    body = [parsed(kind, call["body"])] if kind else []
    return make(*body, configuration(builder, call))


async def send(graph, call):
    name = call["operation"]
    if kind := WITHOUT_BUILDER.get(name):
        errors = {"XXX": ODataError}
        return await graph.request_adapter.send_async(raw(graph, call), kind, errors)
    builder, method, kind = BUILDERS[name]
    builder = builder(graph, named(call, "path"))
    body = [parsed(kind, call["body"])] if kind else []
    return await getattr(builder, method)(*body, configuration(builder, call))


async def pages(report, graph, version):
    """Every item of every page, by the SDK's own iterator."""
    made = control.send(f"{judging.URL}/_sandbox/jobs?count={JOBS}&users={USERS}", "POST")["value"]
    found = []

    def keep(item):
        found.append(item.id)
        return True

    for what, builder, options, wanted in (
        ("jobs", jobs(graph), {"top": PAGE, "orderby": ["displayName desc"]}, set(made)),
        ("jobs on pages of the default size", jobs(graph), {}, set(made)),
        ("users", jobs(graph).by_cross_tenant_migration_job_id(made[0]).users, {"top": PAGE}, None),
    ):
        found.clear()
        first = await builder.get(RequestConfiguration(query_parameters=options_of(builder)(**options)))
        await PageIterator(first, graph.request_adapter, error_mapping={"XXX": ODataError}).iterate(keep)
        report.expect(f"{what} in {version}: one of them twice", len(found), len(set(found)))
        if wanted is None:
            report.expect(f"{what} in {version}", len(found), USERS)
        else:
            report.expect(f"{what} in {version}: missing", sorted(wanted - set(found)), [])
        report.count("items on pages", len(found))


async def batches(report, graph, version):
    """What can be read, in batches of as many as the SDK allows."""
    reads = [call for call in judging.calls(version) if call["method"] == "GET"]
    cancel = next(call for call in judging.calls(version) if call["operation"] == "cancelJob")
    control.prepare(judging.URL, cancel)
    calls = [*reads, cancel]
    items = [BatchRequestItem(information(graph, call), str(number)) for number, call in enumerate(calls)]
    for item in items:
        # The SDK puts the whole address there, which Graph refuses; its users shorten it.
        item.url = item.url.removeprefix(graph.request_adapter.base_url)
    content = BatchRequestContent({item.id: item for item in items})
    before = control.send(f"{judging.URL}/_sandbox/requests", "GET")["total"]
    try:
        answers = await BatchRequestBuilder(graph.request_adapter, {"XXX": ODataError}).post(content)
    except ODataError as error:
        report.findings.append(f"$batch in {version}: {error}")
        return
    statuses = answers.get_response_status_codes()
    wanted = {str(number): 202 if call is cancel else 200 for number, call in enumerate(calls)}
    report.expect(f"$batch in {version}", statuses, wanted)
    arrived = [entry["operation"] for entry in control.log(judging.URL, before) if entry["operation"] in names(calls)]
    report.expect(f"$batch in {version}: arrived as", sorted(arrived), sorted(call["operation"] for call in calls))
    report.count("requests in batches", len(calls))


def names(calls):
    return {call["operation"] for call in calls}


async def refusals(report, graph, version):
    """An error reaches the caller of the SDK with its status and code."""
    try:
        await jobs(graph).by_cross_tenant_migration_job_id("no such job").get()
        report.findings.append(f"an unknown job in {version} was found")
    except ODataError as error:
        report.expect(f"an unknown job in {version}", error.response_status_code, 404)
        report.expect(f"an unknown job in {version} has a code", bool(error.error.code), True)


async def main():
    with judging.Report() as report:
        for version in judging.versions():
            graph = client(version)
            for call in judging.calls(version):
                with judging.judged(report, call):
                    await send(graph, call)
            await pages(report, graph, version)
            await refusals(report, graph, version)
            await batches(report, graph, version)


if __name__ == "__main__":
    asyncio.run(main())
