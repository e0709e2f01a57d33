// What the judges of Microsoft's classic SDK for JavaScript share: a client at the sandbox, control requests, a report.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';

export const sdk = createRequire(`${process.env.NODE_PACKAGES}/`)('@microsoft/microsoft-graph-client');
export const calls = JSON.parse(readFileSync(process.env.JUDGE_CALLS, 'utf8'));
export const versions = ['v1.0', 'beta'];
const url = process.env.SANDBOX_URL;

/** A client as a program would make it, with the SDK's own middleware. */
export function client(version) {
  return sdk.Client.initWithMiddleware({
    authProvider: { getAccessToken: async () => process.env.SANDBOX_TOKEN },
    baseUrl: url,
    defaultVersion: version,
    // The SDK sends no token to hosts that it does not know.
    customHosts: new Set([new URL(url).hostname]),
  });
}

export async function control(method, path, body) {
  const answer = await fetch(`${url}/_sandbox/${path}`, {
    method,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.json();
}

export async function prepare(call) {
  for (const { method, path, body } of call.prepare) {
    await control(method, path.replace('/_sandbox/', ''), body);
  }
}

/** The entries of the sandbox's log behind a number, page by page. */
export async function log(after) {
  const found = [];
  for (;;) {
    const { value } = await control('GET', `requests?after=${after}`);
    if (value.length === 0) {
      return found;
    }
    found.push(...value);
    after = value.at(-1).sequence;
  }
}

export const total = async () => (await control('GET', 'requests')).total;

export const report = {
  findings: [],
  figures: {},
  expect(what, found, wanted) {
    if (!isDeepStrictEqual(found, wanted)) {
      this.findings.push(`${what}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
    }
  },
  count(name, by = 1) {
    this.figures[name] = (this.figures[name] ?? 0) + by;
  },
  write() {
    const { findings, figures } = this;
    writeFileSync(process.env.JUDGE_REPORT, JSON.stringify({ findings, figures }));
  },
};
