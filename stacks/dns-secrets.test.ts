import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { dns, withCertificates } from "../testing/acme-ca.ts";
import { staticServer } from "../testing/fixtures/bundle-fixture.ts";
import { neededDnsSecrets } from "./dns-secrets.ts";

const fleet = (...hostnames: string[]) =>
  withCertificates([{ number: 1, name: "alice", servers: [{ ...staticServer("web"), https: true, hostnames }] }], {
    dns,
  });

test("only a host with wildcards gets the secrets, and of those that are set only what the provider needs", async () => {
  const set = { RFC2136_TSIG_SECRET: pulumi.secret("a"), OTHER: pulumi.secret("b") };
  expect(neededDnsSecrets(fleet("alice.test"), set).size).toBe(0);
  const secrets = neededDnsSecrets(fleet("*.alice.test"), set).get("web1")!;
  expect(await pulumi.isSecret(secrets)).toBe(true);
  expect(await new Promise((resolve) => secrets.apply(resolve))).toEqual({ RFC2136_TSIG_SECRET: "a" });
});

test("a secret that is not set stops everything, with the command that sets it", () => {
  expect(() => neededDnsSecrets(fleet("*.alice.test"), {})).toThrow(
    "are not set; nothing was touched. Run:\n  pulumi config set --secret --path fairhost:dnsSecrets.RFC2136_TSIG_SECRET",
  );
});
