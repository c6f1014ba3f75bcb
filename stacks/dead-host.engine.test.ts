import { readFile } from "node:fs/promises";
import { join } from "node:path";
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
