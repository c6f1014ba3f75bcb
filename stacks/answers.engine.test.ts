import { existsSync, readFileSync } from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AnswerStamp, answersDirectory, signAnswer } from "../delivery/protocol/answers.ts";
import { type SimulatedHost, simulatedHost } from "../testing/fakes/simulated-host.ts";
import { type TwoHosts, twoHosts } from "../testing/projects/two-hosts.ts";
import { setupToolchain } from "../toolchain/setup.ts";

let two: TwoHosts;
let backup: SimulatedHost;

beforeAll(async () => {
  await setupToolchain();
  [two, backup] = await Promise.all([twoHosts(), simulatedHost()]);
  await backup.admit(`${two.web1.privateKeyFile}.pub`);
  await appendFile(two.settings.knownHosts!, backup.knownHosts);
  two.draft.write("known_hosts", two.web1.knownHosts + two.web2.knownHosts + backup.knownHosts);
  two.draft.copy(
    "hosts/web2.yaml",
    "hosts/bak1.yaml",
    ["name: web2", "name: bak1\nrole: backup"],
    ...(
      [
        ["lab-web2", "lab-bak1"],
        ["::12", "::13"],
        ["::b2", "::b3"],
        ["4200000012", "4200000013"],
      ] as const
    ).map(([from, to]) => [from, to] as [string, string]),
    [`port: ${two.web2.port}`, `port: ${backup.port}`],
    ["web2-a", "bak1-a"],
    ["web2-b", "bak1-b"],
    ["Ethernet2", "Ethernet3"],
    ["xe-0/0/2", "xe-0/0/3"],
  );
});

afterAll(async () => {
  await Promise.all([two?.[Symbol.asyncDispose](), backup?.[Symbol.asyncDispose]()]);
});

async function up(...args: string[]): Promise<void> {
  const { exitCode, all } = await two.project.pulumi(["up", "--yes", "--skip-preview", ...args]);
  expect(exitCode, all).toBe(0);
}

async function nothingDiffers(): Promise<void> {
  const { exitCode, all } = await two.project.pulumi(["preview", "--expect-no-changes"]);
  expect(exitCode, all).toBe(0);
}

/** What the backup host says to web1. */
function answer(): { text: string; stamp?: AnswerStamp } {
  const [text = "", stamp] = readFileSync(join(backup.root, answersDirectory, "web1"), "utf8")
    .trim()
    .split("\n");
  return { text, ...(stamp !== undefined && { stamp: JSON.parse(stamp) as AnswerStamp }) };
}
const onWeb1 = (path: string) => join(two.web1.root, "var/lib/fairhost", path);
/** The number that web1 knows of. */
const known = () => (existsSync(onWeb1("answered")) ? Number(readFileSync(onWeb1("answered"), "utf8")) : 0);
const masterOfWeb1 = () => Buffer.from(readFileSync(onWeb1("secrets/master-1"), "utf8"), "base64");
const isLost = (day: string) => two.draft.edit("hosts/web1.yaml", "name: web1\n", `name: web1\nlost: ${day}\n`);
const isBack = (day: string) => two.draft.edit("hosts/web1.yaml", `lost: ${day}\n`, "");

test("answers get their order from the state, and only the controller can sign them; nothing differs in the next deploy", async () => {
  await up();
  expect(answer()).toEqual({ text: '{"host":"web1"}' });
  const { stdout: older } = await two.project.pulumi(["stack", "export"]);

  isLost("2026-11-27");
  await up();
  const text = '{"host":"web1","lost":"2026-11-27","accounts":[1,2]}';
  const first = answer().stamp!.number;
  expect(answer()).toEqual({
    text,
    stamp: { number: first, epoch: 1, signature: signAnswer(masterOfWeb1(), 1, first, text) },
  });
  await nothingDiffers();

  // The wave of the backup host comes first, and forgets what it said.
  isBack("2026-11-27");
  await up("--target", "**bak1-apply");
  expect(answer()).toEqual({ text: '{"host":"web1"}', stamp: { number: first + 1 } });
  expect(known()).toBe(0);
  await up();
  expect(known()).toBe(first + 1);
  await nothingDiffers();

  // The wave of the host comes first.
  isLost("2026-11-27");
  await up();
  expect(answer().stamp!.number).toBe(first + 2);
  isBack("2026-11-27");
  await up("--target", "**web1-apply");
  expect([known(), answer().stamp!.number]).toEqual([first + 3, first + 2]);
  await up();
  expect([known(), answer().stamp!.number]).toEqual([first + 3, first + 3]);

  // A state from before all of this.
  const file = join(two.project.directory, "older.json");
  await writeFile(file, older);
  const { exitCode, all } = await two.project.pulumi(["stack", "import", "--file", file]);
  expect(exitCode, all).toBe(0);
  isLost("2026-11-28");
  await up();
  expect(answer().stamp!.number).toBeGreaterThan(known());
});
