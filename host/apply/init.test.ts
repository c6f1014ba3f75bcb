import { mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { maskedUnits } from "../../delivery/protocol/packages.generated.ts";
import { FakeSystemd } from "../../testing/fakes/fake-systemd.ts";
import { Tree } from "../../testing/fakes/host-tree.ts";
import type { Run } from "../os/machine.ts";
import { requireSameKind } from "../store/host-name.ts";
import { init, missingFixtures } from "./init.ts";

vi.mock(import("../../delivery/protocol/packages.generated.ts"), async (original) => {
  const real = await original();
  return { ...real, maskedUnits: [...real.maskedUnits, "made-up.service"] };
});

test("every unit that a package brings and a declarer masks is masked and stopped, whether or not a package was missing", async () => {
  using tree = new Tree();
  const systemd = new FakeSystemd(tree.root);
  const machine = tree.machine({ run: systemd.run, live: true });
  const units = maskedUnits;
  // Debian has started them.
  for (const unit of units) systemd.running.set(unit, "");
  expect(units).toEqual(expect.arrayContaining(["lighttpd.service", "made-up.service"]));
  expect(await init(machine)).toEqual(
    expect.arrayContaining(units.map((unit) => `/etc/systemd/system/${unit} -> /dev/null`)),
  );
  for (const unit of units) expect(readlinkSync(tree.at(`/etc/systemd/system/${unit}`))).toBe("/dev/null");
  const stopped = systemd.calls.find((call) => call.includes(" stop -- "))?.split(" ");
  expect(stopped).toEqual(expect.arrayContaining([...units]));
  expect(missingFixtures(machine)).toEqual([]);
  expect(await init(machine)).toEqual([]);
});

test("a router has the links of its folders alone, stays what it is, and a host never becomes one", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  await init(machine, "frr");
  const link = (path: string) => readlinkSync(tree.at(path));
  expect(link("/etc/frr/frr.conf")).toBe("/var/lib/fairhost/current/frr/frr.conf");
  expect(() => link("/etc/chrony/chrony.conf")).toThrow("ENOENT");
  expect(() => link("/etc/systemd/system/lighttpd.service")).toThrow("ENOENT");
  // Without the word, as a repair does it.
  expect(await init(machine)).toEqual([]);
  expect(missingFixtures(machine)).toEqual([]);
  await expect(init(machine, "bird")).rejects.toThrow("this machine is a router of frr");
  using other = new Tree();
  await init(other.machine());
  writeFileSync(other.machine().layout.host, "web1\n");
  await expect(init(other.machine(), "frr")).rejects.toThrow("this machine is a host of the fleet");
  await expect(init(other.machine(), "nokia")).rejects.toThrow("knows no router of nokia");
});

test.each(["daemon-reload", "stop"])(
  "if systemd does not do its %s, init fails, and the next one does it",
  async (verb) => {
    using tree = new Tree();
    const systemd = new FakeSystemd(tree.root);
    systemd.running.set("made-up.service", "");
    let works = false;
    const run: Run = async (program, args, options) =>
      works || !args.includes(verb)
        ? systemd.run(program, args, options)
        : { status: 1, stdout: "", stderr: "Failed to connect to bus\n" };
    const machine = tree.machine({ run, live: true });
    await expect(init(machine)).rejects.toThrow(
      `systemctl ${verb === "stop" ? "stop made-up.service" : verb}: Failed to connect to bus; fix that, then deploy again`,
    );
    works = true;
    await init(machine);
    expect(systemd.running.has("made-up.service")).toBe(false);
  },
);

test("files of others in a place that a host's network may come from stay, and say what to do", async () => {
  using tree = new Tree();
  const machine = tree.machine({ run: new FakeSystemd(tree.root).run });
  const place = "/usr/local/lib/systemd/network";
  mkdirSync(tree.at(place), { recursive: true });
  await init(machine);
  rmSync(tree.at(place));
  mkdirSync(tree.at(place));
  writeFileSync(tree.at(`${place}/10-lan.network`), "");
  await expect(init(machine)).rejects.toThrow(
    `${place}/10-lan.network: this place is Fairhost's. Move what the host needs to the same folder in /etc/systemd, remove the rest, then deploy again`,
  );
  expect(readdirSync(tree.at(place))).toEqual(["10-lan.network"]);
});

test("a host takes no delivery of a router, and a router none of a host", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  requireSameKind(machine, false);
  expect(() => requireSameKind(machine, true)).toThrow(
    "this machine is no router, but the delivery is for a router: it has no master secret. Nothing was changed",
  );
  await init(machine, "frr");
  requireSameKind(machine, true);
  expect(() => requireSameKind(machine, false)).toThrow(
    "this machine is a router of frr, but the delivery is for a host. Nothing was changed",
  );
});
