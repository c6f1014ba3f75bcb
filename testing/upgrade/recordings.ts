import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { z } from "zod";

const manifestSchema = z.strictObject({
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  day: z.iso.date(),
  steps: z.array(z.strictObject({ file: z.string(), add: z.string() })),
  /** Rules of the release that are gone since, or read inputs that are gone; a pull request with the upgrade needs an approval for each. */
  changedRules: z.array(z.string()).default([]),
});

/** What a release left behind: see the README beside it. */
export interface Recording extends Readonly<z.infer<typeof manifestSchema>> {
  readonly version: string;
  readonly directory: string;
}

/** The stack of every recording: the program takes the passphrase "lab" for no other name. */
export const recordedStack = { stack: "lab", passphrase: "lab" } as const;

/** All recordings, one folder a release. */
export const recordings: readonly Recording[] = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name: version }) => {
    const directory = join(import.meta.dirname, version);
    const manifest = readFileSync(join(directory, "recording.json"), "utf8");
    return { version, directory, ...manifestSchema.parse(JSON.parse(manifest)) };
  });

/** Copies a recorded inventory, as its administrator upgrades it: with the lines that the upgrade asks for, unless told otherwise. */
export function copyInventory({ directory, steps }: Recording, to: string, options = { upgraded: true }): void {
  cpSync(join(directory, "inventory"), to, { recursive: true });
  if (!options.upgraded) return;
  for (const { file, add } of steps) appendFileSync(join(to, file), `${add}\n`);
}

/** Lays out the files of a recorded stack's project, apart from Pulumi's own, and returns its settings, keys without their namespace. */
export function layOutProject(recording: Recording, project: string): Record<string, string> {
  copyInventory(recording, join(project, "inventory/lab"));
  mkdirSync(join(project, ".lab"));
  cpSync(join(recording.directory, "known_hosts"), join(project, ".lab/known_hosts"));
  // Only an update would log in with it; the recorded key is in the state and stays there.
  writeFileSync(join(project, ".lab/id_ed25519"), "no key\n");
  writeFileSync(join(project, "state.json"), gunzipSync(readFileSync(join(recording.directory, "state.json.gz"))));
  const text = readFileSync(join(recording.directory, "Pulumi.lab.yaml"), "utf8");
  const { config } = parse(text) as { config: Readonly<Record<string, string>> };
  const settings = Object.entries(config).map(([key, value]) => [key.replace("fairhost:", ""), value]);
  // Waivers and releases of Debian are judged on the day of the recording.
  return { ...Object.fromEntries(settings), today: recording.day };
}

/** Hosts whose generation was recorded. */
export function recordedHosts({ directory }: Recording): string[] {
  const names = readdirSync(join(directory, "generation")).filter((name) => name.endsWith(".tar.gz"));
  return names.map((name) => name.replace(".tar.gz", ""));
}
