import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

const script = readFileSync(join(import.meta.dirname, "issue-certificates.sh"), "utf8");
const [fair] = /^fair\(\).*$/m.exec(script)!;
const [list] = /^list\(\)[\s\S]*?^[})].*$/m.exec(script)!;
const [measure] = /^series\(\)[\s\S]*?^measure\(\)[\s\S]*?^}$/m.exec(script)!;
const [limits] = /^problem_of\(\)[\s\S]*?^limited\(\)[\s\S]*?^}$/m.exec(script)!;

test("names of each account come in turn, however many one has", async () => {
  const names = ["a", "b", "c", "d"].map((name) => `_.${name}.evil.test 1`);
  const { stdout } = await execa("bash", ["-c", `${fair}\nfair`], { input: [...names, "_.z.test 2"].join("\n") });
  const accounts = stdout.split("\n").map((line) => line.split(" ")[1]);
  expect(accounts.slice(0, 2).toSorted()).toEqual(["1", "2"]);
  expect(accounts).toHaveLength(5);
});

test("names are of one generation, also while another one takes its place", async () => {
  const root = await mkdtemp(join(tmpdir(), "fairhost-names-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const place = async (generation: string, account: number) => {
    await mkdir(join(root, generation, "accounts"), { recursive: true });
    await writeFile(join(root, generation, `accounts/${account}.certificates`), "a.test a.test;\n");
  };
  // A name that goes from one account to another: each generation has it, in another file.
  await place("current", 5);
  await place("next", 7);
  const swap = `sed() { [ ! -e "$root/next" ] || { mv "$root/current" "$root/old"; mv "$root/next" "$root/current"; }; command sed "$@"; }`;
  const program = `set -u -o pipefail; shopt -s nullglob; root=$1 names=$1/current/accounts; ${swap}\n${list}\nlist; list`;
  const { stdout } = await execa("bash", ["-c", program, "bash", root]);
  expect(stdout).toBe("a.test 5\na.test 7");
});

test("without a generation nobody knows what is declared", async () => {
  const program = `shopt -s nullglob; names=/nonexistent/sites/accounts; ${list}\nlist`;
  expect((await execa("bash", ["-c", program], { reject: false })).exitCode).not.toBe(0);
});

test("what is for Prometheus is renewed while no name waits, while all wait, and when the last one has its certificate", async () => {
  const state = await mkdtemp(join(tmpdir(), "fairhost-measured-"));
  onTestFinished(() => rm(state, { recursive: true }));
  const at = (path: string) => join(state, path);
  for (const folder of ["issued", "wait"]) await mkdir(at(folder));
  await writeFile(at("names"), "a.test 1\n");
  /** Lines with a value after the next run. */
  const measured = async () => {
    await rm(at("certificates.prom"), { force: true });
    await execa("bash", ["-c", `set -u -o pipefail; ${measure}\nmeasure`], { cwd: state });
    return readFileSync(at("certificates.prom"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("fairhost_"));
  };
  const of = (name: string, value: number) => `fairhost_certificate_${name}{account="1",name="a.test"} ${value}`;
  expect(await measured()).toEqual([]);
  await writeFile(at("wait/a.test"), "2\n");
  expect(await measured()).toEqual([of("failed_tries", 2)]);
  await rm(at("wait/a.test"));
  await writeFile(at("issued/a.test"), "1800000000\n");
  expect(await measured()).toEqual([of("expires_seconds", 1_800_000_000)]);
});

test.each(["issued", "wait"])("without the folder %s nothing is known, and what was known stays", async (folder) => {
  const state = await mkdtemp(join(tmpdir(), "fairhost-measured-"));
  onTestFinished(() => rm(state, { recursive: true }));
  for (const other of ["issued", "wait"]) if (other !== folder) await mkdir(join(state, other));
  await writeFile(join(state, "names"), "");
  await execa("bash", ["-c", `set -u -o pipefail; ${measure}\nmeasure`], { cwd: state, reject: false });
  expect(existsSync(join(state, "certificates.prom"))).toBe(false);
});

/** What the program reads in the answer of a CA that limits what it gives: how many seconds to wait, and with what. */
async function read(name: string, detail: string): Promise<readonly [seconds: number, held: string]> {
  const out = `Could not obtain certificates:\n\tacme: error: 429 :: POST :: https://ca.example/new-order :: urn:ietf:params:acme:error:rateLimited :: ${detail}`;
  const { stdout } = await execa("bash", [
    "-c",
    `${limits}\nproblem=$(problem_of "$2"); until_when "$problem"; limited "$1" "$problem"`,
    "bash",
    name,
    out,
  ]);
  const [at, held = ""] = stdout.split("\n");
  return [Math.round(Number(at) - Date.now() / 1000), held];
}
const inSeconds = (seconds: number, end = " UTC") =>
  new Date(Date.now() + seconds * 1000)
    .toISOString()
    .replace("T", end === "Z" ? "T" : " ")
    .replace(/\..*/, end);
const day = 86_400;

// Texts of Let's Encrypt, before and since 2024.
test.each([
  [
    "shop.florist.test",
    `too many certificates (50) already issued for "florist.test" in the last 168h0m0s, retry after ${inSeconds(2 * day)}: see https://ca.example/docs`,
    2 * day,
    "florist.test",
  ],
  [
    "_.florist.test",
    `too many certificates (50) already issued for "florist.test" in the last 168h0m0s, retry after ${inSeconds(day, "Z")}: see`,
    day,
    "florist.test",
  ],
  [
    "florist.test",
    "too many certificates already issued for: florist.test: see https://ca.example/docs",
    3600,
    "florist.test",
  ],
  [
    "florist.test",
    `too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after ${inSeconds(day)}: see`,
    day,
    "",
  ],
  [
    "www.florist.test",
    `too many failed authorizations (5) for "www.florist.test" in the last 1h0m0s, retry after ${inSeconds(600)}: see`,
    600,
    "www.florist.test",
  ],
  [
    "florist.test",
    `too many new orders (300) from this account in the last 3h0m0s, retry after ${inSeconds(1800)}: see`,
    1800,
    "_all",
  ],
  ["florist.test", "Service busy; retry later.", 3600, "_all"],
  // Of another domain, over, or in a year: nobody stops a name so.
  ["florist.test", `too many certificates for "other.test", retry after ${inSeconds(-60)}`, 3600, "_all"],
  ["myflorist.test", `too many certificates for "florist.test", retry after ${inSeconds(365 * day)}`, 7 * day, "_all"],
])("%s: %s", async (name, detail, seconds, held) => {
  const [waits, about] = await read(name, detail);
  expect(about).toBe(held);
  expect(Math.abs(waits - seconds)).toBeLessThan(300);
});

/** What the certificate program of a host with a wildcard is started with. */
function started(delegated?: boolean): string {
  const server = { ...staticServer("www"), hostnames: ["*.alice.test"] };
  const some = declarationOf([{ number: 1, name: "alice", servers: [server] }]);
  const dns = { provider: "rfc2136", secrets: ["RFC2136_TSIG_SECRET"], ...(delegated !== undefined && { delegated }) };
  const certificates = { directory: "https://ca.example/dir", email: "ops@example.net", dns };
  const networks = some.networks.map((network) => ({ ...network, certificates }));
  const httpServers = some.httpServers.map((each) => ({ ...each, https: true }));
  const { files } = renderBundle({ ...some, networks, httpServers }, "web1").groups.host!;
  return files.find(({ path }) => path === "systemd/fairhost-certificates.service")!.content!;
}

test("proofs follow a CNAME, which an account's owner writes, only where that is declared", () => {
  expect(started()).toMatch(/LEGO_DISABLE_CNAME_SUPPORT=true/);
  expect(started(false)).toContain("LEGO_DISABLE_CNAME_SUPPORT=true");
  expect(started(true)).not.toContain("LEGO_DISABLE_CNAME_SUPPORT");
});

test.each([
  [
    "acme: error: 429 :: POST :: https://ca.example/new-order :: urn:ietf:params:acme:error:rateLimited :: Service busy",
    "429 rateLimited Service busy",
  ],
  // The server of an account has answered in the words of a CA.
  [
    'error: one or more domains had a problem:\n[shop.test] acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: Expected "x" (got "acme: error: 429 :: urn:ietf:params:acme:error:rateLimited :: retry after 2030-01-01 00:00:00 UTC")',
    '403 unauthorized Expected "x" (got "acme: error: 429 :: urn:ietf:params:acme:error:rateLimited :: retry after 2030-01-01 00:00:00 UTC")',
  ],
  ["dial tcp: urn:ietf:params:acme:error:rateLimited :: x", ""],
])("of %j the CA's own problem is the first one", async (out, problem) => {
  expect((await execa("bash", ["-c", `${limits}\nproblem_of "$1"`, "bash", out])).stdout).toBe(problem);
});
