import { describe, expect, test } from "vitest";
import type { Visitors } from "../visitors.cases.ts";

const soon = { timeout: 20_000, interval: 200 };

/** Who is let in by password. */
export function passwordCases({ here, alice, bob, password, ssh, byPassword, output, loggedIn, log }: Visitors): void {
  describe("by password", () => {
    const guesses = async () =>
      (await here().sh("journalctl -t fairhost-password -o cat | sort | uniq -c | sed 's/^ *//'")).trim().split("\n");

    test("a user who has one logs in, and one who has a key as well as before", async () => {
      expect(output(await byPassword(`pat@${alice}`, "id -un; pwd"))).toBe("a1\n/home/alice");
      expect(await log(1)).toMatch(/ Accepted password for pat from 2600:8::2 ssh2$/m);
      expect(await loggedIn("id -un")).toBe("a1");
    });

    test("nobody does with a wrong one or without one: the answer is the same, it comes late, and the host counts it", async () => {
      const begun = Date.now();
      const tries = [
        [`pat@${alice}`, "wrong password"],
        [`pat@${alice}`, ""],
        [`ada@${alice}`, password],
        [`nobody-at-all@${alice}`, password],
        [`a1@${alice}`, password],
      ] as const;
      const answers = await Promise.all(tries.map(([to, given]) => byPassword(to, "true", given)));
      expect(answers.map(({ exitCode, stderr }) => [exitCode, stderr.split(": ")[1]?.trim()])).toEqual(
        tries.map(() => [255, "Permission denied (publickey,password)."]),
      );
      expect(Date.now() - begun).toBeGreaterThan(2900);
      // An empty one is not asked about. The address is the relay's, whatever the account says; a name that nobody has may be somebody's password.
      await expect
        .poll(guesses, soon)
        .toEqual([
          "3 wrong password: account=1 user=UNKNOWN from=2600:8::2",
          "1 wrong password: account=1 user=pat from=2600:8::2",
        ]);
    });

    test("nobody is asked for one at an account without", async () => {
      expect((await byPassword(`bob@${bob}`, "true")).stderr).toContain("Permission denied (publickey).");
      expect((await ssh(`bob@${bob}`, "true", "bob")).exitCode).toBe(0);
    });

    test("users of the account see no hash, and learn from who is asked no more than by logging in", async () => {
      const looks = await loggedIn(
        `cat /etc/shadow /opt/fairhost/access/passwords /etc/userdb/*-privileged 2>/dev/null | grep -c 'y.j9T'
         getent shadow pat
         cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c 'y.j9T'
         printf 'pat\\nwrong' | socat -t10 - UNIX-CONNECT:/opt/fairhost/password
         printf 'pat\\n${password}' | socat -t10 - UNIX-CONNECT:/opt/fairhost/password; true`,
      );
      expect(looks.split("\n")).toEqual(["0", "pat:*:::::::", "0", "no", "yes"]);
      expect(await here().sh("stat -c '%a %U' /var/lib/fairhost/current/access/passwords/1")).toBe("400 root\n");
      // Not where an HTTP server runs, which knows no socket of the host's.
      expect(await here().inside("carol", "ls /opt/fairhost /run")).not.toMatch(/password|sftp/);
    });
  });
}
