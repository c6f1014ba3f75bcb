/**
 * `npm run bench:access`: a login to an account, and SFTP, beside the same at the host's own SSH server, in turn, in one container. Prints the ratios of
 * the medians; ends with 5 if a login takes more than 1.5 times as long, or SFTP brings less than 0.8 times as much. Needs root and OpenSSH's client.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { sshHostKey } from "../host/store/secrets.ts";
import { bootContainer } from "../lab/container.ts";
import { placeBundle, succeed } from "../testing/fakes/placed-host.ts";
import { keygen } from "../testing/fakes/ssh/sshd.ts";
import { declarationOf } from "../testing/fixtures/bundle-fixture.ts";
import { median } from "./measure/median.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { rounds, megabytes } = numbersAsked({ rounds: 5, megabytes: 256 });

const directory = mkdtempSync(join(tmpdir(), "fairhost-bench-access-"));
await using host = await bootContainer({ name: "bench-access" });
const sh = (command: string) => succeed(host, ["sh", "-c", command]);
const key = keygen(directory, "bench");
rmSync(directory, { recursive: true });
const keys = [key.publicKey.trim()];
const users = [
  { name: "ada", directory: ".", protocols: ["ssh"], keys },
  { name: "files", directory: "www", protocols: ["sftp"], keys },
] as const;
await placeBundle(host, renderBundle(declarationOf([{ number: 1, name: "alice", users }]), "web1"));
await host.writeFile("/var/lib/fairhost/secrets/ssh/1", sshHostKey(Buffer.alloc(32, 7), 1, 1), 0o400);
await host.writeFile("/root/key", key.privateKey, 0o600);
await host.writeFile("/root/.ssh/authorized_keys", key.publicKey, 0o600);
// Debian's configuration of the server, on an address of its own.
await sh(`ssh-keygen -A >/dev/null
mkdir -p /run/sshd; ip address add fd00:8000::11/128 dev lo; install -d -o a1 -g a1 /srv/accounts/1/home/www
head -c ${megabytes}M /dev/urandom >/root/data; systemd-run --quiet --unit=own-sshd /usr/sbin/sshd -D -o ListenAddress=[fd00:8000::11]:2222
until ss -Hltn | grep -q ':2222 '; do sleep 0.1; done`);

const settings =
  "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -i /root/key";
const own = { port: 2222, user: "root", address: "fd00:8000::11" };
const account = { port: 8022, user: "ada", address: "fd00:8000:0:1::1" };
const confined = { ...account, user: "files" };

const login = ({ port, user, address }: typeof own) =>
  sh(`ssh ${settings} -p ${port} ${user}@${address} true </dev/null`);
const copy = ({ port, user, address }: typeof own) =>
  sh(`echo 'put /root/data copy' | sftp -q ${settings} -P ${port} -b - '${user}@[${address}]' >/dev/null`);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

const took = {
  login: [] as number[],
  ownLogin: [] as number[],
  copy: [] as number[],
  ownCopy: [] as number[],
  confined: [] as number[],
};
// The first of each warms caches.
for (let round = -1; round < rounds; round++) {
  const times = {
    ownLogin: await seconds(() => login(own)),
    login: await seconds(() => login(account)),
    ownCopy: await seconds(() => copy(own)),
    copy: await seconds(() => copy(account)),
    confined: await seconds(() => copy(confined)),
  };
  if (round >= 0) for (const [name, time] of Object.entries(times)) took[name as keyof typeof took].push(time);
}

// A copy that brought nothing would be the quickest.
await sh("for copy in /root /srv/accounts/1/home /srv/accounts/1/home/www; do cmp /root/data $copy/copy; done");

const table = new Table({ head: ["what", "host's own", "account's", "ratio", "bound"] });
const loginRatio = median(took.login) / median(took.ownLogin);
// Both with the login before it.
const rate = (times: readonly number[]) => (megabytes / median(times)).toFixed(0);
const ratio = (times: readonly number[]) => median(took.ownCopy) / median(times);
table.push(
  ["login, s", median(took.ownLogin).toFixed(3), median(took.login).toFixed(3), loginRatio.toFixed(2), "at most 1.5"],
  ["SFTP, MiB/s", rate(took.ownCopy), rate(took.copy), ratio(took.copy).toFixed(2), "at least 0.8"],
  ["SFTP alone, MiB/s", rate(took.ownCopy), rate(took.confined), ratio(took.confined).toFixed(2), "at least 0.8"],
);
console.log(table.toString());
if (loginRatio > 1.5 || ratio(took.copy) < 0.8 || ratio(took.confined) < 0.8) process.exitCode = endings.failed[0];
