/**
 * `npm run bench:web-sites [sites]`: the front end of a container with ten web sites and with many (default 10,000, four an account, three with a host name of
 * their own and one at a path, all with HTTPS). Prints the CPU time in which nginx reads its configuration, and the memory of the front end (what its processes share counts once), and ends
 * with 5 if reading takes more than 200 ms, or a web site more than 1 KB. One web site more is a file more (decision 93). Needs root.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { endings } from "../../cli/exit-status.ts";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer } from "../../lab/container.ts";
import { withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { median } from "../measure/median.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";

const { sites } = numbersAsked({ sites: 10_000 });
const few = 10;
const perAccount = 4;
const bars = { milliseconds: 200, bytes: 1024 };

/** What a host with so many web sites is to have. */
function bundle(count: number) {
  const accounts = Array.from({ length: Math.ceil(count / perAccount) }, (_, index) => ({
    number: index + 1,
    name: `a${index + 1}`,
    servers: Array.from({ length: Math.min(perAccount, count - index * perAccount) }, (_, at) => ({
      ...{ ...staticServer(`site${at}`), https: true, httpsOnly: true, hstsSeconds: 3600 },
      ...(at === perAccount - 1
        ? { hostnames: [], addresses: [`site0.a${index + 1}.example/site`] }
        : { hostnames: [`site${at}.a${index + 1}.example`] }),
    })),
  }));
  return renderBundle(withCertificates(accounts), "web1");
}

await using host = await bootContainer({ name: "bench-web-sites" });
const sh = (command: string) => succeed(host, command);
await placeBundle(host, bundle(few));
const directory = join(currentGeneration, "nginx");
const workers = () => sh("pgrep -f '^nginx: worker process$' | tr '\\n' ' '");

/** CPU milliseconds to read the configuration, the median of five, and bytes of memory of all processes of a front end that has just started, likewise: what they share counts once, files do not. */
async function measure(): Promise<{ milliseconds: number; bytes: number }> {
  const times: number[] = [];
  for (let round = -1; round < 5; round++) {
    const said = await sh(`bash -c 'TIMEFORMAT="%U %S"; time nginx -t -q -c ${directory}/nginx.conf' 2>&1`);
    const [user, system] = said.trim().split("\n").at(-1)!.split(" ").map(Number);
    if (round >= 0) times.push((user! + system!) * 1000);
  }
  const sizes: number[] = [];
  for (let round = 0; round < 5; round++) {
    await sh(
      "systemctl restart nginx; until pgrep -f '^nginx: worker process$' >/dev/null; do sleep 0.1; done; sleep 1",
    );
    const smaps = `for pid in $(cat /run/nginx.pid) ${await workers()}; do cat /proc/$pid/smaps_rollup; done`;
    sizes.push(Number(await sh(`{ ${smaps}; } | awk '/^Pss_Anon:/ { sum += $2 } END { print sum }'`)) * 1024);
  }
  return { milliseconds: median(times), bytes: median(sizes) };
}

const before = await measure();
// Not in force: what of it the front end reads is all that counts here.
const tree = await mkdtemp(join(tmpdir(), "fairhost-bench-"));
try {
  for (const group of Object.values(bundle(sites).groups))
    for (const { path, content = "" } of group?.files ?? []) {
      if (!/^(?:nginx|sites)\//.test(path)) continue;
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), content);
    }
  await execa("cp", ["-r", "-T", tree, `/proc/${host.netnsPid}/root${currentGeneration}`]);
} finally {
  await rm(tree, { recursive: true });
}
const after = await measure();
const each = (after.bytes - before.bytes) / (sites - few);
console.log(
  `${few} web sites: read in ${before.milliseconds.toFixed(0)} ms of CPU, ${(before.bytes / 2 ** 20).toFixed(1)} MiB
${sites} web sites: read in ${after.milliseconds.toFixed(0)} ms of CPU (at most ${bars.milliseconds}), ${(after.bytes / 2 ** 20).toFixed(1)} MiB: ${each.toFixed(0)} bytes a web site (at most ${bars.bytes})`,
);
if (after.milliseconds > bars.milliseconds || each > bars.bytes) process.exitCode = endings.failed[0];
