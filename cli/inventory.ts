import { Command } from "commander";
import { accountEntries } from "../components/account/entries.generated.ts";
import { openSsh } from "../components/firewall/open-ssh.ts";
import { lostHosts } from "../components/host/hardware/lost.ts";
import { fileKinds } from "../components/registry/files.generated.ts";
import { allKinds, type Subject } from "../components/registry/subject.ts";
import { declare } from "../fleet/declare/declare.ts";
import { InventoryError, type Loaded, loadFleet } from "../fleet/load/load.ts";
import { count, listed, printable } from "../lib/text/text.ts";
import { utcToday } from "../lib/today.ts";
import { judgeDeclaration } from "../policies/check-declaration.ts";
import { formatViolations } from "../policies/format-violations.ts";
import { describeWaived } from "../policies/waivers.ts";
import { run, withAction } from "./exit-status.ts";
import { day } from "./guard/options.ts";

/** Result of checking an inventory, for people and for programs. */
export interface Checked {
  readonly sound: boolean;
  /** For a terminal. */
  readonly text: string;
  /** For programs: problems of the files, and violations of the rules with `where` (`accounts/1-alice.yaml:4`). */
  readonly json: unknown;
}

/** Kinds of which each one has a file of its own, or an entry in its account's. */
const written = allKinds.filter(
  ({ key }) =>
    key in accountEntries || Object.entries(fileKinds).some(([file, { path }]) => file === key && path.endsWith("/")),
);

/**
 * Loads a fleet and, if that succeeds, checks the mandatory rules. Writes nothing; needs neither Pulumi nor network.
 * @param today ISO 8601
 */
export async function check(directory: string, today: string): Promise<Checked> {
  let loaded: Loaded;
  try {
    loaded = await loadFleet(directory);
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error;
    return { sound: false, text: error.message, json: { sound: false, problems: error.problems, violations: [] } };
  }
  const { fleet, where } = loaded;
  const declaration = declare(fleet);
  const { violations, waived } = judgeDeclaration(declaration, today);
  const place = ({ kind, name, path }: Subject): string | undefined => where(kind, name, path);
  const sound = violations.length === 0;
  const lost = [...lostHosts(declaration.hosts)];
  const isLost =
    lost.length === 0
      ? []
      : [
          `${listed(lost)} ${lost.length === 1 ? "is" : "are"} declared lost, and the rules count ${lost.length === 1 ? "it" : "them"} as standing: \`npm run prove\` says what is left.`,
        ];
  const remarks = openSsh(declaration);
  const summary = written
    .filter(({ key }) => declaration[key].length > 0)
    .map(({ key, words }) => count(declaration[key].length, ...words))
    .join(", ");
  return {
    sound,
    text: sound
      ? [
          `${printable(directory)} has no problems: ${summary}`,
          ...waived.map(describeWaived),
          ...isLost,
          ...remarks,
        ].join("\n")
      : formatViolations(violations, (subject) => {
          const found = place(subject);
          return found && `${directory.replace(/\/+$/, "")}/${found}`;
        }),
    json: {
      sound,
      ...(lost.length > 0 && { lost }),
      ...(remarks.length > 0 && { remarks }),
      problems: [],
      violations: violations.map((violation) => ({ ...violation, where: place(violation.subject) })),
      waived: waived.map(({ violation, waiver, at, daysLeft }) => ({
        ...violation,
        waiver,
        daysLeft,
        where: place(at),
      })),
    },
  };
}

/** `npm run inventory`: checks whether a fleet may be deployed. */
const inventoryCommand = withAction(
  new Command("inventory")
    .description("Checks an inventory: its files, their references and the mandatory rules. Changes nothing.")
    .argument("<directory>", "the fleet's directory, for example inventory/lab")
    .option("--today <day>", "judge as of this day, ISO 8601", day, utcToday())
    .option("--json", "print one JSON document for programs"),
  ["blocked"],
  async (directory: string, options: { today: string; json?: true }) => {
    const { sound, text, json } = await check(directory, options.today);
    console.log(options.json ? JSON.stringify(json, undefined, 2) : text);
    return sound ? "done" : "blocked";
  },
);

if (import.meta.main) await run(inventoryCommand);
