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
    expect(unit).toMatch(new RegExp(` ${to}/lib:/var/lib[ \n]`));
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

const limitsOf = (number: string) => read(`account-${number}`, `systemd/account-${number}-.service.d/50-limits.conf`);

test("brackets in a command or an environment are of no section, and nothing after them is lost", () => {
  const { number, text } = units[0]!;
  const own = ['Environment="ALLOWED_HOSTS=[\\"*\\"]"', "ExecStart=:/opt/fairhost/run --host [::] [a]"];
  const whole = text.replace(/^ExecStart=.*$/m, own.join("\n"));
  const unit = restoredUnit(
    [sandbox, limitsOf(number), `${whole}\n[Install]\nWantedBy=none.target\n`],
    placesOf(number),
  );
  const expected = restoredUnit([sandbox, limitsOf(number), text], placesOf(number));
  expect(unit.split("\n")).toEqual(
    expected.split("\n").flatMap((line) => (line.startsWith("ExecStart=") ? own : [line])),
  );
});

test.each(["User", "PrivateNetwork", "NoNewPrivileges", "CapabilityBoundingSet", "MemoryMax", "TasksMax"])(
  "a unit without %s is not started",
  (name) => {
    const { number, text } = units[0]!;
    const files = [sandbox, limitsOf(number), text].map((each) => each.replace(RegExp(`^${name}=.*\n`, "m"), ""));
    expect(() => restoredUnit(files, placesOf(number))).toThrow(`its unit has nothing like ^${name}=`);
  },
);
