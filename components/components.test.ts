import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { canonicalJson } from "../delivery/protocol/digest.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import { allKinds } from "./registry/subject.ts";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const registered: Registered[] = [];
const declaration = declarationFixture();

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs: inputs as Record<string, unknown> });
      const outputs = {
        ...inputs,
        base64: "c2VjcmV0",
        result: "random text",
        stdout: `{"result":"applied","generation":"7","errors":[]}\n`,
      };
      return { id: `${name}-id`, state: outputs };
    },
    call: () => ({}),
  });
  const { platform } = await import("../stacks/platform.ts");
  const connection = { address: "127.0.0.1", port: 2201, user: "root", hostKey: "ssh-ed25519 AAAA" };
  const { hosts: reports } = await platform({
    declaration,
    whole: declaration,
    connections: new Map(declaration.hosts.map(({ name }) => [name, connection])),
    bootstrap: {
      for: ({ host: { release, runtimes } }, repair) => ({
        script: "exec sh",
        payload: `applier for ${release} with ${runtimes}, ${repair}`,
        digest: "d1",
        packages: ["php-fpm"],
      }),
      forRouter: () => expect.unreachable(),
    },
    secretEpoch: 1,
    dnsSecrets: new Map(),
    repairs: new Map([[declaration.hosts[0]!.name, 2]]),
    secrets: new Map([[`${declaration.hosts[0]!.name}-master-secret`, { bytes: 1 }]]),
    commands: new Map(),
    stamps: new Map(),
    awaited: new Map(),
  });
  await Promise.all(Object.values(reports).map((report) => new Promise((resolve) => report.apply(resolve))));
});

/** In the order of names: the SDK registers concurrently. */
const of = (type: string) =>
  registered.filter((resource) => resource.type === type).sort((a, b) => (a.name < b.name ? -1 : 1));

test("every element of the declaration is one component with exactly its inputs", () => {
  const texts = (elements: readonly unknown[]) => elements.map(canonicalJson).sort();
  const inputsOf = (type: string) => texts(of(type).map(({ inputs }) => inputs));
  for (const { type, key } of allKinds) expect(inputsOf(type), key).toEqual(texts(declaration[key]));
});

test("resources are named by number, so that a renamed account keeps its identity", () => {
  expect(of("fairhost:account:AccountContainer").map(({ name }) => name)).toEqual(
    declaration.accounts.map(({ number }) => `account-${number}`),
  );
});

test("a host has two commands: bootstrap, then apply with the bundle on a secret standard input", () => {
  const host = declaration.hosts[0]!.name;
  const [apply, bootstrap] = of("command:remote:Command").filter(({ name }) => name.startsWith(host));
  expect(bootstrap).toMatchObject({
    name: `${host}-bootstrap`,
    inputs: { create: "exec sh", stdin: "applier for trixie with ruby, 2", logging: "stderr" },
  });
  expect(apply).toMatchObject({
    name: `${host}-apply`,
    inputs: { create: "/usr/local/sbin/fairhost-host apply", delete: "/usr/local/sbin/fairhost-host retire" },
  });
  expect(apply?.inputs.connection).toMatchObject({ value: { hostKey: "ssh-ed25519 AAAA" } }); // secret as a whole
  const stdin = apply?.inputs.stdin as { value: string };
  expect(stdin).toHaveProperty(pulumi.runtime.specialSigKey, pulumi.runtime.specialSecretSig);
  expect(JSON.parse(stdin.value)).toMatchObject({ masterSecret: "c2VjcmV0", secretEpoch: 1, repair: 2 });
});

test("the engine shows the digest and counts of a delivery, never the bundle", () => {
  const host = declaration.hosts[0]!.name;
  const delivery = of("fairhost:remote:HostDelivery").find(({ inputs }) => inputs.host === host);
  expect(delivery?.inputs).toEqual({
    host,
    digest: renderBundle(declaration, host).digest,
    applier: "d1",
    packages: ["php-fpm"],
    accounts: declaration.accounts.filter((account) => account.host === host).length,
    secretEpoch: 1,
    repair: 2,
  });
});
