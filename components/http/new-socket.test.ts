import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { afterAll, expect, test } from "vitest";
import { gaveUp } from "../../lib/systemd/gave-up.ts";
import { renderHttpDefaults } from "./render-http-server.ts";

const bin = mkdtempSync(join(tmpdir(), "fairhost-new-socket-"));
afterAll(() => rmSync(bin, { recursive: true }));

/** The condition of the unit that makes a failed socket anew, as systemd gives it to the shell. */
const unit = renderHttpDefaults().find(({ path }) => path === "systemd/fairhost-new-socket@.service")!;
const condition = /^ExecCondition=\/bin\/sh -c '(.*)'$/m
  .exec(unit.content!)![1]!
  .replaceAll("%i", "account-1-http-www")
  .replaceAll("$$", "$");

test.each([
  ["whatever it ended with", "3", 0],
  ["if it is still running, or never ran", "0", 0],
  ["unless it was given up (restart: never)", `${gaveUp}`, 1],
])(
  "the socket of a server is made anew %s, also if systemd answers at the third question alone",
  async (_when, status, exitCode) => {
    // What `systemctl` does during a long daemon-reload, without the 25 s that it takes.
    const systemctl = `#!/bin/sh
echo . >>${bin}/asked-${status}
[ "$(wc -l <${bin}/asked-${status})" -ge 3 ] || { echo 'Failed to get properties: Connection timed out' >&2; exit 1; }
[ "$*" = "show -P ExecMainStatus account-1-http-www.service" ] && echo ${status}
`;
    writeFileSync(join(bin, "systemctl"), systemctl);
    chmodSync(join(bin, "systemctl"), 0o755);
    const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
    expect(await execa("/bin/sh", ["-c", condition], { env, reject: false })).toMatchObject({ exitCode });
  },
);
