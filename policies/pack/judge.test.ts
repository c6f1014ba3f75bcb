import { createRequire } from "node:module";
import { expect, test } from "vitest";
import type { Key } from "../../components/registry/kind.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { shapes } from "./elements.ts";
import type { EngineResource } from "./engine-rules.ts";
import * as judge from "./judge.ts";
import { packRules } from "./judge.ts";

/** As in the policy runtime, access to an unknown value throws. */
const { unknownCheckingProxy, unknownStringValue } = createRequire(import.meta.url)("@pulumi/policy/proxy") as {
  unknownCheckingProxy<T>(value: T): T;
  unknownStringValue: string;
};

const judgeResource = (resource: EngineResource) => judge.judgeResource(resource, today);
const judgeStack = (resources: readonly EngineResource[]) => judge.judgeStack(resources, today);

type Properties = Record<string, unknown>;

function resource(type: string, props: object, more: Partial<EngineResource> = {}): EngineResource {
  const properties = unknownCheckingProxy(props as Properties);
  return { type, name: "x", urn: `urn:${type}::x`, props: properties, opts: { protect: true }, ...more };
}

const valid = declarationFixture();
const { hosts, accounts, sites } = valid;
const hostType = "fairhost:host:BareMetalHost";
const { type: siteType } = kinds.sites;
const { type: routerType } = kinds.routers;
const accountType = "fairhost:account:AccountContainer";

function stack(): EngineResource[] {
  return [...shapes].flatMap(([type, { kind }]) =>
    valid[kind].map((props, position) => resource(type, props, { name: `${type}-${position}` })),
  );
}

test("every rule has its own name", () => {
  expect(new Set(packRules.map((rule) => rule.name)).size).toBe(packRules.length);
});

test("a valid stack passes, resource by resource and as a whole", () => {
  expect(stack().flatMap((each) => judgeResource(each))).toEqual([]);
  expect(judgeStack(stack())).toEqual([]);
});

test("a rule of the program judges a single resource", () => {
  const broken = { ...hosts[0]!, release: "bookworm" };
  expect(judgeResource(resource(hostType, broken))).toEqual([
    {
      rule: "debian-release-supported",
      message: "Host h1 runs bookworm (Debian 12, end of life 2026-06-10).",
    },
  ]);
});

test("a rule of the program judges the stack and names the resource", () => {
  const resources = stack().map((each) =>
    each.name === `${accountType}-1` ? { ...each, urn: "urn:second", props: { ...accounts[1]!, uid: 200_001 } } : each,
  );
  const expected = [
    { rule: "uid-follows-number", message: "Account 2 has uid 200001 instead of 200002.", urn: "urn:second" },
    { rule: "unique-uid", message: "Account 2 has uid 200001, the same as account 1.", urn: "urn:second" },
  ];
  expect(judgeStack(resources)).toEqual(expected);
  expect(judgeStack(resources.reverse())).toEqual(expected);
});

test("a stack without its hosts is refused", () => {
  const reports = judgeStack(stack().filter(({ type }) => type !== hostType));
  expect(reports.map(({ message }) => message)).toContain("Account 1 is on host h1, which is not declared.");
});

test.each([
  ["unknown at the top", { site: unknownStringValue }, "site is unknown before the update, so no rule can judge it"],
  [
    "unknown deep inside",
    { disks: [hosts[0]!.disks[0]!, { ...hosts[0]!.disks[1]!, serial: unknownStringValue }] },
    "disks.1.serial is unknown before the update, so no rule can judge it",
  ],
  ["unknown as a whole", { links: unknownStringValue }, "links is unknown before the update, so no rule can judge it"],
  [
    "of the wrong type",
    { disks: [{ ...hosts[0]!.disks[0]!, hotSwap: "yes" }] },
    "disks.0.hotSwap cannot be read: boolean expected",
  ],
  ["missing", { release: undefined }, "release cannot be read: string expected"],
  ["null", { capacity: null }, "capacity cannot be read: object expected"],
])("a property %s is a violation, in inputs and in outputs", (_, change, problem) => {
  const broken = resource(hostType, { ...hosts[0]!, ...change });
  expect(judgeResource(broken)).toEqual([{ rule: "readable-inputs", message: `x: Property ${problem}.` }]);
  // A stack that cannot be read completely gets no other violations: they might be wrong.
  expect(judgeStack([broken, ...stack().slice(1)])).toEqual([
    { rule: "readable-outputs", message: `x: Property ${problem}.`, urn: broken.urn },
  ]);
});

/** For every component that carries a declaration: each property of its fixture, and the first and the last value inside it. */
const unknowns = [...shapes].flatMap(([type, { kind }]) =>
  Object.entries(wholeOf(kind)).flatMap(([key, value]) =>
    [...new Set([key, ...ends(value).map((path) => [key, ...path].join("."))])].map((path) => [type, path] as const),
  ),
);

/** The first element of a fixture, with something in what is mostly empty. */
function wholeOf(kind: Key): object {
  const vanished = [{ kind: "host", name: "h9", protect: true }];
  const range = { within: "2001:db8::/32" };
  return { ...valid[kind][0]!, ...(kind === "registers" && { vanished }), ...(kind === "ranges" && range) };
}

/** Paths to the first and the last value inside one. */
function ends(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [[]];
  const entries = Object.entries(value);
  const first = entries[0];
  const last = entries.at(-1);
  if (!first || !last) return [];
  return [
    ...ends(first[1])
      .slice(0, 1)
      .map((path) => [first[0], ...path]),
    ...ends(last[1])
      .slice(-1)
      .map((path) => [last[0], ...path]),
  ];
}

test("unknown values are tried in every component that carries a declaration", () => {
  expect(new Set(unknowns.map(([type]) => type))).toEqual(new Set(shapes.keys()));
  expect(unknowns).toContainEqual([hostType, "disks.1.hotSwap"]);
});

/** A copy with the value at this path unknown; the path must be there, or the case would test nothing. */
function withUnknown(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return unknownStringValue;
  const copy: Properties = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Properties;
  if (!(key in copy)) throw new Error(`there is no ${key}`);
  copy[key] = withUnknown(copy[key], rest);
  return copy;
}

test.each(unknowns)("%s whose %s is unknown is a violation of its own, in inputs and in outputs", (type, path) => {
  const kind = shapes.get(type)!.kind;
  const broken = resource(type, withUnknown(wholeOf(kind), path.split(".")) as object);
  const message = `x: Property ${path} is unknown before the update, so no rule can judge it.`;
  expect(judgeResource(broken)).toEqual([{ rule: "readable-inputs", message }]);
  const others = stack().filter((each) => each.type !== type);
  expect(judgeStack([broken, ...others])).toEqual([{ rule: "readable-outputs", message, urn: broken.urn }]);
});

test("a component that has registered no outputs is a violation", () => {
  expect(new Set(judgeStack([resource(accountType, {})]).map(({ rule }) => rule))).toEqual(
    new Set(["readable-outputs"]),
  );
});

test.each([
  ["a capability", accountType, { ...accounts[0]!, capabilities: ["CAP_SYS_ADMIN"] }, "capabilities"],
  ["a path of the host", accountType, { ...accounts[0]!, mounts: [{ host: "/etc" }] }, "mounts"],
  [
    "a device",
    accountType,
    { ...accounts[0]!, limits: { ...accounts[0]!.limits, device: "/dev/sda" } },
    "limits.device",
  ],
  ["a privilege", "fairhost:http:HttpServer", { ...valid.httpServers[0]!, privileged: true }, "privileged"],
])("%s, or any other property that no rule knows, is a violation, in inputs and in outputs", (_, type, props, path) => {
  const broken = resource(type, props);
  const message = `x: Property ${path} is not known to any rule.`;
  expect(judgeResource(broken)).toEqual([{ rule: "readable-inputs", message }]);
  expect(judgeStack([broken])).toEqual([{ rule: "readable-outputs", message, urn: broken.urn }]);
});

test("an account declared protected must be protected", () => {
  const [account] = accounts;
  expect(judgeResource(resource(accountType, account!, { opts: { protect: false } }))).toEqual([
    {
      rule: "account-protected",
      message: "Account x is declared with protect: true, but its resource is not protected.",
    },
  ]);
  expect(judgeResource(resource(accountType, { ...account!, protect: false }, { opts: { protect: false } }))).toEqual(
    [],
  );
});

const commandType = "command:remote:Command";
const deliveryType = "fairhost:remote:HostDelivery";

const host = { ...resource(hostType, hosts[0]!), name: "h1", urn: `urn:pulumi:lab::fairhost::${hostType}::h1` };
const delivery = under(host, deliveryType, "h1-delivery");

function under(parent: EngineResource, type: string, name: string, props: object = {}): EngineResource {
  const chain = parent.urn.split("::")[2];
  const urn = `urn:pulumi:lab::fairhost::${chain}$${type}::${name}`;
  return resource(type, props, { name, urn, parent });
}

/** Commands of a host's delivery, by the properties. */
const applying = (props: object) => under(delivery, commandType, "h1-apply", props);

test.each([
  ["no connection", {}, "Command h1-apply has no hostKey in its connection."],
  [
    "no host key",
    { connection: { host: "h", privateKey: "SECRET" } },
    "Command h1-apply has no hostKey in its connection.",
  ],
  ["an empty host key", { connection: { hostKey: " " } }, "Command h1-apply has no hostKey in its connection."],
  [
    "a proxy without host key",
    { connection: { hostKey: "ssh-ed25519 AAAA", proxy: { host: "p" } } },
    "Command h1-apply has no hostKey in its connection's proxy.",
  ],
  [
    "an unknown host key",
    { connection: { hostKey: unknownStringValue } },
    "The host key of command h1-apply is unknown before the update.",
  ],
  [
    "an unknown connection",
    { connection: unknownStringValue },
    "The host key of command h1-apply is unknown before the update.",
  ],
])("a remote command with %s is refused, and no secret is printed", (_, props, message) => {
  expect(judgeResource(applying(props))).toEqual([{ rule: "host-key-pinned", message }]);
});

test("a pinned command passes, its secrets untouched", () => {
  const props = { connection: { hostKey: "ssh-ed25519 AAAA" }, stdin: unknownStringValue };
  expect(judgeResource(applying(props))).toEqual([]);
});

const pinned = { connection: { hostKey: "ssh-ed25519 AAAA" } };

test("only a command under a declared host passes", () => {
  const stackOf = resource("pulumi:pulumi:Stack", {});
  const stray = resource(commandType, pinned, { parent: stackOf });
  expect(judgeStack([...stack(), applying(pinned)])).toEqual([]);
  expect(judgeStack([...stack(), stray]).map(({ rule }) => rule)).toEqual(["known-stack-types", "command-under-host"]);
});

test.each([
  ["pulumi:pulumi:Stack", true],
  ["pulumi:providers:command", true],
  ["random:index/randomId:RandomId", false],
  ["command:local:Command", false],
  ["command:remote:CopyToRemote", false],
  ["pulumi-nodejs:dynamic:Resource", false],
  ["aws:s3/bucket:Bucket", false],
])("a resource of type %s: allowed %s", (type, allowed) => {
  const expected = allowed
    ? []
    : [{ rule: "known-resource-types", message: `Resource x is of the unregistered type ${type}.` }];
  expect(judgeResource(resource(type, pinned))).toEqual(expected);
});

const bytes = "random:index/randomBytes:RandomBytes";
const password = "random:index/randomPassword:RandomPassword";

test.each([
  ["its delivery", delivery, true],
  ["the bootstrap", under(delivery, commandType, "h1-bootstrap", pinned), true],
  ["the apply command", applying(pinned), true],
  ["the master secret", under(delivery, password, "h1-master-secret"), true],
  ["the master secret of 0.1.0", under(delivery, bytes, "h1-master-secret"), true],
  ["a command of another name", under(delivery, commandType, "h1-evil", pinned), false],
  ["a command under the host itself", under(host, commandType, "h1-apply", pinned), false],
  ["a command of another name under the host itself", under(host, commandType, "h1-evil", pinned), false],
  ["a command for another host", under(delivery, commandType, "h2-apply", pinned), false],
  ["a command in a delivery to no host", resource(commandType, pinned, { name: "h1-apply", parent: undefined }), false],
  ["another delivery", under(host, deliveryType, "h1-second"), false],
  ["a secret named as a command", under(delivery, password, "h1-apply"), false],
  ["another secret", under(delivery, bytes, "h1-other"), false],
] as const)("of what delivers to a host, %s", (_, each, allowed) => {
  const { name, type, urn } = each;
  const message = `Resource ${name} of type ${type} is none of those that deliver to a host or router.`;
  const byUrn = { ...each, parent: undefined, opts: { ...each.opts, parent: each.parent?.urn } };
  for (const shown of [each, byUrn]) {
    expect(judgeResource(shown)).toEqual(allowed ? [] : [{ rule: "known-resource-types", message }]);
  }
  const inStack = judgeStack([...stack(), each]).filter(({ rule }) => rule === "known-stack-types");
  expect(inStack).toEqual(allowed ? [] : [{ rule: "known-stack-types", message, urn }]);
});

const site = resource(siteType, sites[0]!, {
  name: "site-alpha",
  urn: `urn:pulumi:lab::fairhost::${siteType}::site-alpha`,
});
const router = under(site, routerType, "router-rt1");
const routed = under(router, "fairhost:remote:RouterDelivery", "rt1-delivery");

test.each([
  ["its delivery", routed, true],
  ["the bootstrap", under(routed, commandType, "rt1-bootstrap", pinned), true],
  ["the apply command", under(routed, commandType, "rt1-apply", pinned), true],
  ["a master secret, which it has no use for", under(routed, password, "rt1-master-secret"), false],
  ["a command of another name", under(routed, commandType, "rt1-evil", pinned), false],
  ["a command for another router", under(routed, commandType, "rt2-apply", pinned), false],
  ["the delivery of a host", under(router, deliveryType, "rt1-delivery"), false],
  ["a delivery under a host", under(host, "fairhost:remote:RouterDelivery", "h1-delivery"), false],
] as const)("of what delivers to a router, %s", (_, each, allowed) => {
  const message = `Resource ${each.name} of type ${each.type} is none of those that deliver to a host or router.`;
  const own = judgeResource(each).filter(({ rule }) => rule === "known-resource-types");
  expect(own).toEqual(allowed ? [] : [{ rule: "known-resource-types", message }]);
});

test("a command under a router passes, too", () => {
  const found = judgeStack([...stack(), under(routed, commandType, "rt1-apply", pinned)]);
  expect(found.filter(({ rule }) => rule === "command-under-host")).toEqual([]);
});

test("a component of a type that no kind has is refused by itself and in a stack, whatever its inputs say", () => {
  const type = "fairhost:mail:Mailbox";
  const task = resource(type, { account: 1, host: "h1", command: ["/usr/bin/nsenter", "-t", "1", "-a"] });
  const message = `Resource x is of the unregistered type ${type}.`;
  expect(judgeResource(task)).toEqual([{ rule: "known-resource-types", message }]);
  expect(judgeStack([...stack(), task])).toEqual([{ rule: "known-stack-types", message, urn: task.urn }]);
});
