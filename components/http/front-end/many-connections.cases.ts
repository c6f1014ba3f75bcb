import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { neighbour } from "../../../testing/neighbour.ts";
import { connections, retryAfter } from "./connections.ts";

/** The host of misbehaving.it.test.ts, with testing/programs/streams.py, slow-visitor.py and latencies.py in /root. */
interface Front {
  /** As root. @returns what it writes */
  sh(command: string): Promise<string>;
  /** A request to the front end, by the web site's name. */
  get(name: string): Promise<{ readonly status: number }>;
}

/** How many connections one visitor, and all together, get to one program; and what a neighbour notices. */
export function manyConnectionsCases({ sh, get }: Front): void {
  const blog = neighbour(sh, "blog.alice.test");
  const logBytes = () =>
    sh("cat /srv/accounts/*/admin/logs/*.log /srv/accounts/*/admin/logs/front-end/* /var/log/nginx/* | wc -c").then(
      Number,
    );

  describe("many connections to one program", () => {
    interface Streams {
      readonly statuses: Readonly<Record<string, number>>;
      readonly slowest: number;
      readonly refusal: string;
    }
    const open = async (count: number, address: string, name = "many.bob.test"): Promise<Streams> => {
      const unit = `streams-${address.replaceAll(":", "")}`;
      const command = `systemd-run --quiet --unit=${unit} -p StandardOutput=truncate:/run/${unit} python3 /root/streams.py ${name} ${count} ${address} 60`;
      await sh(`rm -f /run/${unit}; ${command}; timeout 50 sh -c 'until grep -q } /run/${unit}; do sleep 0.1; done'`);
      return JSON.parse(await sh(`cat /run/${unit}`)) as Streams;
    };
    test("540 WebSockets of one visitor: as many as the limit are open, the rest are told so, and a neighbour does not notice", async () => {
      await get("many.bob.test");
      await get("blog.alice.test");
      const [before, quiet] = [await logBytes(), await blog.times()];
      const { statuses, slowest, refusal } = await open(540, "::1");
      expect(statuses).toEqual({ 101: connections.visitor, 503: 540 - connections.visitor });
      expect(refusal).toMatch(new RegExp(`^HTTP/1.1 503 [^]*Retry-After: ${retryAfter}\\r\\n[^]*Try again`));
      // Nobody is left waiting for a time limit: the shortest is 60 s.
      expect(slowest).toBeLessThan(20);
      // Other visitors of the same site still get in.
      expect(
        await sh(
          "curl -s -o /dev/null -w '%{http_code}' --interface fd00:9:0:1::1 -H 'Host: many.bob.test' http://[fd00:9:0:1::1]/",
        ),
      ).toBe("200");
      expect((await logBytes()) - before).toBeLessThan(1_000_000);
      await blog.expectUnharmed("540 WebSockets", quiet);
      expect(
        await sh("cat /proc/net/sockstat6 | grep -o 'TCP6: inuse [0-9]*' | grep -o '[0-9]*$'").then(Number),
      ).toBeGreaterThan(connections.visitor);
      await sh("systemctl stop 'streams-*'");
    });

    test("with streams of many visitors: the server's limit, and the proxy neither spins nor fills a log", async () => {
      const before = await logBytes();
      const all = [await open(500, "fd00:9:0:1::1")];
      // Another address of the same /64 is the same visitor.
      all.push(await open(100, "fd00:9:0:1::2"));
      expect(all[1]!.statuses).toEqual({ 101: connections.visitor - 500, 503: 600 - connections.visitor });
      all.push(await open(500, "fd00:9:0:2::1"), await open(200, "fd00:9:0:3::1"));
      const total = (status: string) => all.reduce((sum, { statuses }) => sum + (statuses[status] ?? 0), 0);
      expect(total("101")).toBe(connections.server);
      expect(total("503")).toBe(1300 - connections.server);
      const cpu = () =>
        sh(
          "systemctl show -p CPUUsageNSec --value account-2-http-many.service; cat /proc/$(pgrep -f socket-proxyd | head -1)/stat",
        ).then((text) => Number(text.split(" ")[13]) + Number(text.split(" ")[14]));
      const used = await cpu();
      await sleep(3000);
      // Ticks of ten milliseconds, of 300.
      expect((await cpu()) - used).toBeLessThan(30);
      expect((await logBytes()) - before).toBeLessThan(1_000_000);
      await sh("systemctl stop 'streams-*'");
      await expect.poll(() => get("many.bob.test")).toMatchObject({ status: 200 });
    });

    test("300 at once to a program that sleeps: nobody is turned away", async () => {
      expect((await open(300, "::1", "sleepy.bob.test")).statuses).toEqual({ 101: 300 });
      await sh("systemctl stop 'streams-*'");
    });
  });

  const failed = "wc -l </srv/accounts/2/admin/logs/front-end/error.log";
  const asked = "wc -l </srv/accounts/2/admin/logs/front-end/access.log";
  const open = "grep -o 'TCP6: inuse [0-9]*' /proc/net/sockstat6 | grep -o '[0-9]*$'";
  test.each([
    ["programs that end as soon as they are started", "visits", ["crash1", "crash2", "crash3", "crash4"], 10, failed],
    ["a flood of requests", "flood", ["many"], 200, asked],
    ["headers that come byte by byte", "headers", ["many"], 300, open],
    ["bodies that come byte by byte", "drips", ["takes"], 300, open],
  ] as const)("%s: a neighbour does not notice", async (what, form, servers, count, done) => {
    for (const name of ["many", "takes"]) await get(`${name}.bob.test`);
    await get("blog.alice.test");
    const before = Number(await sh(done));
    // They go on as long as is measured.
    for (const server of servers)
      await sh(
        `systemd-run --quiet --unit=visitor-${server} --slice=visitors.slice -p StandardOutput=truncate:/run/visitor-${server} python3 /root/slow-visitor.py ${form} ${server}.bob.test ${count} 300 ::1 ::1`,
      );
    await sh(
      `timeout 50 sh -c 'for s in ${servers.join(" ")}; do until grep -q open /run/visitor-$s; do sleep 0.1; done; done'`,
    );
    await blog.expectUnharmed(what);
    await expect.poll(async () => Number(await sh(done))).toBeGreaterThan(before + (servers.length * count) / 2);
    await sh("systemctl stop 'visitor-*'");
  });
}
