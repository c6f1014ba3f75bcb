import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { keysOfTrial, sshd, sshSettings } from "../../../components/host/sshd.host.ts";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { problemsIn, type Validator } from "../../apply/validate/staged.ts";
import { arm, confirm, type DeadMan, restore, seconds } from "../dead-man.ts";
import type { Machine } from "../machine.ts";
import { ask } from "../systemd.ts";
import { type SshDoor, sshDoors } from "./ssh.ts";

const { file: bundled, unit } = sshSettings;

/** What makes the server read the generation's settings, before those of others: Debian's sshd_config includes it first of all. */
export const sshdInclusion = {
  path: "/etc/ssh/sshd_config.d/00-fairhost.conf",
  // A pattern: if a generation has no such file, the server starts all the same.
  content: `Include ${currentGeneration}/${sshd.name}/*.conf\n`,
} as const;

/** Checks the server's whole configuration, with the staged settings in it. */
export const sshServer: Validator = async (staged) => {
  // Where no server has ever run, there are no host keys and no directory of it, which `-t` wants too.
  const hasRun = existsSync("/run/sshd") && readdirSync("/etc/ssh").some((name) => /^ssh_host_\w+_key$/.test(name));
  const result = await staged.run("/usr/sbin/sshd", [hasRun ? "-t" : "-G"]);
  return problemsIn(staged, { ...result, stdout: "" }, "sshd", bundled);
};

/**
 * Puts settings in the place of the inclusion, and lets the server read them: by a restart only if it has ended, or if it has systemd's socket: then it would
 * end by a reload (OpenSSH 10.0 of Debian 13: "Cannot bind any address").
 */
const restoring = `
install -m 600 "$1" "$2.new" && mv "$2.new" "$2" || exit
way=reload
if systemctl is-active --quiet ssh.socket; then
  [ "$(systemctl show -P Accept ssh.socket)" != yes ] || exit 0
  way=restart
fi
systemctl reset-failed "$3"
systemctl $way "$3" || systemctl restart "$3"`;

/**
 * Lets the host's SSH server read the settings of the generation in force. Before that a timer is set that restores those that last let
 * somebody in. It is disarmed only after a new login has succeeded, by a key of the moment, where the controller comes in.
 * @returns the error, if any, and whether the old settings are in force again
 */
export async function loadSshServer(machine: Machine): Promise<string | undefined> {
  const { disk, layout } = machine;
  const stateOf = async (name: string) =>
    (await ask(machine, ["show", "--property=ActiveState", "--value", "--", name])).trim();
  const bySocket = (await stateOf("ssh.socket")) === "active";
  const runs = ["active", "reloading", "failed"].includes(await stateOf(unit));
  // Somebody's own: each connection has a server of its own, which reads them at once. Debian's: the first one starts the usual server.
  const each =
    bySocket && (await ask(machine, ["show", "--property=Accept", "--value", "--", "ssh.socket"])).trim() === "yes";
  // It reads them when it starts.
  if (!bySocket && !runs) return undefined;
  const doors = await sshDoors(machine);
  if (doors instanceof Error) return `cannot check SSH, so the new settings were not loaded: ${doors.message}`;
  const inclusion = layout.at(sshdInclusion.path);
  const confirmed = `${layout.state}/sshd-confirmed.conf`;
  const deadMan: DeadMan = {
    name: "sshd",
    what: "SSH settings",
    rescue: `${layout.jobs}/sshd-before.conf`,
    restoring: (file) => ["/bin/sh", "-c", restoring, "sh", file, inclusion, unit],
  };
  disk.makeDirectory(layout.jobs, 0o700);
  const before = existsSync(confirmed) ? readFileSync(confirmed, "utf8") : "";
  disk.replace(deadMan.rescue, before, 0o600);
  const unarmed = await arm(machine, deadMan);
  if (unarmed !== undefined) return unarmed;
  // A login may take long where accounts have much to do: it has all the time until the timer restores the old ones.
  const end = performance.now() + (seconds - 4) * 1000;
  disk.makeDirectory(dirname(inclusion));
  disk.replace(inclusion, before, 0o644);
  const keys = await keysOfRoot(machine);
  // The timer of an earlier run may have put other settings there.
  disk.replace(inclusion, sshdInclusion.content, 0o644);
  const takes = async () => (bySocket ? restart(machine) : reload(machine));
  const wrong =
    (await differing(machine, keys)) ??
    (each || !runs ? undefined : await takes()) ??
    (await trial(machine, doors, end));
  if (wrong !== undefined) return restore(machine, deadMan, wrong);
  return confirm(machine, deadMan, [confirmed, readFileSync(layout.at(`${currentGeneration}/${bundled}`), "utf8")]);
}

/** What decides whether root's key is taken. */
const deciding =
  /^(?:permitrootlogin|pubkeyauthentication|authenticationmethods|authorizedkeysfile|forcecommand|chrootdirectory) /;

/** Client and server of the connection by which the controller came. */
const connection = () => process.env.SSH_CONNECTION?.split(" ") ?? ["::1", "", "::1", "22"];

/** Files from which root's keys come by the configuration as it is on the disk, without those of a trial. */
async function keysOfRoot({ run }: Machine): Promise<readonly string[]> {
  const [from, , to, port] = connection();
  const asked = ["-T", "-C", `user=root,host=${from},addr=${from},laddr=${to},lport=${port}`];
  const { stdout } = await run("/usr/sbin/sshd", asked);
  const files = /^authorizedkeysfile (.*)$/m.exec(stdout)?.[1]?.split(" ") ?? [];
  return files
    .filter((file) => file !== "none" && file !== keysOfTrial)
    .map((file) => file.replaceAll("%u", "root").replaceAll("%h", "/root").replaceAll("%%", "%"))
    .map((file) => (file.startsWith("/") ? file : `/root/${file}`));
}

/**
 * Whether the new configuration treats the controller unlike the client of {@link trial}, or no longer reads keys that it may come with.
 * @param before files with root's keys by the configuration that last let somebody in
 */
async function differing(machine: Machine, before: readonly string[]): Promise<string | undefined> {
  const { run } = machine;
  const [from, , to, port] = connection();
  const settings: string[] = [];
  for (const address of [from, to]) {
    const asked = ["-T", "-C", `user=root,host=${address},addr=${address},laddr=${to},lport=${port}`];
    const { status, stdout, stderr } = await run("/usr/sbin/sshd", asked);
    if (status !== 0) return `sshd refuses the new settings: ${stderr.trim()}`;
    settings.push(
      stdout
        .split("\n")
        .filter((line) => deciding.test(line))
        .toSorted()
        .join("\n"),
    );
  }
  if (settings[0] !== settings[1])
    return `the new settings have rules for the controller at ${from} that cannot be tested from this host`;
  const now = await keysOfRoot(machine);
  const lost = before.filter((file) => !now.includes(file) && existsSync(file) && statSync(file).size > 0);
  return lost.length === 0
    ? undefined
    : `the new settings do not read ${lost.join(", ")}: move root's keys to /root/.ssh/authorized_keys`;
}

const refused = (stderr: string) => `the SSH server does not take the new settings: ${stderr.trim()}`;

/** Open sessions stay, since systemd ends the server alone, and whoever comes meanwhile waits in its socket. */
async function restart({ run }: Machine): Promise<string | undefined> {
  await run("systemctl", ["reset-failed", unit]);
  const { status, stderr } = await run("systemctl", ["restart", unit]);
  return status === 0 ? undefined : refused(stderr);
}

/** Returns once the server has read its configuration, which it does as a new program with new sockets. */
async function reload({ run }: Machine): Promise<string | undefined> {
  const sockets = async () => {
    const main = (await run("systemctl", ["show", "-P", "MainPID", unit])).stdout.trim();
    const { stdout } = await run("ss", ["-H", "-l", "-t", "-n", "-e", "-p"]);
    return stdout
      .split("\n")
      .filter((line) => line.includes(`("sshd",pid=${main},`))
      .map((line) => /\bino:(\d+)/.exec(line)?.[1]);
  };
  const before = await sockets();
  await run("systemctl", ["reset-failed", unit]);
  const { status, stderr } = await run("systemctl", ["reload-or-restart", unit]);
  if (status !== 0) return refused(stderr);
  for (const end = performance.now() + 5000; performance.now() < end; ) {
    const now = await sockets();
    if (now.length > 0 && !now.some((socket) => before.includes(socket))) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // It has ended, which the trial finds.
  return undefined;
}

/**
 * Logs in anew at each door, as root, by a key that lasts for the moment.
 * @param end time of `performance.now` by which it must be decided; each door gets a share of what is left
 * @returns the error if none opens
 */
async function trial(
  { disk, layout, run }: Machine,
  doors: readonly SshDoor[],
  end: number,
): Promise<string | undefined> {
  const key = `${layout.jobs}/login-key`;
  const admitted = layout.at(keysOfTrial.replace("%u", "root"));
  const remove = () => {
    for (const path of [key, `${key}.pub`, admitted]) disk.remove(path);
  };
  remove();
  try {
    const made = await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "trial", "-f", key]);
    if (made.status !== 0) return `cannot make a key for a login: ${made.stderr.trim()}`;
    disk.replace(admitted, `restrict,command="/bin/true" ${readFileSync(`${key}.pub`, "utf8")}`, 0o600);
    let wrong = "it listens nowhere";
    const tried = doors.length > 0 ? doors : [{ port: 22 }];
    for (const [index, { address = "::", port }] of tried.entries()) {
      const share = Math.max(1, Math.floor((end - performance.now()) / 1000 / (tried.length - index)));
      const target = ["*", "::", "0.0.0.0"].includes(address) ? "localhost" : address;
      const options = [
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        `ConnectTimeout=${share}`,
      ].flatMap((option) => ["-o", option]);
      const login = ["-F", "/dev/null", "-i", key, ...options, "-p", `${port}`, `root@${target}`, "true"];
      const { status, stderr } = await run("ssh", login, { timeout: share * 1000 });
      if (status === 0) return undefined;
      wrong = `port ${port}: ${stderr.trim() || `exit status ${status}`}`;
    }
    return `with the new settings root cannot log in by key from the host itself, as the applier tries it (${wrong})`;
  } finally {
    remove();
  }
}
