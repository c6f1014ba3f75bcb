import { setTimeout as sleep } from "node:timers/promises";
import { describe, test } from "vitest";
import type { ContainerHost } from "../../../lab/container.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";

/** The host of components/http/front-end/misbehaving.it.test.ts, with programs of account 2, bob. */
interface Front {
  host(): ContainerHost;
  readonly home: string;
  /** A request to the front end, by the web site's name. */
  get(name: string): Promise<{ readonly status: number; readonly body: string }>;
  /** The account's log of a server, and how often systemd has started it. */
  log(server: string): Promise<string>;
  starts(server: string): Promise<number>;
}

/** A program that says which one it is. */
export const version = (text: string) =>
  `import { createServer } from "node:http";
createServer((_, answer) => answer.end("${text}")).listen(process.env.PORT ? { port: process.env.PORT } : { fd: 3 });
process.on("SIGTERM", () => process.exit(0));\n`;

const as = ["setpriv", "--reuid=1900000002", "--regid=1900000002", "--clear-groups"];

/** In a `describe.concurrent`: it takes more than a minute. */
export function pauseCase({ host, home, get, log }: Front): void {
  test("a pause that may become long, as declared, ends when the account touches restart-<name>", async ({
    expect,
  }) => {
    // Each try says so. After 63 s comes the seventh, and a pause of 64 s.
    const tries = () => log("rarely").then((text) => text.match(/the program ended with status 127/g)?.length ?? 0);
    const visit = async () => [(await get("rarely.bob.test")).status, await tries()];
    await expect.poll(visit, { timeout: 130_000, interval: 1000 }).toEqual([502, 7]);
    await host().writeFile(`${home}/bin/rarely`, "#!/bin/sh\nexec node version.mjs\n", 0o755);
    await succeed(host(), [...as, "touch", `${home}/restart-rarely`]);
    await expect.poll(visit, { timeout: 50_000, interval: 500 }).toEqual([200, 7]);
  }, 300_000);
}

/** What restarts a program, and what becomes of its visitors meanwhile. */
export function restartCases({ host, home, get, log, starts }: Front): void {
  const sh = (command: string) => succeed(host(), command);

  describe.concurrent("restarts", () => {
    test.for(["renewed", "renewed-taker"])(
      "%s: touching a file starts new code while visitors keep coming",
      async (server, { expect }) => {
        await host().writeFile(`${home}/${server}.mjs`, version("one"));
        expect(await get(`${server}.bob.test`)).toMatchObject({ status: 200, body: "one" });
        await host().writeFile(`${home}/${server}.mjs`, version("two"));
        expect(await get(`${server}.bob.test`)).toMatchObject({ status: 200, body: "one" });
        await succeed(host(), [...as, "touch", `${home}/restart-${server}`]);
        const begin = performance.now();
        const refused: number[] = [];
        for (let body = "one"; body !== "two"; await sleep(100)) {
          const answer = await get(`${server}.bob.test`);
          if (answer.status !== 200) refused.push(answer.status);
          body = answer.body;
          expect(performance.now() - begin).toBeLessThan(60_000);
        }
        // Behind the proxy nobody is lost. Of a program that has the socket itself, a visitor whom it accepts in the moment of the signal is.
        expect(server === "renewed" ? [[]] : [[], [502]]).toContainEqual(refused);
        // Once for each touch, and not for a symlink to what changes all the time.
        await succeed(host(), [...as, "ln", "-sf", "/proc/self/stat", `${home}/restart-${server}`]);
        await sleep(5000);
        expect((await log(server)).match(/started anew, because/g)).toHaveLength(1);
        expect(await starts(server)).toBeLessThan(3);
      },
    );

    test("a program that never stops runs since the deploy, and again after it was killed, without a visitor", async ({
      expect,
    }) => {
      expect(await sh("systemctl is-active account-2-http-always.service")).toBe("active\n");
      expect(await sh("systemctl list-dependencies --plain fairhost.target")).toContain(
        "account-2-http-always.service",
      );
      const pid = () =>
        sh(
          "pgrep -f '^/usr/bin/node version.mjs' -u 1900000002 --cgroup /account.slice/account-2.slice/account-2-http-always.service || true",
        );
      expect(await get("always.bob.test")).toMatchObject({ status: 200 });
      const old = (await pid()).trim();
      expect(old).not.toBe("");
      await sh(`kill -KILL ${old.split("\n")[0]}`);
      for (let tries = 0; tries < 300 && ["", old].includes((await pid()).trim()); tries++) await sleep(100);
      expect((await pid()).trim()).not.toBe(old);
      expect(await get("always.bob.test")).toMatchObject({ status: 200 });
    });
  });
}
