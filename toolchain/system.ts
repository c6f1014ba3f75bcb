import { execa } from "execa";

/**
 * Makes sure Debian packages are installed on this machine; installs what is missing with apt-get.
 * @param names package names.
 * @throws Error naming the missing packages when they cannot be installed (no root, no apt-get, no mirror).
 */
export async function ensureDebianPackages(names: readonly string[]): Promise<void> {
  const query = await execa("dpkg-query", ["-W", "-f=${Package} ${db:Status-Status}\n", ...names], { reject: false });
  const installed = new Set(
    query.stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  const missing = names.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  const install = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0)
    throw new Error(`Debian packages are missing: ${missing.join(", ")}. As root: ${install}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const apt = async (...args: string[]) =>
    execa("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], { env, reject: false, all: true });
  let result = await apt("install", "-y", "--no-install-recommends", ...missing);
  if (result.exitCode !== 0) {
    await apt("update");
    result = await apt("install", "-y", "--no-install-recommends", ...missing);
  }
  if (result.exitCode !== 0) throw new Error(`${install} failed:\n${result.all.split("\n").slice(-8).join("\n")}`);
}
