import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { placeBundle, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, programServer } from "../../../testing/fixtures/bundle-fixture.ts";

/** Many sleeping servers asked at once: in order, within the host's memory, without a failed request. */
const program = programServer("app", ["/usr/bin/node", "echo.mjs"]);
const slots = 4 * availableParallelism();
const sleepers = Array.from({ length: 2 * slots + 8 }, (_, index) => ({
  number: index + 2,
  name: `sleeper${index + 2}`,
  servers: [program],
}));
/** Its servers never take a visitor. */
const greedy = {
  number: 1,
  name: "greedy",
  servers: Array.from({ length: slots + 4 }, (_, index) =>
    programServer(`never${index + 1}`, ["/usr/bin/sleep", "1000"]),
  ),
};
const starting = "/run/fairhost-starts/starting";

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const patient = async (command: string) => (await host.run(["sh", "-c", command], { timeout: 280_000 })).stdout;
const ask = (name: string) => `curl -s -o /dev/null -m 200 -w '%{http_code}\\n' -H 'Host: ${name}' http://[::1]/`;
/** Asks all at once. @returns the statuses, each once */
const askAll = (names: readonly string[]) =>
  patient(`(${names.map((name) => `${ask(name)} &`).join(" ")} wait) | sort | uniq -c`).then((text) =>
    text.replace(/ +/g, " ").trim(),
  );

beforeAll(async () => {
  host = await bootContainer({ name: "wake-storm" });
  const echo = readFileSync(join(import.meta.dirname, "../../../testing/programs/echo.mjs"));
  for (const { number } of sleepers) await host.writeFile(`/srv/accounts/${number}/home/echo.mjs`, echo);
  await placeBundle(host, renderBundle(declarationOf([greedy, ...sleepers]), "web1"));
});
afterAll(() => host?.stop());

test("all are answered, no more start at once than have a place, and one account has a quarter of the places at most", async () => {
  await sh(
    `systemd-run --quiet --unit=look sh -c 'while sleep 0.05; do set -- ${starting}/account-*; all=$#; set -- ${starting}/account-1-*; [ -e "$1" ] || set --; echo $all $#; done > /run/seen'`,
  );
  for (const { name } of greedy.servers) await sh(`systemd-run --quiet ${ask(`${name}.greedy.test`)}`);
  await expect.poll(() => sh(`ls ${starting} | grep -c '^account-1-' || true`).then(Number)).toBe(slots / 4);
  expect(await askAll(sleepers.map(({ name }) => `app.${name}.test`))).toBe(`${sleepers.length} 200`);
  await sh("systemctl stop look");
  const seen = (await sh("cat /run/seen"))
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  const most = (column: number) => Math.max(...seen.map((counts) => counts[column]!));
  expect(most(0)).toBeLessThanOrEqual(slots);
  expect(most(0)).toBeGreaterThan(slots / 2);
  expect(most(1)).toBe(slots / 4);
});

test("without memory for one more nobody starts, and whoever waits is answered as soon as there is some", async () => {
  const unit = "account-2-http-app.service";
  await sh(`systemctl stop ${unit}`);
  await sh(
    "sed 's/^MemAvailable:.*/MemAvailable: 1000 kB/' /proc/meminfo >/run/meminfo; mount --bind /run/meminfo /proc/meminfo",
  );
  const answer = patient(ask("app.sleeper2.test"));
  // Not in its account's group: others wait for it, and the account's limits do not slow it down.
  const turn = () => sh(`systemctl show -p ActiveState -p Slice --value 'fairhost-start@0:${unit}'`);
  await expect.poll(turn).toMatch(/^activating\nsystem|^system\S*\nactivating/);
  expect(await sh(`ls ${starting} | grep -c account-2- || true`)).toBe("0\n");
  await sh("umount /proc/meminfo");
  expect(await answer).toBe("200\n");
});

test("nobody leaves the queue, however long it is", async () => {
  await sh("systemctl stop account-3-http-app.service; rm -f /run/fairhost-starts/starting/*");
  await sh("systemd-run --quiet --unit=first flock /run/fairhost-starts/queues/host sleep 200");
  const answer = patient(ask("app.sleeper3.test"));
  await sleep(33_000);
  expect(await sh(`ls ${starting}`)).not.toContain("account-3-");
  await sh("systemctl stop first");
  expect(await answer).toBe("200\n");
});

test("whoever has no more patience still starts after those who came before", async () => {
  // They wait for each other as long as it takes: one whose time for that is over looks at places while there are some, starts, and is not in the order.
  await sh(`sed -E 's/\\bpatience=[0-9]+ grace=[0-9]+/patience=1 grace=200/; s!^  exit 0$!  echo $number >>/run/order; exit 0!' /var/lib/fairhost/current/libexec/start-slot >/run/impatient
grep -q 'patience=1 grace=200$' /run/impatient
rm -f ${starting}/* /run/order; systemd-run --quiet --unit=first flock /run/fairhost-starts/queues/host sleep 200`);
  // Each is in the queue before the next one comes.
  const queued = sleepers.slice(0, 6).map(
    ({ number }) => `sh /run/impatient 0:account-${number}-http-app &
until [ $(pgrep -fc '^flock -w [0-9]+ 9') -ge ${number - 1} ]; do sleep 0.05; done`,
  );
  await sh(`(${queued.join("\n")}) >/dev/null 2>&1; sleep 2`);
  expect(await sh("cat /run/order 2>/dev/null || true")).toBe("");
  // Nobody has a place: all of them give up.
  await sh(
    `for n in $(seq ${slots}); do echo 9999999 9999999 >${starting}/account-9999-http-$n; done; systemctl stop first`,
  );
  const order = () => sh("cat /run/order 2>/dev/null || true").then((text) => text.trim().split("\n").map(Number));
  await expect.poll(order, { timeout: 60_000 }).toHaveLength(6);
  // The kernel wakes all that wait for a lock, and hands it to who asks first: nearly always the one that came first.
  const overtaken = (await order()).map((number, index) => Math.abs(number - 2 - index));
  expect(Math.max(...overtaken), `${await order()}`).toBeLessThanOrEqual(2);
  expect(await sh("cat /srv/accounts/7/admin/logs/http-app.log")).toContain("started although the host had no place");
  await sh(`rm -f ${starting}/*`);
});

test("an account sees nothing of it", async () => {
  const pid = (await sh("systemctl show -p MainPID --value account-2-http-app.service")).trim();
  expect((await host.run(`nsenter -t ${pid} -m -- ls /run/fairhost-starts 2>&1`)).stdout).toContain(
    "ls: cannot access",
  );
});
