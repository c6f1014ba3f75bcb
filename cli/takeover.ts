import { Command } from "commander";
import { declare } from "../fleet/declare/declare.ts";
import { editFleet, previewEdits } from "../fleet/edit/edit.ts";
import type { Edit } from "../fleet/edit/edit-schema.ts";
import { InventoryError, type Loaded, loadFleet } from "../fleet/load/load.ts";
import { count, listed, printable } from "../lib/text/text.ts";
import { UserError } from "../lib/user-error.ts";
import { planTakeover, type Takeover } from "../policies/takeover.ts";
import { run, withAction } from "./exit-status.ts";

/**
 * The edits of the inventory that a takeover needs: the day on which each host was lost, each account's `host` (and `standby`, if it goes there), and the role of each spare host that gets
 * accounts.
 */
function editsOf(lost: readonly string[], { moves, spares }: Takeover, { fleet, where }: Loaded): Edit[] {
  const fileOf = (kind: "account" | "host", name: string) => where(kind, name)!.replace(/:\d+$/, "");
  const said = new Set(fleet.hosts.flatMap((host) => (host.lost === undefined ? [] : host.name)));
  const today = new Date().toISOString().slice(0, 10);
  return [
    ...lost
      .filter((name) => !said.has(name))
      .map((name): Edit => ({ op: "set", file: fileOf("host", name), path: ["lost"], value: today })),
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

/** @param isElsewhere whether other sites were looked at */
function format(
  lost: readonly string[],
  { moves, spares, homeless }: Takeover,
  { written, isElsewhere }: { written: boolean; isElsewhere: boolean },
): string {
  const hosts = printable(listed(lost));
  const is = lost.length === 1 ? "is" : "are";
  const go = (some: typeof moves, where: string, ...then: readonly string[]) =>
    some.length === 0
      ? []
      : [
          `${count(some.length, "account")} of ${hosts} ${some.length === 1 ? "goes" : "go"} to ${where}:`,
          ...some.map(({ number, name, host }) => `  account ${number} (${name}) -> ${host}`),
          ...then,
        ];
  const elsewhere = moves.filter((move) => move.elsewhere);
  const exchanged = elsewhere.some(({ standby }) => standby !== undefined);
  const near = moves.filter((move) => !move.elsewhere);
  const addresses = "There they get other addresses, so their DNS records must change.";
  const lines = [
    ...go(
      near.filter(({ standby }) => standby !== undefined),
      "their standby hosts, which have a copy of their backups",
      `${addresses} The lost host becomes their standby: until it is back, they have none. To leave them at their site, add --without with the standby host.`,
    ),
    ...go(
      near.filter(({ standby }) => standby === undefined),
      "other hosts of the same site and cell",
    ),
    ...go(
      elsewhere,
      "hosts of other sites",
      `${addresses}${exchanged ? " The lost host becomes the standby of those whose standby is at that site: until it is back, they have none." : ""}`,
    ),
    ...spares.map((name) => `Spare host ${name} gets role accounts.`),
    ...homeless.map(({ number, name, reason }) => `No room for account ${number} (${name}): ${reason}.`),
  ];
  if (moves.length + homeless.length === 0) lines.push(`${hosts} ${lost.length === 1 ? "has" : "have"} no account.`);
  if (homeless.length > 0)
    lines.push(
      `Fix: add a host ${isElsewhere ? "to the same cell" : `to the site and cell of ${hosts}`}, and run this command again${isElsewhere ? "" : "; or add --elsewhere, which takes hosts of other sites with the same backup site, too"}.`,
    );
  lines.push(
    written
      ? `The inventory is changed: ${hosts} ${is} lost. Next: run \`npm run guard -- review --base main\`, which prints each approval to paste: \`trust\` for ${hosts}, \`move\` for accounts that go, \`weaken\` for what stays without a host, a standby or room. Then run \`npm run guard -- deploy\`, which restores the newest backups (docs/how-to/operate/incidents.md).`
      : "Nothing is written yet: add --write.",
  );
  return lines.map(printable).join("\n");
}

interface Options {
  readonly site?: string;
  readonly without?: readonly string[];
  readonly elsewhere?: boolean;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** `npm run takeover`: gives the accounts of lost hosts other hosts in the inventory. */
const takeoverCommand = withAction(
  new Command("takeover")
    .description(
      "Chooses other hosts for the accounts of lost hosts: their standby, or by capacity, at the same site and in the same cell. Contacts no host.",
    )
    .argument("<directory>", "the fleet's directory, for example inventory/prod")
    .argument("[hosts...]", "names of the lost hosts, also backup hosts")
    .option("--site <name>", "all hosts of this site are lost")
    .option("--without <hosts...>", "give no account to these hosts, for example because they are lost too")
    .option("--elsewhere", "accounts without a place at their site go to other sites with the same backup site")
    .option("--write", "change the inventory's files, all or none")
    .option("--json", "print one JSON document for programs"),
  ["blocked"],
  async (directory: string, named: readonly string[], options: Options) => {
    const { site, without = [], elsewhere = false, write = false, json = false } = options;
    const loaded = await loadFleet(directory);
    const declaration = declare(loaded.fleet);
    const hosts = declaration.hosts.map(({ name }) => name);
    const ofSite = declaration.hosts.filter((host) => host.site === site).map(({ name }) => name);
    const lost = [...new Set([...named, ...ofSite])].sort();
    const unknown = [...new Set([...lost, ...without])].filter((name) => !hosts.includes(name));
    const messages = unknown.map((name) => `${printable(name)} is not a host in ${printable(directory)}.`);
    if (site !== undefined && ofSite.length === 0)
      messages.push(`${printable(site)} is not a site with hosts in ${printable(directory)}.`);
    if (lost.length === 0) messages.push("No lost host is named.");
    if (messages.length > 0) {
      const sites = [...new Set(declaration.hosts.map((host) => host.site))];
      throw new UserError(
        [...messages, `Fix: name hosts of ${hosts.join(", ")}, or --site with one of ${sites.join(", ")}.`].join("\n"),
        "wrong usage",
      );
    }
    const takeover = planTakeover(declaration, lost, { without, elsewhere });
    const edits = editsOf(lost, takeover, loaded);
    if (write) editFleet(directory, edits);
    const { files, problems } = write ? { files: [], problems: [] } : previewEdits(directory, edits);
    if (problems.length > 0) throw new InventoryError(directory, problems);
    const diffs = files.map(({ diff }) => diff).join("");
    console.log(
      json
        ? JSON.stringify({ lost, written: write, ...takeover }, undefined, 2)
        : `${diffs}${format(lost, takeover, { written: write, isElsewhere: elsewhere })}`,
    );
    return takeover.homeless.length === 0 ? "done" : "blocked";
  },
);

if (import.meta.main) await run(takeoverCommand);
