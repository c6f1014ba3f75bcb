import { expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { schema } from "../host.file.ts";
import { confined } from "./confined.ts";

const roles = schema.shape.role.unwrap().options;

/** Services of the host that are not confined, and why. */
const free: Readonly<Record<string, string>> = {
  "fairhost-view-again.service": "asks systemd alone to start another unit",
  "fairhost-start@.service": "every start of a server waits for it, and mounts of its own would take time",
  "fairhost-ended@.service": "what failed waits for it before it starts again, and mounts of its own would take time",
  "fairhost-network@.service":
    "the first start of each account waits for it, and mounts of its own would take time, which CAP_SYS_ADMIN can undo",
  "fairhost-new-socket@.service": "asks systemd alone to start another unit",
  "fairhost-backup-looks.service": "watches directories on which others mount, in the file system of the host",
  "fairhost-backup-view@.service": "mounts in the file system of the host",
  "fairhost-restore.service": "ends with an apply, which may repair anything on the host",
};

/** Settings of a service that another value stands for, and why. */
const otherwise: Readonly<Record<string, readonly string[]>> = {
  // Quotas are read from the device.
  "fairhost-logs.service": ["PrivateDevices"],
  "fairhost-thresholds.service": ["PrivateDevices"],
};

test("each service of the host that Fairhost brings is confined, or stands here with the reason", () => {
  const some = declarationFixture({ hosts: 1, accounts: 2 });
  const certificates = { directory: "https://ca.example/directory", email: "operator@fairhost.example" };
  const declaration = { ...some, networks: some.networks.map((network) => ({ ...network, certificates })) };
  const [{ name }] = declaration.hosts as [(typeof declaration.hosts)[number]];
  // What a host is for decides which services it has.
  const files = roles.flatMap((role) => {
    const hosts = declaration.hosts.map((host) => ({ ...host, role }));
    return renderBundle({ ...declaration, hosts }, name).groups.host!.files;
  });
  const services = files.flatMap(({ path, content = "" }) => {
    const [, name] = /^systemd\/(fairhost-[^/]*\.service)(?:\.d\/.*)?$/.exec(path) ?? [];
    return name === undefined ? [] : [{ name, lines: content.split("\n") }];
  });
  const lacking = services.flatMap(({ name, lines }) => {
    const missing = Object.entries(confined).filter(
      ([key, value]) =>
        !lines.includes(`${key}=${value}`) && !(key === "PrivateTmp" && lines.includes(`${key}=disconnected`)),
    );
    const names = missing.map(([key]) => key).filter((key) => otherwise[name]?.includes(key) !== true);
    return names.length === 0 || name in free ? [] : [`${name}: ${names.join(", ")}`];
  });
  expect(lacking).toEqual([]);
  const names = services.map(({ name }) => name);
  expect([...Object.keys(free), ...Object.keys(otherwise)].filter((name) => !names.includes(name))).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(["fairhost-certificates.service", "fairhost-repositories.service"]));
});
