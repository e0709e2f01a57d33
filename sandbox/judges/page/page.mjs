// What a person at the page would see and do; fails on the first thing that isn't so, and on any console error.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { SANDBOX_URL: base, NODE_PACKAGES, CHROMIUM, SCREENSHOTS } = process.env;
const { chromium } = createRequire(`${NODE_PACKAGES}/`)("playwright-core");
const JOBS = Number(process.env.JOBS || 50), USERS = Number(process.env.USERS || 2000);
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run", "--disable-sync", "--disable-component-update"];
const api = async (method, path, body) => {
  const answer = await fetch(`${base}/_sandbox/${path}`, { method, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
};
const graph = (method, path) => fetch(`${base}/v1.0/solutions/migrations/crossTenantMigrationJobs${path}`, { method, headers: { authorization: "Bearer judge", "content-length": "0" } });

const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
const complaints = [];
const open = async (options) => {
  const page = await browser.newPage(options);
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => { if (!request.url().startsWith(base) && !request.url().startsWith("data:") && !request.url().startsWith("blob:")) complaints.push(`left the sandbox: ${request.url()}`); });
  await page.goto(`${base}/_sandbox/`);
  await page.waitForSelector('body[data-ready="true"]');
  return page;
};
const card = (page, name) => page.locator(`article[data-name="${name}"]`);
const status = (page, name, expected) => page.waitForSelector(`article[data-name="${name}"][data-status="${expected}"]`, { state: "attached" });

const page = await open({ viewport: { width: 1400, height: 1000 }, colorScheme: "light" });
await page.waitForFunction(() => document.querySelectorAll("#job-list article").length === 18);
console.log("rendered: 18 jobs of the demonstration");

// A button advances time and a row shows the new status.
const [id] = (await api("POST", "jobs?count=1&users=40")).value;
const name = (await api("GET", `jobs/${id}?top=1`)).displayName;
await status(page, name, "submitted");
assert.equal((await graph("POST", `/${id}/validate`)).status, 200);
await status(page, name, "validateSubmitted");
const before = await page.locator("#now").textContent();
await page.getByRole("button", { name: "+1 h" }).click();
await status(page, name, "validatePassed");
assert.notEqual(await page.locator("#now").textContent(), before);
await page.waitForFunction((name) => document.querySelector(`article[data-name="${name}"] .counts`).textContent.includes("Exchange: 40 valid"), name);
console.log("a button advances time, and the row shows validatePassed");

// The log tells of the request, with its answer in full.
await page.waitForFunction(() => document.querySelector("#log").textContent.includes("submitted -> validateSubmitted"));
await page.locator("#log button").first().click();
await page.waitForSelector("#details[open]");
const details = await page.locator("#d-body").textContent();
assert.match(details, /authorization: Bearer \(hidden\)/);
assert.match(details, /"status": "validateSubmitted"/);
await page.keyboard.press("Escape");

// A fault switched on befalls the next request and can be switched off.
await page.locator("#fault-operation").selectOption("getJob");
await page.locator("#fault-kind").selectOption("504, no effect");
await page.getByRole("button", { name: "Switch on" }).click();
await page.waitForFunction(() => document.querySelectorAll("#faults li").length === 1);
assert.equal((await graph("GET", `/${id}`)).status, 504);
await page.waitForFunction(() => document.querySelector("#log").textContent.includes("gatewayTimeout"));
await page.getByRole("button", { name: "Switch off rule 1" }).click();
await page.waitForFunction(() => document.querySelectorAll("#faults li").length === 0);
assert.equal((await graph("GET", `/${id}`)).status, 200);
console.log("a fault is switched on and off, and the log tells of it");

// By keyboard alone: a cell is found, its user's outcome chosen, and it comes true.
await card(page, name).locator("canvas").focus();
for (let step = 0; step < 6; step++) await page.keyboard.press("ArrowRight");
for (let step = 0; step < 3; step++) await page.keyboard.press("ArrowDown");
await page.waitForFunction((name) => /User 7 \([0-9a-f-]{36}\), Exchange: valid/.test(document.querySelector(`article[data-name="${name}"] [aria-live]`).textContent), name);
await page.keyboard.press("Enter");
await page.waitForFunction(() => document.activeElement.id === "outcome-kind");
assert.equal(await page.locator("#outcome-workload").inputValue(), "Exchange");
await page.locator("#outcome-kind").selectOption("early");
await page.locator("#outcome-code").fill("EXCH-08");
await page.locator("#outcome-code").press("Enter");
await page.waitForFunction(() => document.querySelector("#said").textContent.startsWith("Chosen"));
assert.equal((await graph("POST", `/${id}/migrate`)).status, 200);
await page.locator("#until-job").selectOption(name);
await page.locator("#until-status").selectOption("inProgress");
await page.locator("#until-status").press("Tab");
await page.keyboard.press("Enter");
await status(page, name, "inProgress");
await page.getByRole("button", { name: "+10 min" }).click();
await page.waitForFunction((name) => document.querySelector(`article[data-name="${name}"] .counts`).textContent.includes("1 failed"), name);
console.log("by keyboard alone a user is made to fail, and does");

// The focus stays where it is while everything around it changes.
await card(page, name).locator("canvas").focus();
await api("POST", "advance?seconds=600");
await page.waitForFunction((name) => /completed|synced/.test(document.querySelector(`article[data-name="${name}"] .counts`).textContent), name);
assert.equal(await page.evaluate(() => document.activeElement.tagName), "CANVAS");

// Every control can be reached by Tab and has a name.
const nameless = await page.evaluate(() => [...document.querySelectorAll("button, select, input, canvas")].filter((one) => {
  const label = one.labels && one.labels.length ? one.labels[0].textContent : "";
  return one.tabIndex < 0 || !(one.getAttribute("aria-label") || label || one.textContent).trim();
}).map((one) => one.outerHTML.slice(0, 80)));
assert.deepEqual(nameless, []);

// Text and colours can be told apart in both schemes.
const contrasts = () => page.evaluate(() => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => { const hex = style.getPropertyValue(name).trim().slice(1); const parts = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4); return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]; };
  const ratio = (one, two) => { const [high, low] = [light(one), light(two)].sort((a, b) => b - a); return (high + 0.05) / (low + 0.05); };
  const poor = [];
  for (const text of ["--ink", "--soft", "--accent", "--bad", "--good", "--warn"]) for (const ground of ["--sheet", "--ground"]) if (ratio(text, ground) < 4.5) poor.push(`${text} on ${ground}: ${ratio(text, ground).toFixed(2)}`);
  if (ratio("--accent-ink", "--accent") < 4.5) poor.push(`--accent-ink: ${ratio("--accent-ink", "--accent").toFixed(2)}`);
  if (ratio("--field", "--sheet") < 3) poor.push(`--field: ${ratio("--field", "--sheet").toFixed(2)}`);
  for (const letter of "nvxsypzcofewl") { if (ratio(`--s-${letter}`, "--letter") < 3) poor.push(`letter on --s-${letter}: ${ratio(`--s-${letter}`, "--letter").toFixed(2)}`); if (ratio(`--s-${letter}`, "--sheet") < 3) poor.push(`--s-${letter}: ${ratio(`--s-${letter}`, "--sheet").toFixed(2)}`); }
  return poor;
});
assert.deepEqual(await contrasts(), []);
await page.evaluate(() => scrollTo(0, 0));
await page.screenshot({ path: `${SCREENSHOTS}/light.png` });
await page.emulateMedia({ colorScheme: "dark" });
assert.deepEqual(await contrasts(), []);
await page.screenshot({ path: `${SCREENSHOTS}/dark.png` });
await page.setViewportSize({ width: 420, height: 900 });
assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "a narrow window needs no sideways scrolling");
await page.screenshot({ path: `${SCREENSHOTS}/narrow.png` });
console.log("readable in light, dark and a narrow window");

// A scenario from the list.
await page.setViewportSize({ width: 1400, height: 1000 });
await page.emulateMedia({ colorScheme: "light" });
await page.getByRole("button", { name: "Reset…" }).click();
await page.locator('#sure button[value="yes"]').click();
await page.waitForFunction(() => document.querySelector("#said").textContent === "Started over.");
await page.locator("#scenario-name").selectOption("friday-night");
await page.getByRole("button", { name: "Play", exact: true }).click();
await status(page, "Friday wave 2", "inProgress");
await page.getByRole("button", { name: "+6 h" }).click();
await page.waitForFunction(() => document.querySelector("#running").textContent.includes("✓"));
await page.waitForFunction(() => /Exchange: .*1 failed/.test(document.querySelector('article[data-name="Friday wave 2"] .counts').textContent));
await page.screenshot({ path: `${SCREENSHOTS}/friday-night.png`, fullPage: true });
console.log("a scenario is played from the list");

// Large: so many jobs and users, and it still answers and moves.
await page.close();
await api("POST", "reset");
for (let made = 0; made < JOBS; made += 10) await api("POST", `jobs?count=${Math.min(10, JOBS - made)}&users=${USERS}`);
const large = await open({ viewport: { width: 1400, height: 1000 } });
const names = (await api("GET", "jobs?top=1&skip=18")).jobs.map((job) => job.displayName);
const start = Date.now();
await large.waitForFunction((count) => document.querySelectorAll("#job-list article").length === count, JOBS + 18, { timeout: 60_000 });
await api("PUT", `jobs/${encodeURIComponent(names[0])}/status`, { status: "inProgress" });
await status(large, names[0], "inProgress");
await large.getByRole("button", { name: "+10 min" }).click();
await large.waitForFunction((name) => /Exchange: [1-9]\d* synced/.test(document.querySelector(`article[data-name="${name}"] .counts`).textContent), names[0], { timeout: 60_000 });
await large.waitForFunction(() => document.querySelector("#now").textContent.includes("08:10:00"));
console.log(`${JOBS} jobs of ${USERS} users: shown, changed and moved in ${Date.now() - start} ms`);
await card(large, names[0]).scrollIntoViewIfNeeded();
await large.screenshot({ path: `${SCREENSHOTS}/large.png` });

await browser.close();
assert.deepEqual(complaints.filter((text) => !/Failed to load resource.*(504|403|404)/.test(text)), [], "the console complains");
console.log(`no console error; screenshots in ${SCREENSHOTS}`);
