import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { routerConfigurations, writeInto, writtenFiles } from "./routers.ts";

const trial = declare((await loadFleet(join(import.meta.dirname, "../inventory/trial"))).fleet);

test("files of a router or a port that is called otherwise now are named, and those of others are not", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-routers-"));
  try {
    const write = (declaration: typeof trial) =>
      writeInto(directory, writtenFiles(routerConfigurations(declaration).configurations));
    expect(await write(trial)).toEqual([]);
    expect(await write(trial)).toEqual([]);
    for (const file of ["README.md", "router-9.delivery"]) await writeFile(join(directory, file), "");
    const routers = trial.routers.map((router) => ({
      ...router,
      ports: router.ports!.map((each) => (each.port === "enp5s0" ? { ...each, port: "enp9s0" } : each)),
    }));
    const left = (path: string) =>
      `${join(directory, path)} is not of a router as the fleet is now. Delete it, so that nobody copies it to one.`;
    const ofPort = (router: string) => left(`${router}/etc/systemd/network/05-fairhost-enp5s0.network`);
    expect(await write({ ...trial, routers })).toEqual([
      ofPort("router-1"),
      ofPort("router-2"),
      left("router-9.delivery"),
    ]);
    expect(
      await readFile(join(directory, "router-1/etc/systemd/network/05-fairhost-enp9s0.network"), "utf8"),
    ).toContain("Name=enp9s0");
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("every router of the example fleets has a configuration; one of another maker is named", async () => {
  const prod = declare((await loadFleet(join(import.meta.dirname, "../inventory/prod"))).fleet);
  const unwritten = (declaration: typeof trial) =>
    routerConfigurations(declaration).missing.filter((sentence) => sentence.includes("cannot write"));
  expect([...unwritten(trial), ...unwritten(prod)]).toEqual([]);
  const [first, ...others] = prod.routers;
  expect(unwritten({ ...prod, routers: [{ ...first!, manufacturer: "nokia" }, ...others] })).toEqual([
    `Router ${first!.name} is made by nokia, whose configuration Fairhost cannot write (known: bird, arista, frr, juniper).`,
  ]);
});
