import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { ensureTree } from "../../lab/image/tree.ts";
import { cacheDirectory } from "../../lab/paths.ts";
import type { Application, Source } from "./list.ts";

/** What is installed, by package: safe to delete. */
const folder = join(cacheDirectory, "..", "applications");
const quiet = { stdin: "ignore", all: true } as const;

async function npm({ packages }: Source, home: string): Promise<void> {
  // A package of today's registry that a tag of its author's is gone from (Verdaccio asks for node-fetch@cjs).
  const overrides = { "node-fetch": "2.7.0" };
  await writeFile(join(home, "package.json"), JSON.stringify({ private: true, overrides }));
  await execa("npm", ["install", "--no-audit", "--no-fund", "--omit=dev", ...packages], { cwd: home, ...quiet });
}

/** A virtual environment of Debian's Python. */
async function pypi({ packages }: Source, home: string): Promise<void> {
  const venv = "apt-get -q -y --no-install-recommends install python3-venv && python3 -m venv /new/venv";
  await inImage(
    home,
    `${venv} && PIP_CERT=/etc/ssl/certs/ca-certificates.crt /new/venv/bin/pip install "$@"`,
    packages,
  );
}

async function go({ packages }: Source, home: string): Promise<void> {
  const env = { GOBIN: join(home, "bin"), GOPATH: join(folder, "go"), CGO_ENABLED: "0" };
  await execa("go", ["install", ...packages], { env, ...quiet });
}

/** Packages of Debian that the image lacks, as files that dpkg installs: a container has no network. */
async function debian({ packages }: Source, home: string): Promise<void> {
  const options = "--no-install-recommends --download-only -o Dir::Cache::archives=/new";
  await inImage(home, `apt-get -q -y ${options} install "$@"`, packages);
}

/** Runs a script in a copy of the image that has the machine's network and `home` as /new. */
async function inImage(home: string, script: string, words: readonly string[]): Promise<void> {
  const { tree } = await ensureTree();
  const work = `${home}.image`;
  await mkdir(work, { recursive: true });
  const enter = `tree=$1 work=$2 home=$3 script=$4 root=$2/root && shift 4
mount -t tmpfs image "$work" && mkdir "$work/upper" "$work/work" "$root" &&
mount -t overlay -o "lowerdir=$tree,upperdir=$work/upper,workdir=$work/work" overlay "$root" &&
mount --rbind /dev "$root/dev" && mount --bind /proc "$root/proc" && mkdir "$root/new" && mount --bind "$home" "$root/new" &&
cp -L /etc/resolv.conf /etc/hosts "$root/etc/" && cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" &&
printf '#!/bin/sh\\nexit 101\\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d" &&
exec chroot "$root" sh -c "apt-get -q update && $script" sh "$@"`;
  await execa("unshare", ["--mount", "sh", "-c", enter, "sh", tree, work, home, script, ...words], quiet);
  await rm(work, { recursive: true });
}

/** Installs an application from its registry, once. @returns the directory of what its home has, or of Debian's packages */
export async function installApplication({
  name,
  from,
  files = {},
  build,
}: Pick<Application, "name" | "from" | "files" | "build">): Promise<string> {
  // What is built of other files is another one.
  const built =
    build &&
    createHash("sha256")
      .update(JSON.stringify([from, files, build]))
      .digest("hex")
      .slice(0, 12);
  const home = join(folder, built ? `${name}-${built}` : name);
  if (existsSync(home)) return home;
  const building = `${home}.building`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  await { npm, pypi, go, debian }[from.registry](from, building);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(building, path)), { recursive: true });
    await writeFile(join(building, path), content);
  }
  const runtime = from.registry === "npm" ? process.execPath : "python3";
  if (build) await execa(runtime, build, { cwd: building, env: { NEXT_TELEMETRY_DISABLED: "1" }, ...quiet });
  await rename(building, home);
  return home;
}

/** Files of Debian's packages in what {@link installApplication} returned. */
export async function packageFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((file) => file.endsWith(".deb")).map((file) => join(directory, file));
}
