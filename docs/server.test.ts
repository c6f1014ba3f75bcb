import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Edit } from "../fairhost.ts";

/** The server of how-to/develop/write-a-server.md, as the page has it. */
const checkout = join(import.meta.dirname, "..");
const page = readFileSync(join(import.meta.dirname, "how-to/develop/write-a-server.md"), "utf8");
const code = /```ts\n(?<code>.*?)```/s.exec(page)!.groups!.code!;

let scratch = "";
let server: ChildProcess | undefined;
let origin = "";
const file = "accounts/1-alice.yaml";
const textOf = () => readFileSync(join(scratch, "lab", file), "utf8");

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "fairhost-server-"));
  cpSync(join(checkout, "inventory/lab"), join(scratch, "lab"), { recursive: true });
  writeFileSync(join(scratch, "token"), "secret of the test\n", { mode: 0o600 });
  const fairhost = pathToFileURL(join(checkout, "fairhost.ts")).href;
  writeFileSync(join(scratch, "server.mts"), code.replace("../fairhost.ts", fairhost));
  // Port 0 is any free one; it says which.
  const args = [join(scratch, "server.mts"), join(scratch, "lab"), join(scratch, "token"), "0"];
  server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await Promise.race([once(server.stdout!, "data"), once(server, "exit")])) as [Buffer];
  origin = `http://[::1]:${/"port":(\d+)/.exec(String(said))![1]}`;
}, 120_000);
afterAll(() => {
  server?.kill();
  rmSync(scratch, { recursive: true });
});

const authorization = "Bearer secret of the test";
const read = () => fetch(`${origin}/fleet`, { headers: { authorization } });
async function send(body: readonly Edit[] | string, etag?: string) {
  const headers = { authorization, "if-match": etag ?? (await read()).headers.get("etag")! };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${origin}/edits`, { method: "POST", headers, body: text });
  return { status: response.status, said: await response.text() };
}
const set = (path: (string | number)[], value: string | number): Edit => ({ op: "set", file, path, value });

test("nobody reads or writes without the token", async () => {
  for (const headers of [{}, { authorization: "Bearer other" }])
    expect((await fetch(`${origin}/fleet`, { headers })).status).toBe(401);
  expect((await fetch(`${origin}/edits`, { method: "POST", body: "[]" })).status).toBe(401);
});

test("it gives the fleet, and writes a sound and safe edit", async () => {
  const fleet = (await (await read()).json()) as { accounts: { name: string }[] };
  expect(fleet.accounts.map(({ name }) => name)).toContain("alice");
  const before = textOf();
  const edits = JSON.parse(/--data '(?<edits>.*?)'/s.exec(page)!.groups!.edits!) as Edit[];
  expect(await send(edits)).toMatchObject({ status: 200, said: expect.stringContaining("+    idleSeconds: 60") });
  expect(textOf()).toBe(before.replace("idleSeconds: 10", "idleSeconds: 60"));
});

test.each([
  ["no JSON", "[", 400, "Send edits as JSON"],
  ["too much", `["${"x".repeat(1_000_000)}"]`, 400, "more than 1000000 bytes"],
  ["no edits", "{}", 422, "problems"],
  [
    "another file than the inventory's",
    [{ op: "remove", file: "../token" }] as Edit[],
    422,
    "expected a file of an inventory",
  ],
  ["what the schema refuses", [set(["plan"], "none")], 422, "accounts/1-alice.yaml"],
  ["a host that is not there", [set(["host"], "web9")], 422, "web9"],
  [
    "what a rule refuses",
    [{ op: "set", file: "plans/small.yaml", path: ["memoryMaxMb"], value: 999_999 }] as Edit[],
    422,
    "violations",
  ],
  [
    "what needs an approval",
    [{ op: "set", file: "plans/small.yaml", path: ["tasksMax"], value: 16 }] as Edit[],
    409,
    "needs approval",
  ],
])("it refuses %s, and writes nothing", async (_, body, status, said) => {
  const before = textOf();
  expect(await send(body)).toEqual({ status, said: expect.stringContaining(said) });
  expect(textOf()).toBe(before);
});

test("it refuses edits of a fleet that has changed since", async () => {
  const etag = (await read()).headers.get("etag")!;
  expect((await send([set(["httpServers", 0, "idleSeconds"], 61)], etag)).status).toBe(200);
  expect((await send([set(["httpServers", 0, "idleSeconds"], 62)], etag)).status).toBe(412);
  expect(textOf()).toContain("idleSeconds: 61");
});
