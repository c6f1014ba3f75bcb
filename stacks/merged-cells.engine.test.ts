import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cell, stacks, type TwoCells, twoCells } from "../testing/projects/two-cells.ts";
import { setupToolchain } from "../toolchain/setup.ts";

let cells: TwoCells;

beforeAll(async () => {
  await setupToolchain();
  cells = await twoCells();
});

afterAll(() => cells?.[Symbol.asyncDispose]());

async function pulumi(...args: readonly string[]): Promise<string> {
  const { exitCode, all } = await cells.two.project.pulumi(args);
  expect(exitCode, all).toBe(0);
  return all;
}
const applied = async () => (await cells.routers.order()).filter((each) => each.endsWith(" apply"));
const up = (cell: Cell) => pulumi("up", "--yes", "--skip-preview", "-s", stacks[cell]);
const refused = async (cell: Cell) => {
  const { exitCode, all } = await cells.two.project.pulumi(["up", "--yes", "--skip-preview", "-s", stacks[cell]]);
  expect(exitCode, all).not.toBe(0);
  return all.replaceAll(/\s+/g, " ");
};

/** What makes all secrets of the host's accounts. */
const secret = () => readFile(join(cells.two.web2.root, "var/lib/fairhost/secrets/accounts/3"), "utf8");

test("a cell is merged into another: its host goes there with all it has, and gets nothing anew", async () => {
  for (const cell of ["routers", "main", "second", "routers"] as const) await up(cell);
  const before = await secret();
  // As docs/how-to/operate/hosts.md has it.
  const shown = await pulumi("stack", "--show-urns", "-s", stacks.second);
  const [web2] = /urn:.*BareMetalHost::web2$/m.exec(shown)!;
  await applied();
  await pulumi("state", "move", "--yes", "--source", stacks.second, "--dest", stacks.main, web2);
  cells.two.draft.edit("hosts/web2.yaml", "cell: second\n", "cell: main\n");
  // There is one cell now: its stack delivers to the routers, which get what they have.
  const said = await up("main");
  expect(await applied()).toEqual(["router-1 apply", "router-2 apply"]);
  expect(said).not.toMatch(/web2-(bootstrap|apply|master-secret)|account-3|Undefined value/);
  expect(await secret()).toBe(before);
});

test("the stacks that are left over are refused, are removed without contacting anybody, and are not missed", async () => {
  expect(await refused("second")).toContain(
    'no host is in cell "second"; there is main; nothing was touched. Correct it; the stack holds no host, so if it is not needed any more, remove it',
  );
  expect(await refused("routers")).toContain(`so that stack ${stacks.routers} (fairhost:cell routers) has none`);
  for (const cell of ["second", "routers"] as const) {
    await pulumi("destroy", "--yes", "--skip-preview", "-s", stacks[cell]);
    await pulumi("stack", "rm", "--yes", stacks[cell]);
  }
  const files = (await readdir(cells.two.project.directory)).filter((file) => /^Pulumi\..+\.yaml$/.test(file));
  expect(files).toEqual([`Pulumi.${stacks.main}.yaml`]);
  await up("main");
  expect(await applied()).toEqual([]);

  const text =
    "number: 7\nname: new-7\nplan: small\nhost: web2\nhttpServers: [{name: site, number: 1, kind: static, hostnames: []}]\n";
  cells.two.draft.write("accounts/7-new-7.yaml", text);
  await up("main");
  expect(await applied()).toEqual(["router-1 apply", "web2 apply", "router-2 apply"]);
});
