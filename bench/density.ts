/**
 * `npm run bench:density [accounts]`: what accounts that sleep cost a host, in a container below the real applier. Prints what one more account takes of the
 * deploy (CPU time of all that runs in the container) and of a first answer with 10 accounts and with 1,000, in the same run, and the memory of each that sleeps:
 * of processes, of what lies in memory (tmpfs) and, of the machine's kernel, of what it can't give back. Ends with 5 if one more account takes more than twice as
 * much, if a first answer takes more than 1.5 times as long, if an account that sleeps has a process, or more than 150 KB. Needs root.
 */
import { readFileSync } from "node:fs";
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { appliedHost, delivery } from "../testing/fakes/applied-host.ts";
import { declarationOf, type FixtureAccount, programServer, staticServer } from "../testing/fixtures/bundle-fixture.ts";
import { median } from "./measure/median.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { accounts: many } = numbersAsked({ accounts: 1000 });
const few = 10;
/** The first applies of a host make all names of their generation anew: later ones are made of the oldest (decision 16). */
const withoutSpare = 5;
const bars = { added: 2, firstAnswer: 1.5, kilobytes: 150 };

const listen =
  'require("node:http").createServer((_, answer) => answer.end("x")).listen(process.env.PORT, process.env.HOST)';
/** What most accounts declare: two web sites, and a login. */
const account = (number: number): FixtureAccount => ({
  ...{ number, name: `a${number}` },
  servers: [staticServer("site"), programServer("app", ["/usr/bin/node", "app.js"])],
  users: [{ name: "owner", directory: ".", protocols: ["ssh"], keys: [`ssh-ed25519 ${"A".repeat(67)}I`] }],
});
const bundle = (count: number) =>
  renderBundle(declarationOf(Array.from({ length: count }, (_, index) => account(index + 1))), "web1");

await using on = await appliedHost("bench-density");
const disk = "/run/disk";

/** Generations and accounts on ext4, as they are on a host: a container's own files are an overlay in memory, in which a name costs several times as much. */
await on.shell(`mknod /dev/loop-control c 10 237; for i in $(seq 0 63); do mknod /dev/loop$i b 7 $i; done
mkdir -p ${disk} /srv/accounts && mount -t tmpfs -o size=4G tmpfs ${disk} && truncate -s 3G ${disk}/image
mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=0 ${disk}/image && mkdir ${disk}/files && mount -o loop ${disk}/image ${disk}/files
for path in /var/lib/fairhost /srv/accounts; do
  mkdir -p ${disk}/files$path && cp -a $path/. ${disk}/files$path/ && mount --bind ${disk}/files$path $path
done`);

/** CPU seconds of all that has run in the container. */
const used = async () => Number(await on.shell("sed -n 's/^usage_usec //p' /sys/fs/cgroup/cpu.stat")) / 1e6;

/** Brings this many accounts into force. @returns CPU seconds of it */
async function apply(count: number): Promise<number> {
  const before = await used();
  const { exitCode, stderr } = await on.host.run(["fairhost-host", "apply"], {
    stdin: delivery(bundle(count)),
    timeout: 1_800_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  return (await used()) - before;
}

/** KiB, at rest: memory of processes in the container, what lies in its tmpfs, and the machine's memory for objects of the kernel. */
async function memory(): Promise<{ processes: number; tmpfs: number; kernel: number }> {
  const [processes, tmpfs] = await Promise.all([
    on.shell("cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/^Pss:/ { sum += $2 } END { print sum }'"),
    on.shell(`df -k -t tmpfs --output=used,target | awk 'NR > 1 && $2 != "${disk}" { sum += $1 } END { print sum }'`),
  ]);
  const kernel = /^SUnreclaim: +(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))![1];
  return { processes: Number(processes), tmpfs: Number(tmpfs), kernel: Number(kernel) };
}

/** Seconds until the first answer of a program that sleeps, of the middle account. */
async function firstAnswer(count: number): Promise<number> {
  const number = Math.ceil(count / 2);
  await on.shell(
    `echo '${listen}' >/srv/accounts/${number}/home/app.js; chown --reference /srv/accounts/${number}/home /srv/accounts/${number}/home/app.js`,
  );
  const ask = `curl -sf -o /dev/null -m 60 -w '%{time_total}' -H 'Host: app.a${number}.test' http://[::1]/`;
  const seconds: number[] = [];
  for (let round = 0; round < 7; round++) {
    seconds.push(Number(await on.shell(ask)));
    await on.shell(`systemctl stop account-${number}-http-app.service`);
  }
  return median(seconds.slice(1));
}

interface Measured {
  readonly added: number;
  readonly firstAnswer: number;
  readonly memory: Awaited<ReturnType<typeof memory>>;
}

async function measure(count: number): Promise<Measured> {
  await apply(count);
  await on.shell("systemctl restart nginx.service");
  const before = await memory();
  let accounts = count;
  for (let more = 1; more <= withoutSpare; more++) await apply(++accounts);
  const added: number[] = [];
  for (let more = 1; more <= 3; more++) added.push(await apply(++accounts));
  return { added: median(added), firstAnswer: await firstAnswer(count), memory: before };
}

const small = await measure(few);
const large = await measure(many);
const processes = Number(await on.shell("ps -eo uid= | awk '$1 >= 1900000000' | wc -l"));
const each = (part: keyof Measured["memory"]) => (large.memory[part] - small.memory[part]) / (many - few);
const parts = ["processes", "tmpfs", "kernel"] as const;
const kilobytes = parts.map(each).reduce((sum, part) => sum + Math.max(0, part), 0);
const ratio = (of: "added" | "firstAnswer") => large[of] / small[of];

const table = new Table({ head: ["", `${few} accounts`, `${many} accounts`, "ratio", "at most"] });
table.push(
  ...(["added", "firstAnswer"] as const).map((of) => [
    of === "added" ? "one more account: CPU of its deploy" : "first answer of a program",
    ...[small, large].map((measured) => `${measured[of].toFixed(2)} s`),
    `${ratio(of).toFixed(2)} x`,
    `${bars[of]} x`,
  ]),
);
console.log(table.toString());
console.log(
  `An account that sleeps: ${kilobytes.toFixed(0)} KB (${parts.map((part) => `${part} ${each(part).toFixed(0)}`).join(", ")}; at most ${bars.kilobytes}); ${processes} processes of accounts.`,
);
const kept = ratio("added") <= bars.added && ratio("firstAnswer") <= bars.firstAnswer;
process.exitCode = endings[kept && kilobytes <= bars.kilobytes && processes === 0 ? "done" : "failed"][0];
