import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TwoHosts, twoHosts } from "../testing/projects/two-hosts.ts";
import { setupToolchain } from "../toolchain/setup.ts";

let two: TwoHosts;

beforeAll(async () => {
  await setupToolchain();
  two = await twoHosts();
});

afterAll(async () => {
  await two?.[Symbol.asyncDispose]();
});

test("with --continue-on-error a dead host does not stop deliveries to others, and the outputs show which failed", async () => {
  const go = ["up", "--yes", "--skip-preview", "--continue-on-error"];
  expect((await two.project.pulumi(go)).exitCode).toBe(0);
  two.change(33);
  await two.web1[Symbol.asyncDispose]();
  const { exitCode, all } = await two.project.pulumi(go);
  expect(exitCode).not.toBe(0);
  expect(all).toMatch(
    /command:remote:Command \(web1-apply\):\s+error: root@127\.0\.0\.1:\d+: no connection after 3 attempts/,
  );
  expect(all, "a stack trace").not.toMatch(/unhandled|node_modules/);
  expect(JSON.parse((await two.project.pulumi(["stack", "output", "hosts", "--json"])).stdout)).toMatchObject({
    web1: {
      result: "failed",
      errors: [{ group: "host", message: "Not delivered: see the error of web1 in the output of Pulumi." }],
    },
    web2: { result: "applied", generation: "2", errors: [] },
  });
  const service = "var/lib/fairhost/current/systemd/account-3-http-site.service";
  expect(await readFile(join(two.web2.root, service), "utf8")).toContain("33");
});

test("a host that is declared lost is not contacted; an account that goes from it is held on its new host until it is restored", async () => {
  two.draft.edit("hosts/web1.yaml", "name: web1\n", "name: web1\nlost: 2026-11-27\n");
  two.draft.edit("accounts/1-alice.yaml", "host: web1", "host: web2");
  const { exitCode: status, all: refused } = await two.project.pulumi(["up", "--yes", "--skip-preview"]);
  expect([status, refused]).toEqual([255, expect.stringContaining("account 1 (alice): from web1 to web2")]);
  expect(refused).toContain("which only `npm run guard -- deploy` does; nothing was touched");

  const approve = (action: string, resource: string) => {
    const expires = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
    return { action, resource, approvedBy: "Grace", reason: "it burnt down", expires };
  };
  // Account 2 stays on it, and the other host's accounts would have no room without that one.
  const weaker = [approve("weaken", "host web1"), approve("weaken", "host web2")];
  const approvals = [approve("trust", "host web1"), approve("move", "account 1"), ...weaker];
  two.draft.write("approvals.yaml", JSON.stringify(approvals));
  const deploy = ["deploy", "--yes", "--policy-pack", fileURLToPath(new URL("../policies", import.meta.url))];
  for (const again of [false, true]) {
    const { exitCode, all } = await two.guard(deploy);
    expect(exitCode, all).toBe(5);
    expect(all).toContain("account 1: restoring its newest backup by web1 on web2\n");
    expect(all).toMatch(/restore-backup of account 1 on web2 failed \(5\): .*backup site\nAccount 1 is held on web2/);
    expect(all).not.toContain("no connection");
    if (again) expect(all).toContain("Safe: nothing changes.");
  }
  const state = (mark: string) => readFile(join(two.web2.root, "var/lib/fairhost", mark, "1"), "utf8");
  expect([await state("restoring"), await state("held")]).toEqual(["awaited\n", expect.any(String)]);
  expect((await two.project.pulumi(["up", "--yes", "--skip-preview"])).exitCode).toBe(0);
});
