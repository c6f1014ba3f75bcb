import { expect, test } from "vitest";
import type { Finding } from "../../host/inspect/finding.ts";
import { formatDrift } from "./format-drift.ts";

const finding = (group: Finding["group"], change: Partial<Finding> = {}): Finding => ({
  group,
  kind: "file-changed",
  what: "x",
  message: "nginx/accounts/1.map has another text than was written",
  repaired: "by the next deploy",
  ...change,
});

test("a table by host and account, no wider than 100 columns, and what to do next", async () => {
  const note = { kind: "kernel-outdated", message: "a newer kernel waits", note: true } as const;
  const text = formatDrift([
    { host: "web1", generation: 4, findings: [] },
    {
      host: "web2",
      generation: 7,
      findings: [
        finding("host", { ...note, repaired: "by hand: reboot when it suits" }),
        finding("account-12", { message: `/srv/\u001b[31m${"long".repeat(40)} is missing` }),
        finding("account-12", { kind: "configuration-not-loaded", repaired: "by hand: look" }),
      ],
    },
    { host: "web3", error: "web3 (fd00::3 port 22) does not answer: is it up, and is the way to it?" },
  ]);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  await expect(text).toMatchFileSnapshot("golden/drift.txt");
});
