import { describe, expect, test } from "vitest";
import type { ContainerHost } from "../../../lab/container.ts";

export interface Answer {
  readonly status: number;
  readonly seconds: number;
  readonly body: string;
}

/** The host of components/http/render-http-server.it.test.ts; the programs of account 5, eve, fail in the ways that their names say. */
interface Front {
  host(): ContainerHost;
  /** As root. @returns what it writes */
  sh(command: string): Promise<string>;
  /** A request to the front end, by the web site's name. */
  get(name: string, options?: { path?: string; headers?: readonly string[] }): Promise<Answer>;
}

/** What visitors, the account and the host see of a program that fails. */
export function failingCases({ host, sh, get }: Front): void {
  describe("what goes wrong", () => {
    test("an unknown name gets 421 and is in no account's log", async () => {
      expect(await get("unknown.test")).toMatchObject({ status: 421, body: expect.stringContaining("Unknown site") });
      expect(await get("[fd00:8000:0:99::1]")).toMatchObject({ status: 421 });
      await expect.poll(() => sh("grep -c unknown.test /var/log/nginx/access.log")).toBe("1\n");
    });

    test.each(["fails", "fails-too", "nowhere"])(
      "%s: 502 in seconds, no more than one start a second, and the socket stays",
      async (server) => {
        const unit = `account-5-http-${server}`;
        const begin = performance.now();
        for (let request = 0; request < 3; request++) {
          const answer = await get(`${server}.eve.test`);
          expect(answer).toMatchObject({ status: 502, body: expect.stringContaining("Not answering") });
          expect(answer.seconds).toBeLessThan(40);
        }
        const starts = Number(await sh(`journalctl -u ${unit}.service -o cat | grep -c '^Started'`));
        expect(starts).toBeLessThanOrEqual(2 + (performance.now() - begin) / 1000);
        expect(await sh(`systemctl is-active ${unit}.socket`)).toBe("active\n");
      },
    );

    test("the account is told why", async () => {
      const log = (server: string) => sh(`cat /srv/accounts/5/admin/logs/http-${server}.log`);
      expect(await log("fails")).toContain("no\n");
      expect(await log("nowhere")).toContain("the directory /home/eve/nowhere is not there");
    });

    test("its own log of errors says which request, what was answered, and by whom", async () => {
      const log = "/srv/accounts/5/admin/logs/front-end/error.log";
      await get("crashes.eve.test", { path: "/sound" });
      await get("crashes.eve.test", { path: "/missing" });
      await get("crashes.eve.test", { path: "/large", headers: ["Content-Length: 2000000000"] });
      // nginx writes the line after the client has its answer.
      await expect.poll(() => sh(`tail -n 1 ${log}`)).toContain(" 413 in ");
      const lines = (await sh(`cat ${log}`)).trim().split("\n");
      expect(lines.find((line) => line.includes(" fails.eve.test "))).toMatch(
        /^::1 \[.*\] "GET \/ HTTP\/1.1" fails\.eve\.test 502 in [\d.]+ s; server unix:\/run\/fairhost-http\/account-5-http-fails: 502 in [\d.]+ s: the server closed the connection without an answer$/,
      );
      expect(lines.at(-1)).toMatch(/ 413 in [\d.]+ s; server -: - in - s: the request's body is larger than 1024 MiB$/);
      // Error answers of its own program are not logged here.
      expect(lines.join()).not.toMatch(/sound|missing/);
      expect(await host().run(["test", "-e", "/srv/accounts/3/admin/logs/front-end/error.log"])).not.toMatchObject({
        exitCode: 0,
      });
      const as = ["setpriv", "--reuid=1900000005", "--regid=1900000005", "--clear-groups", "sh", "-c"];
      expect(await host().run([...as, `cat ${log}`])).toMatchObject({ exitCode: 0 });
      expect((await host().run([...as, `echo x >> ${log}`])).exitCode).not.toBe(0);
    });

    test("a program that dies is started again by the next request", async () => {
      expect(await get("crashes.eve.test")).toMatchObject({ status: 200, body: "up" });
      expect(await get("crashes.eve.test", { path: "/crash" })).toMatchObject({ status: 502 });
      expect(await get("crashes.eve.test")).toMatchObject({ status: 200, body: "up" });
    });

    test("an init that systemd kills, as it does when it takes it for another's child, is no failed unit", async () => {
      expect(await get("crashes.eve.test")).toMatchObject({ status: 200 });
      await sh("systemctl kill --kill-whom=main --signal=KILL account-5-http-crashes.service");
      const state = () =>
        host()
          .run("systemctl is-active account-5-http-crashes.service")
          .then(({ stdout }) => stdout);
      await expect.poll(state).toBe("inactive\n");
      expect(await get("crashes.eve.test")).toMatchObject({ status: 200, body: "up" });
    });

    test("a program deaf to SIGTERM is ended all the same", async () => {
      expect(await get("deaf.eve.test")).toMatchObject({ status: 200 });
      await sh("systemctl stop account-5-http-deaf.service");
      expect((await host().run("systemctl is-active account-5-http-deaf.service")).stdout).not.toBe("active\n");
      expect(await get("deaf.eve.test")).toMatchObject({ status: 200 });
    });
  });
}
