import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endings } from "../../cli/exit-status.ts";
import { checkoutTree } from "../references.ts";

/** A kind is one folder: a copy of the checkout gets one more, and everything that goes through kinds knows it. */

const checkout = join(import.meta.dirname, "../..");
const entry = `reminders:
  - name: water
    everyMinutes: 60
    command: [bin/water, --now]
    environment: {CAN: blue-9431}
`;

let copy: string;
/** The lab's fleet without the entry, beside the copy. */
let before: string;

const lab = "inventory/lab";
const alice = "accounts/1-alice.yaml";

/** A program of the project, run where the copy is. Never throws on an exit status. */
async function node(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, { cwd: copy, reject: false });
  return { exitCode, stdout, stderr };
}

/** What a module prints that is run there. */
async function evaluate(text: string): Promise<unknown> {
  const { exitCode, stdout, stderr } = await node("--input-type=module", "--eval", text);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

const git = (...args: readonly string[]) =>
  execa("git", ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", ...args], {
    cwd: copy,
  });

/** Alice's file of a fleet, with something else in place of a text. */
function change(fleet: string, from: string, to: string): void {
  const file = join(fleet, alice);
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

/** The lab's fleet of the copy in a directory of its own. */
function fleet(name: string): string {
  const directory = join(copy, "..", name);
  cpSync(join(copy, lab), directory, { recursive: true });
  return directory;
}

beforeAll(async () => {
  const scratch = mkdtempSync(join(tmpdir(), "fairhost-example-kind-"));
  copy = join(scratch, "checkout");
  for (const file of checkoutTree(checkout).files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(checkout, file), join(copy, file));
  }
  symlinkSync(join(checkout, "node_modules"), join(copy, "node_modules"));
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "without it");
  before = fleet("before");

  cpSync(join(import.meta.dirname, "reminder"), join(copy, "components/reminder"), { recursive: true });
  writeFileSync(join(copy, lab, alice), readFileSync(join(copy, lab, alice), "utf8") + entry);
  const { stdout, stderr } = await node("cli/generate.ts");
  expect(stdout, stderr).toContain("Written: components/account/entries.generated.ts");
});

afterAll(() => rmSync(join(copy, ".."), { recursive: true }));

test("what is generated is up to date then", async () => {
  expect((await node("cli/generate.ts")).stdout).toBe("Up to date.");
});

test("it compiles", { timeout: 300_000 }, async () => {
  const { exitCode, stdout } = await node("node_modules/typescript/bin/tsc");
  expect(stdout).toBe("");
  expect(exitCode).toBe(0);
});

describe("the inventory", () => {
  test("loads, and counts it", async () => {
    const { stdout, stderr } = await node("cli/inventory.ts", lab);
    expect(stdout, stderr).toMatch(/^inventory\/lab has no problems: .* HTTP servers.*, 1 reminder\b/);
  });

  test("refuses a wrong entry with file and line", async () => {
    const wrong = fleet("wrong");
    change(wrong, "everyMinutes: 60", "everyMinutes: often\n    when: now");
    const { exitCode, stdout } = await node("cli/inventory.ts", wrong);
    expect(exitCode).toBe(endings.blocked[0]);
    const lines = readFileSync(join(wrong, alice), "utf8").split("\n");
    const at = (key: string) => `${wrong}/${alice}:${lines.findIndex((line) => line.includes(key)) + 1}:`;
    expect(stdout).toContain(
      `${at("everyMinutes")}19 reminders.0.everyMinutes\n  got the text "often", expected a number`,
    );
    expect(stdout).toContain(`${at("when")}5 reminders.0.when\n  unknown key "when"`);
  });

  test("refuses two of one name, and a waiver of one that is not there", async () => {
    const twice = fleet("twice");
    change(twice, entry, entry + entry.replace("reminders:\n", ""));
    writeFileSync(
      join(twice, "waivers.yaml"),
      "- {rule: reminders-not-too-often, resource: reminder 1/walter, owner: Ada, reason: until it is slower, expires: 2026-12-01}\n",
    );
    const { stdout } = await node("cli/inventory.ts", twice);
    expect(stdout).toContain('reminder name "water" is already used at accounts/1-alice.yaml:');
    expect(stdout).toContain('there is no reminder "1/walter"\n');
    expect(stdout).toContain('did you mean "1/water"?');
  });

  test("is judged by its own rule, and by those that find values by their meaning", async () => {
    const broken = fleet("broken");
    change(broken, "everyMinutes: 60", "everyMinutes: 1");
    change(broken, "[bin/water, --now]", "[/usr/bin/nsenter, -t, '1']");
    const { exitCode, stdout } = await node("cli/inventory.ts", broken);
    expect(exitCode).toBe(endings.blocked[0]);
    expect(stdout).toContain(`${broken}/${alice}:15: Reminder 1/water comes every 1 minutes.`);
    expect(stdout).toContain(
      `${broken}/${alice}:16: Reminder 1/water starts "/usr/bin/nsenter", which administers the host.`,
    );
    writeFileSync(
      join(broken, "waivers.yaml"),
      "- {rule: reminders-not-too-often, resource: reminder 1/water, owner: Ada, reason: until it is slower, expires: 2026-12-01}\n",
    );
    const waived = await node("cli/inventory.ts", broken, "--today", "2026-11-24");
    expect(waived.stdout).not.toContain("comes every 1 minutes");
    expect(waived.stdout).toContain("which administers the host");
  });
});

describe("guard review", () => {
  async function review(base: string, head: string) {
    const args = ["--base", base, "--inventory", head, "--today", "2026-11-24"];
    const { exitCode, stdout, stderr } = await node("cli/guard.ts", "review", ...args);
    const text = (stdout + stderr).replaceAll(/\s+/g, " ");
    const ending = Object.entries(endings).find(([, [status]]) => status === exitCode)?.[0];
    return { ending, text };
  }

  test("says what comes, and where it stands", async () => {
    const { ending, text } = await review(before, lab);
    expect(text).toContain("Reminds account 1 of water every 60 minutes.");
    expect(text).toContain("Touches 1 host and 1 account");
    expect(ending, text).toBe("done");
  });

  test("says what changes, but not what its program is given", async () => {
    const after = fleet("changed");
    change(after, "everyMinutes: 60", "everyMinutes: 90");
    change(after, "blue-9431", "red-7710");
    change(after, "--now", "--later");
    const { ending, text } = await review(lab, after);
    expect(text).toContain("Changes reminder 1/water: every minutes 60 to 90, command, environment CAN.");
    expect(text).not.toMatch(/blue-9431|red-7710|--later/);
    expect(ending, text).toBe("done");
  });

  test("says what goes, and asks for an approval, as the kind wants it", async () => {
    const { ending, text } = await review(lab, before);
    expect(text).toContain("Deletes reminder 1/water.");
    expect(text).toContain("Removes reminder 1/water.");
    expect(text).toContain("- action: delete resource: reminder 1/water");
    expect(ending).toBe("needs approval");
    const approved = fleet("approved");
    change(approved, entry, "");
    writeFileSync(
      join(approved, "approvals.yaml"),
      "- {action: delete, resource: reminder 1/water, approvedBy: Grace, reason: it rains every day, expires: 2026-12-01}\n",
    );
    expect((await review(lab, approved)).ending).toBe("done");
  });

  test("tells it with its account when that goes", async () => {
    const [full, gone] = [fleet("full"), fleet("gone")];
    rmSync(join(gone, alice));
    writeFileSync(join(gone, "tombstones.yaml"), "- {number: 1, name: alice, deleted: 2026-11-24}\n");
    rmSync(join(full, "tombstones.yaml"));
    const { text } = await review(full, gone);
    expect(text).toContain("Deletes account 1 (alice): 1 HTTP server, 1 reminder and the prefix are removed;");
    expect(text).not.toContain("Removes reminder");
  });
});

describe("for people and editors", () => {
  test.each([
    ["docs/reference/components.md", "## reminder\n\nA program that an account has run every so many minutes.\n"],
    ["docs/reference/inventory.md", "| `reminders[].everyMinutes` | whole number | required | 1 to 10080 |"],
    ["docs/reference/rules.md", "### reminders-not-too-often\n"],
    ["inventory/json-schemas/account.schema.json", '"everyMinutes"'],
  ])("%s has it", (file, text) => expect(readFileSync(join(copy, file), "utf8")).toContain(text));
});

describe("on a host", () => {
  const render = `const { loadFleet, declare, renderBundle } = await import("./fairhost.ts");
    const { fleet } = await loadFleet("${lab}");
    const bundle = renderBundle(declare(fleet), "web1");`;

  test("its file is in the bundle, in its account's group", async () => {
    const files = await evaluate(`${render}
      console.log(JSON.stringify(bundle.groups["account-1"].files.filter(({ path }) => path.startsWith("reminders/"))))`);
    expect(files).toEqual([
      {
        path: "reminders/1-water",
        content:
          '{"everyMinutes":60,"user":"a1","directory":"/home/alice","command":["bin/water","--now"],"environment":{"CAN":"blue-9431"}}\n',
      },
    ]);
  });

  test("drift of its file is found", async () => {
    const differences = await evaluate(`${render}
      const { Tree, secret } = await import("./testing/fakes/host-tree.ts");
      const { apply } = await import("./host/apply/apply.ts");
      const { inspect } = await import("./host/inspect/inspect.ts");
      const { appendFileSync } = await import("node:fs");
      const tree = new Tree();
      const look = async () => (await inspect(tree.machine(), {}, process.execPath)).differences;
      try {
        const { result } = await apply(tree.machine(), bundle, secret);
        const sound = await look();
        appendFileSync(tree.at("/var/lib/fairhost/current/reminders/1-water"), "and more");
        const drifted = await look();
        await apply(tree.machine(), bundle, secret);
        console.log(JSON.stringify({ result, sound, drifted, repaired: await look() }));
      } finally {
        tree[Symbol.dispose]();
      }`);
    expect(differences).toMatchObject({
      result: "applied",
      sound: [],
      drifted: [
        { group: "account-1", kind: "file-changed", what: "reminders/1-water", repaired: "by the next deploy" },
      ],
      repaired: [],
    });
  });
});

describe("in the end", () => {
  test("the tests that go through kinds pass, once their golden files are written anew", {
    timeout: 300_000,
  }, async () => {
    const files = ["components", "policies/rules", "policies/pack", "policies/seeded", "fleet/load", "fleet/reference"];
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", ...files];
    // Not how long judging takes, which tells nothing on a machine that does other things as well.
    const { exitCode, stdout, stderr } = await node(...vitest, "--testNamePattern", "^(?!judging is linear)", "-u");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain("components/reminder/rules/reminders-not-too-often.test.ts");
  });

  test("no other file was edited: what is generated, golden files, the inventory", async () => {
    const { stdout } = await git("status", "--porcelain");
    const written = /\.generated\.ts$|^docs\/reference\/.*\.md$|^inventory\/json-schemas\/.*\.json$|\.golden\.txt$/;
    const edited = stdout.split("\n").map((line) => line.slice(3));
    expect(edited.filter((file) => !written.test(file)).sort()).toEqual(["components/reminder/", `${lab}/${alice}`]);
    expect(edited.filter((file) => file.endsWith(".golden.txt")).sort()).toEqual([
      "fleet/load/wrong-inventory.golden.txt",
      "policies/seeded.golden.txt",
    ]);
  });
});
