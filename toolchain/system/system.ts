import { existsSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { ToolchainError } from "../error.ts";

/** A line of apt-get's output with the step and the package. */
const step = /^(?:Get:\d+ \S+ \S+ \S+ (\S+)|(Unpacking|Setting up) (\S+))/;

/**
 * Makes sure Debian packages are installed on this machine; installs what is missing with apt-get.
 *
 * @param names package names.
 * @param onProgress gets short progress messages.
 * @throws ToolchainError naming the missing packages and the command that installs them, when that cannot be done here
 *   (no Debian, no root, no mirror).
 */
export async function ensureDebianPackages(
  names: readonly string[],
  onProgress: (text: string) => void = () => {},
): Promise<void> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg-query's placeholders
  const format = "-f=${Package} ${db:Status-Status}\n";
  const query = await execa("dpkg-query", ["-W", format, ...names], { reject: false });
  const installed = new Set(
    query.stdout
      ?.split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  const missing = names.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  const install = ["install", "-y", "--no-install-recommends", ...missing];
  const refuse = (problem: string) =>
    new ToolchainError(`Debian packages are missing: ${missing.join(", ")}. ${problem} apt-get ${install.join(" ")}`);
  if (query.exitCode === undefined)
    throw refuse(
      "This machine has no dpkg. Install the same programs with its own package manager; on Debian it would be:",
    );
  if (process.getuid?.() !== 0) throw refuse("Only root can install them, run:");

  const apt = async (...args: string[]) => {
    const env = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
    const run = execa("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], { env, reject: false, all: true });
    for await (const line of run.iterable({ from: "all" })) {
      const [, fetched, doing, unpacked] = step.exec(line) ?? [];
      if (fetched) onProgress(`downloading ${fetched}`);
      else if (doing) onProgress(`${doing === "Unpacking" ? "unpacking" : "setting up"} ${unpacked}`);
    }
    return run;
  };
  onProgress(`installing ${missing.length} Debian packages`);
  let result = await apt(...install);
  if (result.exitCode !== 0) {
    // Package lists may be missing or old, above all on a fresh machine.
    onProgress("fetching Debian's package lists");
    await apt("update");
    result = await apt(...install);
  }
  if (result.exitCode !== 0) {
    const said = String(result.all).trimEnd().split("\n").slice(-8).join("\n");
    throw refuse(`apt-get failed:\n${said}\nFix the cause, then run:`);
  }
}

/**
 * Makes sure OpenSSH's server is there as a program, for tests and benchmarks on loopback.
 *
 * @param root where its service is masked.
 * @returns its path.
 */
export function ensureSshd(root = "/"): Promise<string> {
  return ensureServer("openssh-server", "ssh", "usr/sbin/sshd", root);
}

/** Makes sure the DNS server Knot is there as a program, for tests in namespaces. @returns its path. */
export function ensureKnotd(): Promise<string> {
  return ensureServer("knot", "knot", "usr/sbin/knotd", "/");
}

async function ensureServer(debianPackage: string, service: string, path: string, root: string): Promise<string> {
  const program = join(root, path);
  if (existsSync(program)) return program;
  // Debian's package enables and starts a server for the whole network, on a machine that had none.
  const unit = join(root, `etc/systemd/system/${service}.service`);
  if (process.getuid?.() === 0 && !lstatSync(unit, { throwIfNoEntry: false })) {
    mkdirSync(join(root, "etc/systemd/system"), { recursive: true });
    symlinkSync("/dev/null", unit);
    console.error(`Installing ${debianPackage} for tests, its service masked (systemctl unmask ${service})`);
  }
  await ensureDebianPackages([debianPackage]);
  return program;
}
