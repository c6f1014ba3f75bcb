import { setTimeout as sleep } from "node:timers/promises";
import { frr as folder } from "../../../components/network/frr.host.ts";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference } from "../../../delivery/protocol/inspection.ts";
import { filesOf } from "../../store/generations.ts";
import type { Daemon } from "../daemons.ts";
import { arm, confirm, type DeadMan, restore } from "../dead-man.ts";
import type { Machine } from "../machine.ts";
import { controllerHears } from "../ssh/ssh.ts";
import { lastStateChange } from "../systemd.ts";
import { within } from "./bird.ts";
import { watchSessions } from "./router-sessions.ts";

/** Compares a configuration with what FRR runs, and tells it the difference (frr-pythontools). */
const reloader = "/usr/lib/frr/frr-reload.py";

/** Milliseconds until FRR has filtered anew what it knows: it waits 5 s for more lines of a route map. Before, all seems to work. */
const noticed = 6000;

/** Seconds until all that worked before must work again. With 10 for the controller, and what the reload takes, less than the dead man's 30. */
const patience = 8;

/** From a file of any name: the reloader writes over /etc/frr/frr.conf unless the file is called as the one of its folder. */
const restoring = `mkdir -p "$1.d" && cp "$1" "$1.d/frr.conf" && exec ${reloader} --reload --stdout --confdir "$1.d" "$1.d/frr.conf"`;

/**
 * FRR takes a configuration line by line, and has no way back of its own. So what it runs is kept, and a timer set that restores it, until
 * all that worked before works again and the controller still hears the router.
 */
export const frr: Daemon = {
  async reload(machine) {
    const { disk, layout, run } = machine;
    const deadMan: DeadMan = {
      name: "frr",
      what: "sessions",
      rescue: `${layout.jobs}/frr-before`,
      restoring: (file) => ["/bin/sh", "-c", restoring, "sh", file],
    };
    const running = await run("vtysh", ["-c", "show running-config no-header"]);
    if (running.status !== 0) return `FRR does not tell what it runs: ${running.stderr.trim()}`;
    disk.makeDirectory(layout.jobs, 0o700);
    disk.replace(deadMan.rescue, running.stdout, 0o600);
    const lost = await watchSessions(machine);
    const unarmed = await arm(machine, deadMan);
    if (unarmed !== undefined) return unarmed;
    const told = await run(reloader, ["--reload", "--stdout", folder.link]);
    const failed = told.status === 0 ? undefined : `FRR does not take it: ${linesIn(told.stdout, told.stderr)}`;
    if (failed === undefined) await sleep(noticed);
    const wrong = failed ?? (await within(patience, lost)) ?? (await controllerHears(machine));
    return wrong === undefined ? confirm(machine, deadMan) : restore(machine, deadMan, wrong);
  },
  lastRead: (machine) => lastStateChange(machine, folder.takesEffect.unit),
};

/** What the reloader says of errors, without times and colours. */
function linesIn(...texts: readonly string[]): string {
  const lines = texts.join("\n").split("\n");
  const errors = lines.filter((line) => /ERROR|error|Unknown|failed/.test(line));
  return (errors.length > 0 ? errors : lines)
    .map((line) =>
      line
        .replaceAll(/\p{Cc}\[\d+m/gu, "")
        .replace(/^\S+ \S+ +/, "")
        .trim(),
    )
    .filter(Boolean)
    .slice(-3)
    .join("; ");
}

/** What somebody has told FRR beside its file, or what it never took. */
export async function lookAtFrr({ run }: Machine, bundle: Bundle): Promise<Difference[]> {
  if (!filesOf(bundle).has(folder.linksTo)) return [];
  const { status, stdout, stderr } = await run(reloader, ["--test", folder.link]);
  const found = (message: string): Difference[] => {
    const what = folder.takesEffect.unit;
    return [{ group: "host", kind: "configuration-not-loaded", what, message, repaired: byDeploy }];
  };
  if (status !== 0) return found(`FRR cannot be compared with ${folder.linksTo}: ${linesIn(stdout, stderr)}`);
  // It also shows the machine's own name, and tells of it whatever the file says.
  const differing = stdout
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(?:Lines To |=+$|(?:no )?hostname )/.test(line));
  if (differing.length === 0) return [];
  return found(`FRR runs another configuration than ${folder.linksTo}: ${differing.slice(0, 3).join("; ")}`);
}
