import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, expect, test } from "vitest";
import { deliveryType } from "../../delivery/protocol/resources.ts";
import { twoHosts } from "../../testing/projects/two-hosts.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import { preview } from "./preview.ts";

const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));

interface RecordedEvent {
  readonly resourcePreEvent?: {
    readonly metadata: {
      readonly urn: string;
      readonly type: string;
      readonly old: { readonly inputs: Record<string, unknown> };
      readonly new: { readonly inputs: Record<string, unknown> };
    };
  };
}

/** What differs from run to run or from machine to machine, is secret, or is not read. */
const left: Readonly<Record<string, unknown>> = {
  ...{ timestamp: 0, durationSeconds: 0, id: "", outputs: {}, connection: {}, PolicyPacks: {} },
  ...{
    applier: "a".repeat(64),
    create: "",
    stdin: "",
    ssh: { address: "127.0.0.1", port: 22 },
  },
};

/** The engine names siblings in any order; here the stack and its providers come first, and parents before what lies under them. */
function order({ resourcePreEvent }: RecordedEvent): string {
  if (!resourcePreEvent) return "2";
  const { urn, type } = resourcePreEvent.metadata;
  return `${type.startsWith("pulumi:") ? 0 : 1} ${urn.split("$").length} ${urn}`;
}

/** Steps and summary of an event log, the same in every run and after every change of a renderer. */
function lasting(log: string): string {
  const events = log
    .split("\n")
    .filter((line) => /"(resourcePreEvent|summaryEvent)":/.test(line))
    .map((line) => JSON.parse(line, (key, value: unknown) => left[key] ?? value) as RecordedEvent)
    .sort((one, two) => (order(one) < order(two) ? -1 : 1));
  for (const { resourcePreEvent } of events) {
    if (resourcePreEvent?.metadata.type !== deliveryType) continue;
    resourcePreEvent.metadata.old.inputs.digest = "b".repeat(64);
    resourcePreEvent.metadata.new.inputs.digest = "c".repeat(64);
  }
  const text = events.map((event, sequence) => `${JSON.stringify({ ...event, sequence })}\n`).join("");
  return text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "00000000-0000-0000-0000-000000000000");
}

beforeAll(async () => {
  await setupToolchain();
});

/** Unit tests read this recording. A new or removed input of any component makes it old: read the diff, then renew it with `-u`. */
test("the recorded preview is what the engine says today: the lab's router gets another address", async () => {
  await using fleet = await twoHosts();
  const pulumi = async (...args: string[]) => {
    const { exitCode, all } = await fleet.project.pulumi(args, { PULUMI_DEBUG_COMMANDS: "true" });
    expect(exitCode, all).toBe(0);
  };
  await pulumi("up", "--yes", "--skip-preview");
  fleet.draft.edit("network.yaml", "fd00:8000::1\n", "fd00:8000::7\n");
  const log = join(fleet.project.directory, "events");
  await pulumi("preview", "--policy-pack", policyPack, "--event-log", log);
  await expect(lasting(await readFile(log, "utf8"))).toMatchFileSnapshot("fixtures/router-address.events.jsonl");

  // A disk with room for a part of the log: the engine goes on without a word, and ends with 0.
  for (const kilobytes of [0, 40]) {
    await using small = await smallDirectory(kilobytes);
    process.env.TMPDIR = small.path;
    try {
      const cut = await preview(fleet.engine, { policyPack });
      expect(cut).toMatchObject({ kind: "failed", messages: [expect.stringContaining("The engine's log")] });
    } finally {
      delete process.env.TMPDIR;
    }
  }
  expect(await preview(fleet.engine, { policyPack })).toMatchObject({ kind: "previewed" });
}, 600_000);

/** A directory on a file system of its own, with so much room left. */
async function smallDirectory(kilobytes: number): Promise<{ path: string } & AsyncDisposable> {
  const directory = await mkdtempDisposable(join(tmpdir(), "fairhost-small-"));
  await execa("mount", ["-t", "tmpfs", "-o", "size=1m", "small", directory.path]);
  await writeFile(join(directory.path, "full"), Buffer.alloc((1024 - kilobytes - 16) * 1024));
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      await execa("umount", ["--lazy", directory.path]);
      await directory.remove();
    },
  };
}
