import { expect, test } from "vitest";
import type { Difference } from "../../delivery/protocol/inspection.ts";
import { formatDrift } from "./format-drift.ts";

const difference = (group: Difference["group"], change: Partial<Difference> = {}): Difference => ({
  group,
  kind: "file-changed",
  what: "x",
  message: "nginx/accounts/1.map was changed",
  repaired: "by the next deploy",
  ...change,
});

test("a table by host and account, no wider than 100 columns, and what to do next", async () => {
  const note = { kind: "kernel-outdated", message: "a newer kernel waits", note: true } as const;
  const text = formatDrift(
    [
      { host: "web1", generation: 4, differences: [] },
      {
        host: "web2",
        generation: 7,
        differences: [
          difference("host", { ...note, repaired: "by hand: reboot at a convenient time" }),
          difference("account-12", { message: `/srv/\u001b[31m${"long".repeat(40)} is missing` }),
          difference("account-12", { kind: "configuration-not-loaded", repaired: "by hand: look" }),
        ],
      },
      { host: "web3", error: "web3 (fd00::3 port 22) does not answer: check that it is up and reachable" },
    ],
    "prod",
  );
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  await expect(text).toMatchFileSnapshot("golden/drift.txt");
});

test.each([
  [[difference("host")], ["1 of 1 host answered; 1 difference on 1 host.", "1 will be repaired by the next deploy."]],
  [[difference("host", { note: true })], ["1 of 1 host answered; no drift found."]],
  [
    [difference("host", { repaired: "by hand: look" }), difference("account-1", { repaired: "by hand: look" })],
    ["1 of 1 host answered; 2 differences on 1 host.", "2 need manual repair."],
  ],
])("one and many, and no advice to deploy in a deploy's own output", (differences, last) => {
  const lines = formatDrift([{ host: "web1", generation: 4, differences }])
    .trimEnd()
    .split("\n");
  expect(lines.slice(lines.lastIndexOf("") + 1)).toEqual(last);
});

test("nothing is said about hosts that did not answer", () => {
  const silent = ["web1", "web2"].map((host) => ({ host, error: `${host} refuses connections` }));
  expect(formatDrift(silent, "prod")).toContain("\n\n0 of 2 hosts answered.\n2 hosts did not answer.\n");
});

test("routers are counted as such", () => {
  const answer = { generation: 4, differences: [difference("host")] };
  const web1 = { host: "web1", ...answer };
  const router1 = { host: "router-1", router: true as const, ...answer };
  const silent = { host: "router-2", router: true as const, error: "router-2 refuses connections" };
  const summary = (...results: Parameters<typeof formatDrift>[0]) => formatDrift(results).split("\n\n").at(-1);
  expect(
    summary(web1, router1, silent),
  ).toBe(`1 of 1 host and 1 of 2 routers answered; 2 differences on 1 host and 1 router.
2 will be repaired by the next deploy; 1 router did not answer.
`);
  expect(summary(router1)).toBe(`1 of 1 router answered; 1 difference on 1 router.
1 will be repaired by the next deploy.
`);
});
