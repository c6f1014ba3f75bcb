import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordedServices } from "./services.ts";

test("a damaged record hides no other one: `lab down` would leave its machine running", () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-services-"));
  writeFileSync(join(directory, "web1.json"), JSON.stringify({ name: "web1", checkout: "/here", pid: 7 }));
  writeFileSync(join(directory, "web2.json"), JSON.stringify({ name: "web2", checkout: "/there", pid: 8 }));
  for (const [name, text] of [
    ["cut", '{"name":"sw'],
    ["empty", ""],
    ["nothing", "null"],
    ["number", "7"],
  ] as const)
    writeFileSync(join(directory, `${name}.json`), text);
  expect(recordedServices("/here", directory).map(({ name }) => name)).toEqual(["web1"]);
  expect(recordedServices("/here", join(directory, "none"))).toEqual([]);
  rmSync(directory, { recursive: true });
});
