// What Microsoft's classic SDK for JavaScript tells its caller when the answer to a cancellation is lost though it took
// effect.
//
// After a 504 the SDK repeats the request by itself. The job is being cancelled by then, so the repetition is refused
// with 409, and that is all that the caller gets to see: "can't be cancelled", about a job that is being cancelled.

import { calls, client, control, log, prepare, report, total, versions } from './shared.mjs';

try {
  for (const version of versions) {
    const call = calls.find((call) => call.version === version && call.operation === 'cancelJob');
    const job = call.parameters.find(({ name }) => name === 'crossTenantMigrationJobId').value;
    await prepare(call);
    await control('PUT', 'faults', [
      { operation: 'cancelJob', count: 1, fault: { kind: 'gatewayTimeout', afterEffect: true } },
    ]);
    const before = await total();
    let told;
    try {
      await client(version).api(call.target).post(undefined);
      told = { status: 202, message: '' };
    } catch (error) {
      told = { status: error.statusCode, message: error.message };
    }
    const seen = (await log(before)).filter((entry) => entry.operation === 'cancelJob');
    const { jobs } = await control('GET', 'state');
    const now = jobs.find(({ id, displayName }) => [id, displayName].includes(job)).status;
    const what = `gatewayTimeout in ${version}`;
    report.expect(`${what}: answers sent`, seen.map(({ status }) => status), [504, 409]);
    report.expect(`${what}: requests that changed something`, seen.filter(({ effect }) => effect !== null).length, 1);
    report.expect(`${what}: told to the caller`, told.status, 409);
    report.expect(`${what}: the job`, now, 'pendingCancel');
    report.count('times 409 about a job that is being cancelled', Number(told.status === 409));
    console.log(`${what}: the caller is told ${told.status} ${JSON.stringify(told.message)}; the job is ${now}`);
  }
} finally {
  report.write();
}
