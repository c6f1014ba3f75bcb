import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { inspect } from "../inspect/inspect.ts";

function write(tree: Tree, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(tree.at(path)), { recursive: true });
    writeFileSync(tree.at(path), text);
  }
}

test("what units keep for themselves, and the credentials that they load: open ones are found with what is inside, and closed again", async () => {
  const unit = (...lines: string[]) => `[Service]\nExecStart=/bin/true\n${lines.join("\n")}\n`;
  const files = {
    "systemd/keys.service": unit("StateDirectory=keys", "StateDirectoryMode=0750", "UMask=0027"),
    "systemd/ask.service": unit("LoadCredential=token:/etc/token", "LogsDirectory=ask", "LogsDirectoryMode=0700"),
    "systemd/data.service": unit("ExecStartPre=+/usr/bin/install -d -m 0700 -o daemon -g daemon /srv/data"),
    "systemd/made.service": unit("StateDirectory=made", "StateDirectoryMode=0700", "User=made-up"),
    "systemd/open.service": unit("StateDirectory=open"),
  };
  const host = hostGroup(
    "one",
    Object.entries(files).map(([path, content]) => ({ path, content })),
  );
  using tree = new Tree();
  const deploy = () => apply(tree.machine(), bundleOf({ 1: accountGroup(1) }, host), secret);
  await deploy();
  write(tree, { "/var/lib/keys/a/b.pem": "", "/var/lib/keys/c": "", "/etc/token": "", "/var/log/ask/x": "" });
  write(tree, {
    "/srv/data/x": "",
    "/var/lib/open/x": "",
    "/var/lib/made/x": "",
    "/var/lib/fairhost/packages": "",
    "/var/lib/fairhost/backups/1.json": "",
  });
  symlinkSync("/etc/token", tree.at("/var/lib/keys/link"));
  const exposed = async () =>
    (await inspect(tree.machine(), {}, "")).differences
      .filter(({ kind }) => kind === "secret-exposed")
      .map(({ what }) => what.slice(tree.root.length));
  const open = [
    ...["/etc/token", "/srv/data", "/var/lib/fairhost/backups", "/var/lib/keys", "/var/lib/keys/a"],
    ...["/var/lib/keys/a/b.pem", "/var/lib/keys/c", "/var/lib/made", "/var/log/ask"],
  ];
  expect((await exposed()).sort()).toEqual(open);
  const { repaired } = await deploy();
  expect(repaired.map((line) => line.slice(tree.root.length).replace(/ .*/, "")).sort()).toEqual(open);
  const mode = (path: string) => (statSync(tree.at(path)).mode & 0o777).toString(8);
  expect(open.map(mode)).toEqual(["640", "700", "700", "750", "750", "640", "640", "700", "700"]);
  expect([await exposed(), mode("/var/lib/open")]).toEqual([[], "755"]);
  if (process.getuid?.() !== 0) return;
  for (const [path, uid] of [
    ["/var/lib/keys", 99999],
    ["/srv/data", 99999],
    ["/etc/token", 99999],
    ["/var/lib/made", 61300],
  ] as const)
    chownSync(tree.at(path), uid, 0);
  chmodSync(tree.at("/var/lib/made"), 0o777);
  write(tree, { "/etc/passwd": "root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n" });
  expect((await exposed()).sort()).toEqual(["/etc/token", "/srv/data", "/var/lib/keys", "/var/lib/made"]);
  await deploy();
  expect([mode("/var/lib/made"), statSync(tree.at("/var/lib/made")).uid]).toEqual(["700", 61300]);
  expect([await exposed(), statSync(tree.at("/srv/data")).uid, statSync(tree.at("/etc/token")).uid]).toEqual([
    [],
    1,
    0,
  ]);
});
