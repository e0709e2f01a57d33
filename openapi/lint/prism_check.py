"""Starts Prism on the specification and asks it for every documented answer of every operation.

Usage: prism_check.py PRISM SPECIFICATION

An answer has to have the documented status, every documented header, and exactly the body of the example that was
asked for; Prism must find nothing wrong with the request that the specification's own examples make.
"""

import http.client
import json
import queue
import re
import subprocess
import sys
import threading
import urllib.parse

import one_line
import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Stands for any status that only the default answer describes.
UNLISTED_STATUS = 503
START_SECONDS = 60
ANSWER_SECONDS = 20


class Specification:
    """The document, with references followed on access."""

    def __init__(self, path):
        self.document = one_line.reading(path, yaml.safe_load)
        if not isinstance(self.document, dict) or not isinstance(self.document.get("paths"), dict):
            sys.exit(f"{path}: this is no specification, it has no paths")

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
                    yield path, method, operation, [self.follow(p) for p in parameters]

    def examples(self, content):
        """Names and values of the examples of a request body or a response."""
        media = content.get("application/json", {})
        return {name: self.follow(e)["value"] for name, e in media.get("examples", {}).items()}


def as_text(value):
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    return json.dumps(value) if isinstance(value, bool) else str(value)


def target_and_headers(path, parameters):
    """The request line's target and the headers that the examples of the parameters make."""
    query, headers = [], {"Authorization": "Bearer an-example"}
    for parameter in parameters:
        name, text = parameter["name"], as_text(parameter["example"])
        if parameter["in"] == "path":
            path = path.replace("{" + name + "}", urllib.parse.quote(text, safe=""))
        elif parameter["in"] == "query":
            query.append(f"{name}={urllib.parse.quote(text, safe=',')}")
        else:
            headers[name] = text
    return path + ("?" + "&".join(query) if query else ""), headers


def calls(specification):
    """Every answer to ask for: a label, the request, and what has to come back."""
    for path, method, operation, parameters in specification.operations():
        target, headers = target_and_headers(path, parameters)
        bodies = specification.examples(operation.get("requestBody", {}).get("content", {}))
        for documented, response in operation["responses"].items():
            response = specification.follow(response)
            status = UNLISTED_STATUS if documented == "default" else int(documented)
            answers = specification.examples(response.get("content", {})) or {None: None}
            for example, expected in answers.items():
                for request, body in (bodies or {None: None}).items():
                    prefer = f"code={status}" + (f", example={example}" if example else "")
                    label = " ".join(filter(None, (operation["operationId"], documented, request, example)))
                    yield (
                        (operation["operationId"], documented),
                        label,
                        (method.upper(), target, {**headers, "Prefer": prefer}, body),
                        (status, response.get("headers", {}), expected),
                    )


def fault(port, request, expected):
    """What is wrong with Prism's answer, or None."""
    method, target, headers, body = request
    status, header_names, example = expected
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        if body is not None:
            body = json.dumps(body)
            headers = {**headers, "Content-Type": "application/json"}
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
    finally:
        connection.close()
    if answer.status != status:
        return f"status {answer.status}: {text[:300]}"
    if violations := answer.getheader("sl-violations"):
        return f"Prism objects to the request: {violations}"
    if missing := [name for name in header_names if answer.getheader(name) is None]:
        return f"without the headers {', '.join(missing)}"
    if example is None:
        return f"an unexpected body: {text[:300]}" if text else None
    if json.loads(text) != example:
        return f"another body than the example's: {text[:300]}"
    return None


def start(prism, path):
    """The running server and its port; Prism picks a free one and says so in its log."""
    server = subprocess.Popen(
        [prism, "mock", "--host", "127.0.0.1", "--port", "0", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    ports, log = queue.Queue(), []

    # Reads to the end, because a full pipe would stop the server.
    def read():
        for line in server.stdout:
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                ports.put(int(found.group(1)))
            elif len(log) < 200:
                log.append(line)
        ports.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        port = ports.get(timeout=START_SECONDS)
    except queue.Empty:
        port = None
    if port is None:
        stop(server)
        sys.exit("Prism did not start: " + " ".join("".join(log).split())[:500])
    return server, port


def stop(server):
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def main(prism, path):
    specification = Specification(path)
    # What cannot be asked for is known before a server is started.
    list(calls(specification))
    server, port = start(prism, path)
    asked, answers, faults = 0, set(), []
    try:
        for answer, label, request, expected in calls(specification):
            asked += 1
            answers.add(answer)
            try:
                problem = fault(port, request, expected)
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = f"no usable answer: {error}"
            if problem:
                faults.append(f"{label}: {problem}")
    finally:
        stop(server)
    operations = {operation for operation, _ in answers}
    if faults or not answers:
        sys.exit("\n".join([*faults, f"{len(faults)} of {asked} answers are not as documented"]))
    print(f"{len(operations)} operations serve {len(answers)} documented answers ({asked} calls)")


if __name__ == "__main__":
    one_line.run(main, __doc__.splitlines()[2], (2,), sys.argv[1:])
