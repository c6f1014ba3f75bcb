import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { ContainerHost } from "../../lab/container.ts";
import { succeed } from "./placed-host.ts";

/** Where the registry of {@link serveRegistry} is, by a name that accounts look up as any other. */
export const registry = "http://www.example.com:4873";

/**
 * For tests: stands in for npm's, Python's and PHP's registries, at the other end of the network that `bootWithOutside` makes. It serves plain files: `npm/`, `simple/` (PyPI's) and
 * `composer/`, with one application of each that has a dependency of its own. testing/applications/make-registry.py makes them.
 */
export async function serveRegistry(host: ContainerHost): Promise<void> {
  const program = readFileSync(join(import.meta.dirname, "../applications/make-registry.py"));
  await host.writeFile("/run/make-registry.py", program);
  await succeed(host, `python3 /run/make-registry.py /run/registry ${registry}`);
  await succeed(
    host,
    `systemd-run --quiet --unit=registry ip netns exec beyond python3 -m http.server --bind 2600:9::5 --directory /run/registry 4873
    until ip netns exec beyond ss -Hltn | grep -q ':4873 '; do sleep 0.1; done`,
  );
}

/** npm of this machine, where the runtime `npm` has Debian's: that brings 400 packages. */
export async function placeNpm(host: ContainerHost): Promise<void> {
  const script = 'cd "$(dirname "$(realpath "$(command -v npm)")")/../.." && exec tar -cz npm';
  const { stdout } = await execa("sh", ["-c", script], { encoding: "buffer" });
  await host.writeFile("/run/npm.tgz", stdout);
  await succeed(
    host,
    "mkdir -p /usr/share/nodejs && tar -xzf /run/npm.tgz -C /usr/share/nodejs && for each in npm npx; do ln -s ../share/nodejs/npm/bin/$each-cli.js /usr/bin/$each; done",
  );
}
