import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Draft, wrongInventories } from "../../testing/inventory/wrong-inventory.cases.ts";
import { formatProblems, InventoryError, loadFleet } from "./load.ts";

const lab = join(import.meta.dirname, "../../inventory/lab");
let scratch = "";
let copies = 0;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "fairhost-inventory-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function draft(): Draft {
  const directory = join(scratch, String(++copies));
  cpSync(lab, directory, { recursive: true });
  return new Draft(directory);
}

async function problemsOf(directory: string): Promise<InventoryError> {
  const result = await loadFleet(directory).catch((error: unknown) => error);
  if (!(result instanceof InventoryError)) throw new Error(`expected problems, got ${String(result)}`);
  return result;
}

describe("each kind of wrong inventory", () => {
  const golden = new Map<string, string>();

  test.each(Object.entries(wrongInventories))("%s is refused", async (name, change) => {
    const { directory } = change(draft()) as Draft;
    const { problems } = await problemsOf(directory);
    golden.set(name, formatProblems(problems));
    for (const problem of problems) {
      expect(problem.fix, "every problem says how to fix it").not.toBe("");
      expect(problem.line).toBeGreaterThan(0);
    }
  });

  test("the messages are the golden ones", async () => {
    const text = [...golden].map(([name, problems]) => `== ${name}\n${problems}\n`).join("\n");
    expect(golden.size).toBe(Object.keys(wrongInventories).length);
    await expect(text).toMatchFileSnapshot("wrong-inventory.golden.txt");
    const messages = new Set([...golden.values()].map((problems) => problems.split("\n")[1]));
    expect(messages.size, "different kinds of mistake are told apart by their first message").toBeGreaterThan(80);
  });
});

test("reports several problems together, sorted; a wrong property does not hide the other problems of its entry", async () => {
  const { directory } = draft()
    .edit("accounts/2-bob.yaml", "number: 2", "number: 1")
    .edit("accounts/2-bob.yaml", "plan: small", "plan: big\ncolour: red")
    .edit("accounts/2-bob.yaml", "app.bob.test", "blog.alice.test")
    .edit("hosts/web1.yaml", "chain: b", "chain: c")
    .edit("hosts/web1.yaml", "hotSwap: true", "hotSwap: maybe")
    .edit("sites/lab.yaml", "latitude: 48.8566", "latitude: 148")
    .write("plans/large.yaml", "name: large\nmemoryMaxMb: [\n");
  const { problems, message } = await problemsOf(directory);
  expect(problems.map(({ file, path, message: text }) => `${file} ${path}: ${text}`).sort()).toEqual([
    'accounts/2-bob.yaml colour: unknown key "colour"',
    'accounts/2-bob.yaml httpServers.0.hostnames.0: host name "blog.alice.test" is already used at accounts/1-alice.yaml:11',
    "accounts/2-bob.yaml number: account number 1 is already used at accounts/1-alice.yaml:2",
    'accounts/2-bob.yaml plan: there is no plan "big"',
    'hosts/web1.yaml disks.0.hotSwap: got the text "maybe", expected true or false',
    'hosts/web1.yaml powerSupplies.1.chain: there is no chain "c" in hall "hall-1" at site "lab"',
    "plans/large.yaml : not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    "sites/lab.yaml location.latitude: got 148, expected at most 90",
  ]);
  expect(message.split("\n").at(-1)).toBe("8 problems in 4 files");
  expect(message).toContain(`${directory}/accounts/2-bob.yaml:2:9 number\n`);
});

test("references to an invalid or unreadable entry are not reported too", async () => {
  const { directory } = draft().write("hosts/web1.yaml", "").edit("plans/small.yaml", "tasksMax: 64", "tasksMax: 1");
  const { problems } = await problemsOf(directory);
  expect(problems.map(({ file, path }) => `${file} ${path}`)).toEqual([
    "hosts/web1.yaml ",
    "plans/small.yaml tasksMax",
  ]);
});

describe("what follows from a wrong range is not reported too", () => {
  const prod = join(import.meta.dirname, "../../inventory/prod");
  const pathsIn = async (change: (draft: Draft) => Draft): Promise<string[]> => {
    const directory = join(scratch, String(++copies));
    cpSync(prod, directory, { recursive: true });
    const { problems } = await problemsOf(change(new Draft(directory)).directory);
    return problems.map(({ file, path }) => `${file} ${path}`);
  };
  const par2 = "sites/par2.yaml";

  test("a prefix that another site has: not each address of the site's hosts and routers", async () => {
    expect(await pathsIn((draft) => draft.edit(par2, "2a00:b6e0:200::/40", "2a00:b6e0:100::/40"))).toEqual([
      `${par2} prefix`,
    ]);
  });

  test("a prefix that the fleet does not own, or that does not parse", async () => {
    expect(await pathsIn((draft) => draft.edit(par2, "2a00:b6e0:200::/40", "2a00:b6e1:200::/40"))).toEqual([
      `${par2} prefix`,
    ]);
    expect(await pathsIn((draft) => draft.edit(par2, "2a00:b6e0:200::/40", "2a00:b6e0:201::/40"))).toEqual([
      `${par2} prefix`,
    ]);
  });

  test("an IPv4 range with host bits, or of another site: not each front end's address", async () => {
    expect(await pathsIn((draft) => draft.edit(par2, "185.31.41.0/26", "185.31.41.1/26"))).toEqual([`${par2} prefix4`]);
    expect(await pathsIn((draft) => draft.edit(par2, "185.31.41.0/26", "185.31.40.0/26"))).toEqual([`${par2} prefix4`]);
  });

  test("an owned range that does not parse: not each site in it", async () => {
    const network = "network.yaml";
    const broken = (draft: Draft) =>
      draft
        .edit(network, "prefixes:\n", 'prefixes:\n  - "2001:db8::/32"\n')
        .edit(network, "2a00:b6e0::/32", "2a00:b6e0::1/32");
    expect(await pathsIn(broken)).toEqual([`${network} prefixes.1`]);
  });
});

test.each<[string, string, string]>([
  ["keys that nobody knows", "accounts/2-bob.yaml", Array.from({ length: 3000 }, (_, i) => `k${i}:\n`).join("")],
  ["items", "approvals.yaml", "- {}\n".repeat(3000)],
  ["numbers", "approvals.yaml", "- 010\n".repeat(3000)],
  ["keys given twice", "accounts/2-bob.yaml", Array.from({ length: 3000 }, (_, i) => `k${i >> 1}:\n`).join("")],
])("of thousands of wrong %s in a file a hundred are told", async (_, file, text) => {
  const { problems } = await problemsOf(draft().write(file, text).directory);
  const own = problems.filter((each) => each.file === file);
  expect(own).toHaveLength(101);
  expect(own.map(({ message }) => message)).toContain("the file has more than 100 problems; the others are not listed");
});

test("a file that may not be read is named", async () => {
  const { directory } = draft();
  chmodSync(join(directory, "accounts/1-alice.yaml"), 0o000);
  const root = process.geteuid?.() === 0;
  // Root can read every file, so run this as nobody.
  if (root) {
    chmodSync(scratch, 0o755);
    process.seteuid?.(65_534);
  }
  try {
    expect((await problemsOf(directory)).problems).toMatchObject([
      { file: "accounts/1-alice.yaml", message: "the file cannot be read (EACCES: permission denied)" },
    ]);
  } finally {
    if (root) process.seteuid?.(0);
  }
});

test("a missing directory", async () => {
  const { problems } = await problemsOf(join(scratch, "nowhere"));
  expect(problems).toMatchObject([
    { file: ".", message: "the directory cannot be read (ENOENT: no such file or directory)" },
  ]);
});

test("text from a file never controls the terminal", async () => {
  const { directory } = draft().write("\u001b[2J.yaml", "").edit("accounts/1-alice.yaml", "plan:", '"\\e[2J":');
  const { message } = await problemsOf(directory);
  expect(message).toContain("\\x1b[2J.yaml");
  expect(message.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
});
