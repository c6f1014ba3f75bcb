import { expect, test } from "vitest";
import { declarationOf, type FixtureAccount, fixtureHost, staticServer } from "../testing/fixtures/bundle-fixture.ts";
import { hostPackages, packagesWhereUsed } from "./protocol/packages.generated.ts";
import { usedPackages } from "./used-packages.ts";

const php = {
  kind: "php",
  name: "blog",
  root: "www",
  fallback: "index.php",
  workers: 2,
  ini: {},
  environment: {},
  idleSeconds: 300,
} as const;
const account: FixtureAccount = { number: 1, name: "alice" };

const byHand = { upgrades: { security: false, reboot: false } };

const on = (own: Partial<FixtureAccount>, host = byHand) =>
  usedPackages({ declaration: declarationOf([{ ...account, ...own }], host), host: fixtureHost });

test("a host has the packages of what is declared on it, and no others", () => {
  expect(on({})).toEqual(["restic"]);
  expect(on({ servers: [staticServer("blog")] })).toEqual([
    "lighttpd",
    "lighttpd-mod-deflate",
    "lighttpd-modules-lua",
    "restic",
  ]);
  expect(on({ servers: [php] })).toEqual(expect.arrayContaining(["apache2-bin", "php-fpm", "php-mysql"]));
  expect(on({ servers: [php] }).join()).not.toMatch(/lighttpd|postgresql|mariadb-server|gunicorn/);
});

test("a host has unattended-upgrades only if it upgrades by itself", () => {
  expect(on({}, { upgrades: { ...byHand.upgrades, security: true } })).toEqual(["restic", "unattended-upgrades"]);
});

test("a server of databases is there only where one of its databases is", () => {
  const database = { name: "shop", connections: 5 };
  expect(on({ databases: [{ ...database, engine: "postgresql" }] })).toEqual(["postgresql-17", "restic"]);
  expect(on({ databases: [{ ...database, engine: "mariadb" }] })).toEqual([
    "mariadb-client",
    "mariadb-server-core",
    "restic",
  ]);
});

test("a host has nothing of what another's accounts use, but a spare host has it all: it takes over without a package mirror", () => {
  const declaration = declarationOf([{ ...account, servers: [staticServer("blog"), php] }], byHand);
  const other = { ...fixtureHost, ...byHand, name: "web2", role: "backup" };
  const both = { ...declaration, hosts: [...declaration.hosts, other] };
  expect(usedPackages({ declaration: both, host: other })).toEqual(["rclone"]);
  const all = usedPackages({ declaration, host: fixtureHost });
  expect(usedPackages({ declaration, host: { ...other, role: "spare" } })).toEqual(all);
});

test("what each host has anyway is not named again, and the applier knows all that may be named", () => {
  const kinds = [staticServer("a"), { ...php, name: "b" }];
  const all = on({ servers: kinds, databases: [{ engine: "mariadb", name: "shop", connections: 5 }] });
  expect(packagesWhereUsed).toEqual(expect.arrayContaining([...all]));
  expect(all.filter((name) => hostPackages.includes(name))).toEqual([]);
});
