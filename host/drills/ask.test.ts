import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { restoredUnit } from "./ask.ts";

/** Rendered units, of each kind of server. */
const golden = join(import.meta.dirname, "../../delivery/golden");
const read = (...path: string[]) => readFileSync(join(golden, ...path), "utf8");
const units = readdirSync(golden).flatMap((group) => {
  if (!/^account-\d+$/.test(group)) return [];
  const names = readdirSync(join(golden, group, "systemd")).filter((name) => /-http-[a-z]+\.service$/.test(name));
  return names.map((name) => ({ number: group.slice("account-".length), text: read(group, "systemd", name), name }));
});
const sandbox = read("host/systemd/account-.service.d/50-sandbox.conf");
const placesOf = (number: string) => ({
  from: `/srv/accounts/${number}`,
  to: `/srv/accounts/drills/${number}/restored`,
});

test.each(units)(
  "$name runs with the restored files in the place of the account's, in an empty network",
  ({ number, text }) => {
    const limits = read(`account-${number}`, `systemd/account-${number}-.service.d/50-limits.conf`);
    const { from, to } = placesOf(number);
    const unit = restoredUnit([sandbox, limits, text], { from, to });
    expect(unit).toContain(`BindPaths=${to}/home:/home/`);
    expect(unit).toContain(` ${to}/lib:/var/lib\n`);
    expect(unit).not.toMatch(new RegExp(`${from}/(home|lib)`));
    expect(unit).not.toMatch(/JoinsNamespaceOf|fairhost-databases|append:/);
    const lines = unit.split("\n");
    const settings = (name: string) => lines.filter((line) => line.startsWith(`${name}=`));
    for (const only of [
      "Slice=fairhost-backup.slice",
      "StandardOutput=null",
      "PrivateNetwork=yes",
      "NoNewPrivileges=yes",
    ])
      expect(settings(only.split("=")[0]!)).toEqual([only]);
    expect(settings("ExecStart")).toEqual(text.split("\n").filter((line) => line.startsWith("ExecStart=")));
    expect(settings("MemoryMax")).toHaveLength(1);
  },
);

test.each([
  ["does not mount the account's files", "ExecStart=/bin/true"],
  [
    "mounts them in another way too",
    "BindPaths=/srv/accounts/1/home:/home/a /srv/accounts/1/lib:/var/lib\nBindReadOnlyPaths=/srv/accounts/1/home/www:/www",
  ],
])("a unit that %s is not started: it could run on the account's own files", (_, settings) => {
  expect(() => restoredUnit([`[Service]\n${settings}\n`], placesOf("1"))).toThrow("mounts of the account");
});

test("a unit without the sandbox, or without a user, is not started", () => {
  const { from, to } = placesOf("1");
  const mounts = `BindPaths=${from}/home:/home/a ${from}/lib:/var/lib`;
  for (const settings of [`User=a1\n${mounts}`, `PrivateNetwork=yes\n${mounts}`])
    expect(() => restoredUnit([undefined, `[Service]\n${settings}\n`], { from, to })).toThrow("no sandbox, or no user");
});
