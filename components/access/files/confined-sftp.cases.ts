import { describe, expect, test } from "vitest";
import type { Visitors } from "../visitors.cases.ts";

/** What a user may do who has files alone. */
export function confinedSftpCases({
  here,
  alice,
  password,
  options,
  as,
  ssh,
  sftp,
  output,
  loggedIn,
  log,
}: Visitors): void {
  describe("a user with SFTP alone", () => {
    const files = `files@${alice}`;

    test("brings and gets files of its directory, by key or password", async () => {
      const { stdout, exitCode } = await sftp(
        files,
        "put -p hello\nchmod 604 hello\nmkdir below\nrename hello below/again\nget below/again back\nls -l below",
      );
      expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^-rw----r-- .* a1 .* 6 .*again$/m)]);
      expect(await here().sh("cat /root/back /srv/accounts/1/home/www/in/below/again")).toBe("hello\nhello\n");
      const byItsPassword = `SSH_ASKPASS=/root/ask SSH_ASKPASS_REQUIRE=force GIVEN='${password}' sftp -q ${options.replace("BatchMode=yes", "PubkeyAuthentication=no")}`;
      expect((await sftp(`drop@${alice}`, "ls", byItsPassword)).stdout).toContain("in");
    });

    test("sees nothing of the home outside of it, by any path", async () => {
      await loggedIn("ln -sfn ../.. www/in/up; ln -sfn /home/alice/www www/in/absolute; echo rc >www/in/.bashrc");
      const paths = ["..", "/home/alice/..", "up", "absolute", "/proc/1/root/home/alice", "/proc/1/cwd"];
      const { stdout } = await sftp(files, paths.map((path) => `-ls -a ${path}`).join("\n"));
      expect(stdout).not.toMatch(/outside|www/);
      const reads = [
        "outside",
        "../outside",
        "/home/alice/www/outside",
        "/srv/accounts/1/home/www/outside",
        "/var/lib/dpkg",
      ];
      const { stdout: gets } = await sftp(files, reads.map((path) => `-get ${path} /root/got`).join("\n"));
      expect(gets.match(/not found|No such file/g)).toHaveLength(reads.length);
      expect((await here().host.run("test -e /root/got")).exitCode).toBe(1);
      // The twin: who may all of the home.
      expect(await loggedIn("cat www/outside")).toBe("out");
    });

    test("has no right that its directory was mounted with, in a user namespace of its own", async () => {
      output(await sftp(files, "get /proc/self/status state\nget /proc/self/uid_map map"));
      const state = await here().sh("cat /root/state");
      for (const set of ["Inh", "Prm", "Eff", "Amb"]) expect(state).toMatch(new RegExp(`^Cap${set}:\\s0+$`, "m"));
      expect(state).toMatch(/^NoNewPrivs:\s1$/m);
      // Not the host's user namespace, whose map is one line of all uids.
      expect((await here().sh("cat /root/map")).trim().split("\n")).toHaveLength(2);
    });

    test("gets no shell, no command, no terminal, no forwarded port, no file of the home run, and makes no symlink", async () => {
      for (const more of ["", "-tt"])
        expect((await ssh(files, "id -un; echo ran", "ada", more)).stdout).not.toContain("ran");
      const forward = await here().outside(`ssh ${as("ada")} -W [::1]:7300 ${files} </dev/null`);
      expect([forward.exitCode, forward.stderr]).toEqual([255, expect.stringContaining("administratively prohibited")]);
      const remote = await here().outside(
        `ssh ${as("ada")} -o ExitOnForwardFailure=yes -N -R 7301:[::1]:22 ${files} </dev/null`,
      );
      expect(remote.exitCode).toBe(255);
      const { stdout } = await sftp(files, "mkdir .ssh\nput ask .ssh/rc\n-symlink /etc/passwd link");
      expect(stdout).toMatch(/Couldn't symlink|Permission denied/);
      await sftp(files, "ls");
      expect(await loggedIn("ls www/in")).not.toContain("link");
      // The twin.
      expect((await ssh(`ada@${alice}`, "echo ran")).stdout).toBe("ran\n");
    });

    test("whose directory is a symlink sees where it leads inside the sandbox, and nothing of the host", async () => {
      await loggedIn("mv www/in www/real; ln -s /srv/accounts/2/home www/in");
      expect((await sftp(files, "ls")).exitCode).not.toBe(0);
      expect(await log(1)).toMatch(/\/home\/alice\/www\/in: No such file or directory/);
      await loggedIn("rm www/in; mv www/real www/in");
      expect((await sftp(files, "ls")).exitCode).toBe(0);
    });
  });
}
