import { expect, test } from "vitest";
import type { Fleet } from "../components/registry/files.generated.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { connections } from "./connections.ts";
import type { Settings } from "./settings.ts";

const hosts = ["good", "none", "rsa", "revoked", "elsewhere"].map((name, index) => ({
  ...{ name, ssh: { address: `${name}.example`, port: index === 4 ? 2222 : 22 } },
}));
const knownHosts = `good.example ecdsa-sha2-nistp256 AAAAec
rsa.example ssh-rsa AAAArsa
revoked.example ssh-ed25519 AAAAgone
@revoked * ssh-ed25519 AAAAgone
elsewhere.example ssh-ed25519 AAAAed
`;

const reach = (names: readonly string[], routers: readonly object[] = [], ofStack = routers) =>
  connections(
    { hosts: hosts.filter(({ name }) => names.includes(name)), network: { routers } } as unknown as Fleet,
    { hosts, routers: ofStack } as unknown as Declaration,
    { knownHosts, sshUser: "root" } as Settings,
  );

test("a host's pinned key goes with its connection", () => {
  expect(reach(["good"]).get("good")).toEqual({
    ...{ address: "good.example", port: 22, user: "root", hostKey: "ecdsa-sha2-nistp256 AAAAec" },
  });
});

test("hosts without a key, with a revoked one, and with one that the official provider cannot use, are all named at once", () => {
  const add = (address: string, port = 22) =>
    `: compare the key on the host's console, then add the line of \`ssh-keyscan -p ${port} -t ed25519 ${address}\``;
  expect(() => reach(hosts.map(({ name }) => name))).toThrow(
    [
      "Hosts and routers without a usable pinned host key:",
      `  none: no key for none.example port 22 in the known_hosts file (fairhost:knownHosts)${add("none.example")}`,
      `  rsa: only an RSA key for rsa.example port 22 in the known_hosts file (fairhost:knownHosts), which Pulumi's command provider cannot use${add("rsa.example")}`,
      `  revoked: every key for revoked.example port 22 in the known_hosts file (fairhost:knownHosts) is marked @revoked${add("revoked.example")}`,
      `  elsewhere: no key for elsewhere.example port 2222 in the known_hosts file (fairhost:knownHosts)${add("elsewhere.example", 2222)}`,
    ].join("\n"),
  );
});

test("a router with `ssh` is reached as a host is; one without is not", () => {
  const reached = { name: "router-1", ssh: { address: "good.example", port: 22 } };
  const found = reach(["good"], [reached, { name: "router-2" }]);
  expect([...found.keys()]).toEqual(["good", "router-1"]);
  expect(found.get("router-1")).toMatchObject({ port: 22, hostKey: "ecdsa-sha2-nistp256 AAAAec" });
  expect(() => reach(["good"], [{ ...reached, ssh: { address: "none.example", port: 22 } }])).toThrow(
    "router-1: no key for none.example port 22",
  );
});

test("the stack of a cell needs no key of the routers that another stack delivers to", () => {
  const reached = { name: "router-1", ssh: { address: "none.example", port: 22 } };
  expect([...reach(["good"], [reached], [{ name: "router-1" }]).keys()]).toEqual(["good"]);
});
