import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { connections, retryAfter } from "./connections.ts";

/** The host of misbehaving.it.test.ts, with testing/programs/streams.py and latencies.py in /root. */
interface Front {
  /** As root. @returns what it writes */
  sh(command: string): Promise<string>;
  /** A request to the front end, by the web site's name. */
  get(name: string): Promise<{ readonly status: number }>;
}

/** How many connections one visitor, and all together, get to one program; and what a neighbour notices. */
export function manyConnectionsCases({ sh, get }: Front): void {
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
    /**
     * Milliseconds of a neighbour's answers, of the best of five rounds of 100: half of them are faster, and all but one in a hundred. What
     * the streams cost, they cost in each round; what else is busy on the machine spoils some.
     */
    const neighbour = async () => {
      const rounds = JSON.parse(await sh("python3 /root/latencies.py blog.alice.test 5 100")) as number[][];
      const best = (at: number) => Math.min(...rounds.map((times) => times[at]!));
      return { median: best(50), p99: best(98) };
    };

    test("540 event streams of one visitor: as many as the limit are open, the rest are told so, and a neighbour does not notice", async () => {
      await get("many.bob.test");
      await get("blog.alice.test");
      const [before, quiet] = [await logBytes(), await neighbour()];
      const { statuses, slowest, refusal } = await open(540, "::1");
      expect(statuses).toEqual({ 101: connections.visitor, 503: 540 - connections.visitor });
      expect(refusal).toMatch(new RegExp(`^HTTP/1.1 503 [^]*Retry-After: ${retryAfter}\\r\\n[^]*Try again`));
      const shown = ({ median, p99 }: typeof quiet) => `${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
      // Nobody is left waiting for a time limit: the shortest is 60 s.
      expect(slowest).toBeLessThan(20);
      // Other visitors of the same site still get in.
      expect(
        await sh(
          "curl -s -o /dev/null -w '%{http_code}' --interface fd00:9:0:1::1 -H 'Host: many.bob.test' http://[fd00:9:0:1::1]/",
        ),
      ).toBe("200");
      expect((await logBytes()) - before).toBeLessThan(1_000_000);
      // 2 ms more: that is what one turn of the scheduler costs. The streams are open all the time: what they cost does not pass.
      await expect
        .poll(
          async () => {
            const busy = await neighbour();
            console.info(`a neighbour: ${shown(quiet)} before, ${shown(busy)} meanwhile`);
            return Math.max(busy.median / (2 * quiet.median + 2), busy.p99 / (2 * quiet.p99 + 2));
          },
          { timeout: 30_000 },
        )
        .toBeLessThan(1);
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
}
