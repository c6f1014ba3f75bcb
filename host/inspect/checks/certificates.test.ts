import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { accountGroup, bundleOf, Tree } from "../../../testing/fakes/host-tree.ts";
import { lookAtCertificates } from "./certificates.ts";

const day = 86_400_000;
const names = ["fresh.test", "late.test", "broken.test", "none.test", "own.test"];
const bundle = bundleOf({
  1: accountGroup(1, "one", [
    {
      path: "sites/accounts/1.certificates",
      content: names.map((name) => `${name} ${name};\n`).join("") + "*.a.test _.a.test;\n",
    },
  ]),
});

test("a certificate that was due for long is said 20 days before its end, and after it", () => {
  using tree = new Tree();
  const directory = tree.at("/var/lib/fairhost-certificates");
  mkdirSync(directory, { recursive: true });
  const made = execFileSync(
    "openssl",
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=x -keyout - -out -".split(" "),
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const now = Date.now();
  const file = (name: string) => join(directory, `${name}.pem`);
  for (const name of ["fresh.test", "late.test", "own.test", "_.a.test"]) writeFileSync(file(name), made);
  writeFileSync(file("broken.test"), "");
  // Not due yet, whatever it says: it was renewed meanwhile.
  for (const name of ["fresh.test", "own.test"]) utimesSync(file(name), new Date(), new Date(now + 100 * day));
  mkdirSync(join(directory, "own"));
  writeFileSync(join(directory, "own/own.test"), "");
  symlinkSync("default.pem", file("none.test"));
  const said = (days: number) =>
    lookAtCertificates(tree.machine(), bundle, now + days * day).map(({ group, kind, message }) => [
      group,
      kind,
      message,
    ]);
  const broken = ["account-1", "certificate-ending", "the certificate of broken.test cannot be read"];
  const late = (which: string, end: string) => ["account-1", "certificate-ending", `the ${which} ${end}`];
  const all = (end: string) => [
    late("certificate of late.test", end),
    broken,
    late("own certificate of own.test", end),
    late("certificate of *.a.test", end),
  ];
  expect(said(9)).toEqual([broken]);
  expect(said(10.5)).toEqual(all("ends in 19 days"));
  expect(said(31)).toEqual(all("has ended"));
});

test("what the CA gives no more certificates for is a note until its time", () => {
  using tree = new Tree();
  const directory = tree.at("/var/lib/fairhost-certificates/held");
  mkdirSync(directory, { recursive: true });
  const now = Date.parse("2026-12-01T12:00:00Z");
  for (const [domain, hours] of [
    ["florist.test", 48],
    ["_all", 1],
    ["over.test", -1],
  ] as const) {
    writeFileSync(join(directory, domain), "too many certificates\n");
    utimesSync(join(directory, domain), new Date(now), new Date(now + hours * 3_600_000));
  }
  const found = lookAtCertificates(tree.machine(), bundleOf({}), now);
  expect(found.map(({ group, kind, message, note }) => [group, kind, message, note])).toEqual([
    ["host", "certificate-held", "the CA gives this host no more certificates before 2026-12-01T13:00:00.000Z", true],
    [
      ...["host", "certificate-held"],
      "the CA gives names below florist.test no more certificates before 2026-12-03T12:00:00.000Z",
      true,
    ],
  ]);
});
