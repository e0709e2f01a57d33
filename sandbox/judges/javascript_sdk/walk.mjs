// Walks every operation with Microsoft's classic SDK for JavaScript: the calls of the specification, pages, `$batch`,
// refusals. Over TLS, because the SDK follows no other next link.

import { calls, client, control, log, prepare, report, sdk, total, versions } from './shared.mjs';

const JOBS = 53;
const USERS = 45;
const PAGE = 7;
const COLLECTION = '/solutions/migrations/crossTenantMigrationJobs';

const named = (call, place) => call.parameters.filter((parameter) => parameter.in === place);

/** The path of a call, with its parameters in it but without its query. */
const path = (call) => call.target.split('?')[0];

async function send(graph, call) {
  let request = graph.api(path(call));
  for (const { name, value } of named(call, 'query')) {
    request = request.query({ [name]: Array.isArray(value) ? value.join(',') : value });
  }
  for (const { name, value } of named(call, 'header')) {
    request = request.header(name, value);
  }
  switch (call.method) {
    case 'GET':
      return request.get();
    case 'POST':
      return request.post(call.body ?? undefined);
    case 'PATCH':
      return request.patch(call.body);
    case 'DELETE':
      // As the SDK documents it for deletions.
      return request.header('If-Match', '*').delete();
    default:
      throw new Error(`the SDK has no ${call.method}`);
  }
}

/** What is sent arrives as the operation that was meant, and nothing else does. */
async function judged(graph, call) {
  await prepare(call);
  const before = await total();
  const what = `${call.operation} in ${call.version}`;
  try {
    await send(graph, call);
  } catch (error) {
    report.findings.push(`${what}: ${error.statusCode} ${error.code} ${error.message}`);
  }
  const arrived = (await log(before)).map((entry) => [entry.operation, entry.path.split('/')[1]]);
  report.expect(`${what}: arrived as`, arrived, [[call.operation, call.version]]);
  report.count('calls');
}

/** Every item of every page, by the SDK's own iterator. */
async function pages(graph, version) {
  const { value: made } = await control('POST', `jobs?count=${JOBS}&users=${USERS}`);
  for (const [what, first, wanted] of [
    ['jobs', graph.api(COLLECTION).top(PAGE).orderby('displayName desc').select('id'), made],
    ['jobs on pages of the default size', graph.api(COLLECTION), made],
    ['users', graph.api(`${COLLECTION}/${made[0]}/users`).top(PAGE), undefined],
  ]) {
    const found = [];
    const page = await first.get();
    const iterator = new sdk.PageIterator(graph, page, (item) => found.push(item.id) > 0);
    await iterator.iterate();
    report.expect(`${what} in ${version}: one of them twice`, found.length, new Set(found).size);
    report.expect(`${what} in ${version}: came to the end`, iterator.isComplete(), true);
    if (wanted === undefined) {
      report.expect(`${what} in ${version}`, found.length, USERS);
    } else {
      report.expect(`${what} in ${version}: missing`, wanted.filter((id) => !found.includes(id)), []);
    }
    report.count('items on pages', found.length);
  }
}

/** A request as the SDK takes it into a batch: it drops scheme and host of the address, but not the version. */
function request(call) {
  const headers = Object.fromEntries(named(call, 'header').map(({ name, value }) => [name, value]));
  const body = call.body === null ? undefined : JSON.stringify(call.body);
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const address = `https://dropped.example${call.target}`;
  return new Request(address, { method: call.method, headers: { ...headers, ...type }, body });
}

async function batch(graph, what, steps, wanted) {
  const content = new sdk.BatchRequestContent(steps);
  const before = await total();
  const answer = await graph.api('/$batch').post(await content.getContent());
  const answers = new sdk.BatchResponseContent(answer).getResponses();
  const statuses = Object.fromEntries([...answers].map(([id, { status }]) => [id, status]));
  report.expect(what, statuses, wanted);
  for (const [id, response] of answers) {
    if (response.status === 200) {
      report.expect(`${what}: the body of ${id} is JSON`, typeof (await response.json()), 'object');
    }
  }
  report.count('requests in batches', steps.length);
  return (await log(before)).map((entry) => entry.operation);
}

async function batches(graph, version) {
  const here = calls.filter((call) => call.version === version);
  const reads = here.filter((call) => call.method === 'GET');
  const arrived = await batch(
    graph,
    `$batch of reads in ${version}`,
    reads.map((call) => ({ id: call.operation, request: request(call) })),
    Object.fromEntries(reads.map((call) => [call.operation, 200])),
  );
  for (const { operation } of reads) {
    report.expect(`$batch of reads in ${version}: ${operation} arrived`, arrived.includes(operation), true);
  }
  // One after the other: validate, then migrate, which has to wait for the validation, then what depends on that.
  const step = (operation) => here.find((call) => call.operation === operation);
  await prepare(step('validateJob'));
  await batch(
    graph,
    `$batch in order in ${version}`,
    [
      { id: '1', request: request(step('validateJob')) },
      { id: '2', request: request(step('migrateJob')), dependsOn: ['1'] },
      { id: '3', request: request(step('getJob')), dependsOn: ['2'] },
    ],
    { 1: 200, 2: 409, 3: 424 },
  );
}

/** An error reaches the caller of the SDK with its status and code. */
async function refusals(graph, version) {
  try {
    await graph.api(`${COLLECTION}/no such job`).get();
    report.findings.push(`an unknown job in ${version} was found`);
  } catch (error) {
    report.expect(`an unknown job in ${version}`, error.statusCode, 404);
    report.expect(`an unknown job in ${version} has a code`, Boolean(error.code), true);
  }
}

try {
  for (const version of versions) {
    const graph = client(version);
    for (const call of calls.filter((call) => call.version === version)) {
      await judged(graph, call);
    }
    await pages(graph, version);
    await refusals(graph, version);
    await batches(graph, version);
  }
} finally {
  report.write();
}
