"""The calls that the specification's own examples make, with what has to be so before each.

A list of plain objects that clients in any language replay: `operation`, `version`, `method`, `path` (its template) and
`parameters` with the examples; `body`, `target` (the path and query, ready to send), and `prepare`, control requests of
the sandbox that put things into the state in which the call succeeds.
"""

import json
import urllib.parse

import control
import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# A continuation cannot be an example: it is what the service said before.
NOT_SENT = {"$skiptoken"}
# The status of the job in which an operation is allowed, where it is not allowed in any.
STATUS_BEFORE = {
    "updateJob": "inProgress",
    "validateJob": "submitted",
    "migrateJob": "validatePassed",
    "cancelJob": "inProgress",
    "cancelUser": "inProgress",
    "deleteJob": "completed",
}
# Operations that end what others need come last.
LAST = ("cancelSharepointTask", "cancelUser", "cancelJob", "deleteJob")

TENANT = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90"
USER = "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754"
# A user can be cancelled once; this one stands in for the other in all versions but the last.
ANOTHER_USER = "5e1f7c38-2b60-4d9a-8c47-f3a90b6d1e25"
GROUP = "3d7c0a15-8b46-49e2-af01-d5c8e23b7964"
TOKEN = "rehearsal"


class Specification:
    """The document, with references followed on access."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.document = yaml.safe_load(file)

    def follow(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for token in node["$ref"].removeprefix("#/").split("/"):
                target = target[token.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    operation = item[method]
                    parameters = item.get("parameters", []) + operation.get("parameters", [])
                    yield path, method, operation, [self.follow(parameter) for parameter in parameters]

    def bodies(self, operation):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        return [self.follow(example)["value"] for example in media.get("examples", {}).values()]


def send(url, method, body):
    return control.send(url, method, body, TOKEN)


def stage(url):
    """Lets the job, the user, the sources and the group exist that the examples name; returns the id of a task."""
    solutions = f"{url}/beta/solutions"
    # A job is found by its name too, so the name of this one is the id of the example.
    send(
        f"{solutions}/migrations/crossTenantMigrationJobs",
        "POST",
        {
            "displayName": "a35e80d7-4b19-4c6f-92d8-e17f0b6c5a24",
            "completeAfterDateTime": "2026-12-12T20:00:00Z",
            "sourceTenantId": TENANT,
            "resourceType": "Users",
            "workloads": ["Teams"],
            "resources": [USER, ANOTHER_USER],
        },
    )
    mappings = f"{solutions}/sharePoint/migrations"
    user = {"userPrincipalName": "ines.moreau@alderwood.example"}
    moved = {"userPrincipalName": "ines.moreau@harborlane.example"}
    send(
        f"{mappings}/crossOrganizationUserMappings",
        "PATCH",
        {
            "@context": "#$delta",
            "value": [
                {
                    "sourceOrganizationId": TENANT,
                    "userType": "regularUser",
                    "sourceUserIdentity": user,
                    "targetUserIdentity": moved,
                }
            ],
        },
    )
    send(
        f"{mappings}/crossOrganizationGroupMappings",
        "PATCH",
        {
            "@context": "#$delta",
            "value": [
                {
                    "sourceOrganizationId": TENANT,
                    "groupType": "m365Group",
                    "sourceGroupIdentity": {"id": GROUP},
                    "targetGroupIdentity": {"id": GROUP},
                }
            ],
        },
    )
    task = None
    for kind, source, target in (
        ("User", {"sourceUserIdentity": user}, {"targetUserIdentity": moved}),
        (
            "Site",
            {"sourceSiteUrl": "https://alderwood.sharepoint.example/sites/Finance"},
            {"targetSiteUrl": "https://harborlane.sharepoint.example/sites/Finance"},
        ),
        (
            "Group",
            {"sourceGroupIdentity": {"mailNickname": "alderwood-projects"}},
            {"targetGroupIdentity": {"mailNickname": "harborlane-projects"}},
        ),
    ):
        parameters = {"@odata.type": f"#microsoft.graph.sharePoint{kind}MigrationTaskParameters", **source, **target}
        path = f"{mappings}/crossOrganizationMigrationTasks"
        task = send(path, "POST", {"parameters": parameters})["id"]
    return task


def text(value):
    """A parameter as it stands in an address."""
    if isinstance(value, list):
        return ",".join(map(text, value))
    return json.dumps(value) if isinstance(value, bool) else str(value)


def literal(path, name, value):
    """A path parameter as it stands in an address: in a literal of OData quotes are doubled."""
    quoted = f"'{{{name}}}'" in path
    return urllib.parse.quote(value.replace("'", "''") if quoted else value, safe="")


def target(path, parameters):
    query = []
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", literal(path, parameter["name"], parameter["value"]))
        elif parameter["in"] == "query":
            query.append(f"{parameter['name']}={urllib.parse.quote(text(parameter['value']), safe=',')}")
    return path + ("?" + "&".join(query) if query else "")


def calls(specification, task):
    """Every operation in each of its versions, once for each example of its body."""
    found = []
    for path, method, operation, described in specification.operations():
        name = operation["operationId"]
        parameters = [
            {"name": parameter["name"], "in": parameter["in"], "value": parameter["example"]}
            for parameter in described
            if parameter["name"] not in NOT_SENT
        ]
        for parameter in parameters:
            if parameter["name"] == "sharePointMigrationTaskId":
                parameter["value"] = task
        job = next((p["value"] for p in parameters if p["name"] == "crossTenantMigrationJobId"), None)
        status = STATUS_BEFORE.get(name)
        prepare = (
            [{"method": "PUT", "path": f"/_sandbox/jobs/{job}/status", "body": {"status": status}}] if status else []
        )
        for version in operation["x-ms-versions"]:
            if name == "cancelUser":
                user = USER if version == operation["x-ms-versions"][-1] else ANOTHER_USER
                parameters = [
                    {**p, "value": user} if p["name"] == "crossTenantMigrationTaskId" else p for p in parameters
                ]
            for body in specification.bodies(operation) or [None]:
                if name == "createJob":
                    body = {**body, "displayName": f"{body['displayName']} {version}"}
                found.append(
                    {
                        "operation": name,
                        "tag": operation["tags"][0],
                        "version": version,
                        "method": method.upper(),
                        "path": path,
                        "parameters": parameters,
                        "body": body,
                        "target": target(path, parameters),
                        "prepare": prepare,
                    }
                )
    return sorted(found, key=lambda call: LAST.index(call["operation"]) if call["operation"] in LAST else -1)
