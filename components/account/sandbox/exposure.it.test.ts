import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { placeFiles, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";
import { maximalAccount } from "../../../testing/fixtures/maximal-account.ts";
import { accountEntries } from "../entries.generated.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPGmdlfNGHNIRhvmoAIhcdYIpdab7Ps9yYKBt/4NPv3A ada@example.org";
const account = maximalAccount(1, "alice", key);
const bundle = renderBundle(declarationOf([account]), "web1");
/** Of a template an instance. */
const services = bundle.groups["account-1"]!.units.map(({ name }) => name.replace("@.", "@1.")).filter((name) =>
  name.endsWith(".service"),
);

/** Units that systemd rates as more exposed than 1.0, with the most that they may have, and why. */
const exceptions: Readonly<Record<string, readonly [most: number, why: string]>> = {
  "fairhost-ftps-1@1.service": [
    1.1,
    "it listens for data connections in the host's network, where visitors are; no program of an account runs in it (decision 68)",
  ],
};

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
beforeAll(async () => {
  host = await bootContainer({ name: "exposure" });
  await placeFiles(host, bundle);
  await sh("systemctl daemon-reload");
});
afterAll(() => host?.stop());

test("the account has one of everything that an account's file can have", () => {
  const { httpServers: _, ...lists } = accountEntries;
  const declared: Readonly<Record<string, unknown>> = account;
  const empty = Object.keys(lists).filter((key) => Object.keys(declared[key] ?? {}).length === 0);
  expect(empty).toEqual([]);
  expect(services.length).toBeGreaterThanOrEqual(22);
  expect(Object.keys(exceptions).filter((name) => !services.includes(name))).toEqual([]);
});

test.each(services)("systemd finds little exposed of %s", async (unit) => {
  const report = JSON.parse(await sh(`systemd-analyze security --json=short '${unit}'`));
  expect(report.length).toBeGreaterThan(50);
  const overall = await sh(`systemd-analyze security --no-pager '${unit}' | tail -n 1`);
  const exposure = Number(/: (\d+\.\d+) /.exec(overall)?.[1]);
  console.info(overall.trim());
  const [most] = exceptions[unit] ?? [1];
  expect(exposure).toBeLessThanOrEqual(most);
  // What is tighter now stands in no table.
  if (unit in exceptions) expect(exposure).toBeGreaterThan(1);
});
