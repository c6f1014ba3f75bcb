import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, test, vi } from "vitest";
import { readSettings } from "./settings.ts";

const mocks = {
  newResource: () => ({ id: undefined, state: {} }),
  call: () => ({}),
};

afterEach(() => vi.unstubAllEnvs());

test("the lab's public passphrase is refused for any other stack", async () => {
  vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "lab");
  await pulumi.runtime.setMocks(mocks, "fairhost", "prod");
  expect(() => readSettings()).toThrow('the passphrase "lab" is public and only for the lab');
  await pulumi.runtime.setMocks(mocks, "fairhost", "lab");
  expect(() => readSettings()).not.toThrow("is public");
});

test("all missing keys are reported at once, each with the command that sets it", async () => {
  await pulumi.runtime.setMocks(mocks, "fairhost", "prod");
  expect(() => readSettings()).toThrow(
    [
      "The stack's configuration is incomplete:",
      "  fairhost:inventory is not set: run `pulumi config set fairhost:inventory inventory/prod`",
      "  fairhost:knownHosts is not set: run `pulumi config set fairhost:knownHosts inventory/prod/known_hosts`",
    ].join("\n"),
  );
});

test("secrets of the DNS provider are secret outputs, and anything but texts is refused without being shown", async () => {
  await pulumi.runtime.setMocks(mocks, "fairhost", "prod");
  const set = (value: unknown) => pulumi.runtime.setConfig("fairhost:dnsSecrets", JSON.stringify(value));
  set({ A_TOKEN: "hidden" });
  const file = import.meta.filename;
  pulumi.runtime.setConfig("fairhost:inventory", "inventory/prod");
  pulumi.runtime.setConfig("fairhost:knownHosts", file);
  const { A_TOKEN: token } = readSettings().dnsSecrets;
  expect(await pulumi.isSecret(token!)).toBe(true);
  for (const wrong of [{ A_TOKEN: ["hidden"] }, "hidden"]) {
    set(wrong);
    expect(() => readSettings()).toThrow("fairhost:dnsSecrets is not a secret text for each variable");
    expect(() => readSettings()).not.toThrow("hidden");
  }
});
