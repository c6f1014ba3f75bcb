import { Command } from "commander";
import { declare } from "../fleet/declare/declare.ts";
import { editFleet, previewEdits } from "../fleet/edit/edit.ts";
import type { Edit } from "../fleet/edit/edit-schema.ts";
import { InventoryError, type Loaded, loadFleet } from "../fleet/load/load.ts";
import { count, printable } from "../lib/text/text.ts";
import { UserError } from "../lib/user-error.ts";
import { planTakeover, type Takeover } from "../policies/takeover.ts";
import { run, withAction } from "./exit-status.ts";

/**
 * The edits of the inventory that a takeover needs: the day on which the host was lost, each account's `host` (and `standby`, if it goes there), and the role of each spare host that gets
 * accounts.
 */
function editsOf(lost: string, { moves, spares }: Takeover, { fleet, where }: Loaded): Edit[] {
  const fileOf = (kind: "account" | "host", name: string) => where(kind, name)!.replace(/:\d+$/, "");
  const isSaid = fleet.hosts.some((host) => host.name === lost && host.lost !== undefined);
  const today = new Date().toISOString().slice(0, 10);
  return [
    ...(isSaid ? [] : [{ op: "set", file: fileOf("host", lost), path: ["lost"], value: today } satisfies Edit]),
    ...moves.flatMap(({ number, host, standby }): Edit[] => {
      const file = fileOf("account", `${number}`);
      return [
        { op: "set", file, path: ["host"], value: host },
        ...(standby === undefined ? [] : [{ op: "set", file, path: ["standby"], value: standby } satisfies Edit]),
      ];
    }),
    ...spares.map((name): Edit => ({ op: "set", file: fileOf("host", name), path: ["role"], value: "accounts" })),
  ];
}

function format(lost: string, { moves, spares, homeless }: Takeover, written: boolean): string {
  if (moves.length + homeless.length === 0) return `${printable(lost)} has no account.`;
  const warm = moves.filter(({ standby }) => standby !== undefined);
  const cold = moves.filter(({ standby }) => standby === undefined);
  const go = (some: typeof moves, where: string) =>
    some.length === 0
      ? []
      : [
          `${count(some.length, "account")} of ${lost} ${some.length === 1 ? "goes" : "go"} to ${where}:`,
          ...some.map(({ number, name, host }) => `  account ${number} (${name}) -> ${host}`),
        ];
  const lines = [
    ...go(warm, "their standby hosts, which have a copy of their backups"),
    ...(warm.length === 0
      ? []
      : [
          `There they get other addresses, so their DNS records must change. ${lost} becomes their standby: until it is back, they have none. To leave them at their site, add --without with the standby host.`,
        ]),
    ...go(cold, "other hosts of its site and cell"),
    ...spares.map((name) => `Spare host ${name} gets role accounts.`),
    ...homeless.map(({ number, name, reason }) => `No room for account ${number} (${name}): ${reason}.`),
  ];
  if (homeless.length > 0) lines.push(`Fix: add a host to the site and cell of ${lost}, and run this command again.`);
  if (moves.length > 0) {
    lines.push(
      written
        ? "The inventory is changed. Next: approve the moves, then run `npm run guard -- deploy`, which restores the newest backups (docs/how-to/operate/incidents.md)."
        : "Nothing is written yet: add --write.",
    );
  }
  return lines.map(printable).join("\n");
}

/** `npm run takeover`: gives the accounts of a lost host other hosts in the inventory. */
const takeoverCommand = withAction(
  new Command("takeover")
    .description(
      "Chooses other hosts for the accounts of a lost host: their standby, or by capacity, at its site and in its cell. Contacts no host.",
    )
    .argument("<directory>", "the fleet's directory, for example inventory/prod")
    .argument("<host>", "name of the lost host")
    .option("--without <hosts...>", "give no account to these hosts, for example because they are lost too")
    .option("--write", "change the inventory's files, all or none")
    .option("--json", "print one JSON document for programs"),
  ["blocked"],
  async (directory: string, lost: string, options: { without?: string[]; write?: boolean; json?: boolean }) => {
    const { without = [], write = false, json = false } = options;
    const loaded = await loadFleet(directory);
    const declaration = declare(loaded.fleet);
    const hosts = declaration.hosts.filter(({ role }) => role !== "backup").map(({ name }) => name);
    const unknown = [lost, ...without].filter((name) => !hosts.includes(name));
    if (unknown.length > 0) {
      const messages = unknown.map(
        (name) => `${printable(name)} is not a host for accounts in ${printable(directory)}.`,
      );
      throw new UserError([...messages, `Fix: name one of ${hosts.join(", ")}.`].join("\n"), "wrong usage");
    }
    const takeover = planTakeover(declaration, lost, without);
    const edits = editsOf(lost, takeover, loaded);
    if (write) editFleet(directory, edits);
    const { files, problems } = write ? { files: [], problems: [] } : previewEdits(directory, edits);
    if (problems.length > 0) throw new InventoryError(directory, problems);
    const diffs = files.map(({ diff }) => diff).join("");
    console.log(
      json
        ? JSON.stringify({ lost, written: write, ...takeover }, undefined, 2)
        : `${diffs}${format(lost, takeover, write)}`,
    );
    return takeover.homeless.length === 0 ? "done" : "blocked";
  },
);

if (import.meta.main) await run(takeoverCommand);
