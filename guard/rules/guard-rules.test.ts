import { describe, expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { defaultLimits } from "../../components/review/limits.file.ts";
import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { accountFixture, declarationFixture, hostFixture, today } from "../../testing/fixture.ts";
import { changed } from "../../testing/test-rule.ts";
import { sideOf } from "../change/side.ts";
import type { EngineStep } from "../engine/engine-step.ts";
import { type Review, type ReviewInput, review } from "../verdict/review.ts";
import { guardRules } from "./guard-rules.ts";

const valid = declarationFixture();

/** Reviews a change of the valid fixture; `more` overrides any input. */
function reviewed(after: Declaration = valid, more: Partial<ReviewInput> = {}): Review {
  return review({ before: sideOf(valid), after: sideOf(after), approvals: [], limits: defaultLimits, today, ...more });
}

const found = (result: Review) =>
  result.findings.map(({ level, rule, subject, message, approval }) => {
    const asks = approval ? ` [${approval.action} ${approval.resource}]` : "";
    return `${level}: ${rule}: ${subject.kind} ${subject.name}: ${message}${asks}`;
  });

const step = (change: Partial<EngineStep>): EngineStep => ({
  op: "delete",
  urn: "urn:pulumi:prod::fairhost::x::y",
  type: "command:remote:Command",
  name: "y",
  replaceKeys: [],
  ...change,
});

test("no change, no finding", () => {
  expect(reviewed()).toMatchObject({ level: "safe", findings: [], changes: [], effects: [], hosts: [], waves: [] });
});

describe("changes that only the engine shows", () => {
  test("a delivery that is deleted although its host stays", () => {
    const engine = [step({ type: "fairhost:remote:HostDelivery", name: "h1-delivery", host: "h1" })];
    expect(found(reviewed(valid, { engine }))).toEqual([
      "needs approval: data-kept: host h1: Deletes the delivery of h1 (h1-delivery): all units of its accounts stop. [delete delivery h1]",
    ]);
  });

  test("a command that is replaced, named once for its three steps", () => {
    const replace = { name: "h1-apply", host: "h1", replaceKeys: ["triggers"] };
    const engine = ["create-replacement", "replace", "delete-replaced"].map((op) => step({ op, ...replace }));
    expect(found(reviewed(valid, { engine }))).toEqual([
      "needs approval: nothing-replaced: host h1: Pulumi replaces command:remote:Command h1-apply because of triggers: it deletes the old one, which stops everything that it runs. [replace resource h1-apply]",
    ]);
  });

  test("a master secret rotated by the engine's step or by a raised epoch", () => {
    const engine = [step({ op: "replace", type: "random:index/randomBytes:RandomBytes", host: "h1" })];
    const expected = [
      "needs approval: secrets-kept: host h1: Rotates the master secret of h1. [rotate-secret host h1]",
    ];
    expect(found(reviewed(valid, { engine }))).toEqual(expected);
    const delivery = (secretEpoch: number) => new Map([["h1", { host: "h1", digest: "d", applier: "a", secretEpoch }]]);
    const [before, after] = [1, 2].map((epoch) => ({ ...sideOf(valid), deliveries: delivery(epoch) }));
    expect(found(reviewed(valid, { before: before!, after: after! }))).toEqual(expected);
    expect(found(reviewed(valid, { before: before!, after: before! }))).toEqual([]);
  });
});

describe("releases-forward", () => {
  const on = (release: string) => changed(valid, "hosts", 0, (host) => ({ ...host, release }));
  test("upgrades need approval, downgrades are blocked", () => {
    const forward = reviewed(valid, { before: sideOf(on("bookworm")) });
    expect(found(forward)).toEqual([
      "needs approval: releases-forward: host h1: Upgrades host h1 from Debian bookworm to trixie. [upgrade host h1]",
    ]);
    const back = reviewed(on("bookworm"));
    expect(found(back)).toContain(
      "blocked: releases-forward: host h1: Downgrades host h1 from Debian trixie to bookworm.",
    );
  });
});

describe("nothing-opened", () => {
  test("one more port is open to the outside", () => {
    const after = changed(valid, "frontEnds", 0, (frontEnd) => ({ ...frontEnd, ports: [...frontEnd.ports, 8081] }));
    expect(found(reviewed(after)).filter((line) => line.includes("nothing-opened"))).toEqual([
      "needs approval: nothing-opened: host h1: Opens port 8081 of h1 to the outside. [open host h1]",
      "needs approval: nothing-opened: host h1: Changes security files of h1: nftables/fairhost.nft. [open host h1]",
    ]);
  });

  test("another program weakens the sandbox", () => {
    const side = sideOf(valid);
    const render: typeof side.render = (declaration, host) => {
      const bundle = side.render(declaration, host);
      const weak = bundle.groups.host!.files.map((file) =>
        file.path.includes("50-sandbox.conf")
          ? { ...file, content: file.content!.replace("NoNewPrivileges=yes\n", "") }
          : file,
      );
      return {
        ...bundle,
        groups: { ...bundle.groups, host: { ...bundle.groups.host!, digest: "other", files: weak } },
      };
    };
    expect(found(reviewed(valid, { after: { ...side, render } }))).toEqual([
      "needs approval: nothing-opened: host h1: Changes security files of h1: systemd/account-.service.d/50-sandbox.conf. [open host h1]",
      "needs approval: nothing-opened: host h2: Changes security files of h2: systemd/account-.service.d/50-sandbox.conf. [open host h2]",
    ]);
  });
});

describe("files in unknown folders, and added or removed files", () => {
  /** The valid side, with these files added to the bundle. */
  const withFiles = (...files: BundleFile[]) => {
    const side = sideOf(valid);
    const render: typeof side.render = (declaration, host) => {
      const bundle = side.render(declaration, host);
      const group = bundle.groups.host!;
      return sealBundle(host, { ...bundle.groups, host: sealGroup({ ...group, files: [...group.files, ...files] }) });
    };
    return { ...side, render };
  };
  const opened = (more: Partial<ReviewInput>) =>
    found(reviewed(valid, more)).filter((line) => line.includes("nothing-opened") && line.includes("host h1"));

  test("a file in an unknown folder is a boundary", () => {
    const [one, two] = ["1", "2"].map((content) => withFiles({ path: "unknown/file", content }));
    expect(opened({ before: one!, after: two! })).toEqual([
      "needs approval: nothing-opened: host h1: Changes security files of h1: unknown/file. [open host h1]",
    ]);
  });

  test("so is an added or removed file", () => {
    const more = withFiles({ path: "nftables/more.nft", content: "" });
    expect(opened({ after: more })).toEqual([
      "needs approval: nothing-opened: host h1: Adds security files of h1: nftables/more.nft. [open host h1]",
    ]);
    expect(opened({ before: more })).toEqual([
      "needs approval: nothing-opened: host h1: Removes security files of h1: nftables/more.nft. [open host h1]",
    ]);
  });

  test("a new host brings its own boundaries", () => {
    const before = sideOf({ ...valid, hosts: valid.hosts.slice(1) });
    expect(opened({ before })).toEqual([]);
  });
});

describe("waves and limits", () => {
  /** Six hosts, each with its own files changed. */
  const six: Declaration = {
    ...valid,
    hosts: Array.from({ length: 6 }, (_, index) => hostFixture(index + 1)),
    frontEnds: [],
    accounts: [accountFixture(11, { host: "h1", standby: "h2" })],
    addresses: valid.addresses.filter(({ account }) => account === 11),
    httpServers: [],
  };
  const moved = { ...six, hosts: six.hosts.map((host) => ({ ...host, asNumber: host.asNumber + 100 })) };
  const waves = (limits: Partial<typeof defaultLimits>) =>
    review({
      before: sideOf(six),
      after: sideOf(moved),
      approvals: [],
      limits: { ...defaultLimits, ...limits },
      today,
    });

  test("hosts are spread over waves, the smallest first, and a host and its standby are never in one", () => {
    const result = waves({ hosts: 2, capacityPercent: 50 });
    expect(result.waves.map(({ hosts }) => hosts)).toEqual([
      ["h2", "h3"],
      ["h4", "h5"],
      ["h1", "h6"],
    ]);
    expect(result.waves.every(({ overLimit }) => !overLimit)).toBe(true);
  });

  test("no wave has all hosts of one role at a site", () => {
    const spare = (name: string) => (name === "h5" || name === "h6" ? { role: "spare" } : {});
    const roles = (declaration: Declaration): Declaration => ({
      ...declaration,
      hosts: declaration.hosts.map((host) => ({ ...host, ...spare(host.name) })),
    });
    const limits = { ...defaultLimits, hosts: 5, capacityPercent: 100 };
    const sides = { before: sideOf(roles(six)), after: sideOf(roles(moved)) };
    expect(reviewed(valid, { ...sides, limits }).waves.map(({ hosts }) => hosts)).toEqual([
      ["h2", "h3", "h4", "h5"],
      ["h1", "h6"],
    ]);
  });

  test("per cent of the fleet's cores", () => {
    expect(waves({ hosts: 6, capacityPercent: 34 }).waves.map(({ hosts }) => hosts.length)).toEqual([2, 2, 2]);
    expect(waves({ hosts: 6, capacityPercent: 1 }).waves.map(({ hosts }) => hosts.length)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("at once: blocked, with the waves to deploy in, and the pair that would change together", () => {
    const lines = found(waves({ deployment: "at-once", hosts: 3, capacityPercent: 50 }));
    expect(lines).toContain(
      "blocked: blast-radius: host h2: One update touches 6 hosts and 1 account; limits.yaml allows 3 hosts, 1000 accounts and 50 % of the cores. Deploy in these 2 waves: h2 and h3 and h4; then h1 and h5 and h6.",
    );
    expect(lines).toContain(
      "blocked: pairs-apart: host h1: Hosts h1 and h2 both change in one update, and one is the standby of the other.",
    );
  });

  test("more waves than allowed", () => {
    expect(found(waves({ hosts: 1, waves: 5 }))).toContain(
      "blocked: blast-radius: host h2: The change needs 6 waves; limits.yaml allows 5.",
    );
  });

  test("hosts between which an account moves stay together, even beyond the limits", () => {
    const to = <T extends { host: string }>(each: T): T => ({ ...each, host: "h2" });
    const own = <T extends { host: string; account: number }>(each: T): T => (each.account === 1 ? to(each) : each);
    const after: Declaration = {
      ...changed(valid, "accounts", 0, to),
      addresses: valid.addresses.map(own),
      httpServers: valid.httpServers.map(own),
      hosts: valid.hosts.map((host) => ({ ...host, asNumber: host.asNumber + 100 })),
    };
    const result = reviewed(after, { limits: { ...defaultLimits, hosts: 1 } });
    expect(result.waves.map(({ hosts }) => hosts)).toEqual([["h1", "h2"]]);
    expect(found(result)).toContain(
      "blocked: blast-radius: host h1: The update of h1, h2 touches 3 accounts and cannot be split; limits.yaml allows 1 host and 1000 accounts.",
    );
  });

  test("an incomplete declaration gives an effect, not an error", () => {
    const after = changed(valid, "addresses", 0, () => undefined);
    const result = reviewed(after);
    expect(result.level).toBe("blocked");
    expect(result.effects.map(({ sentence }) => sentence)).toContain(
      "Cannot show everything that changes on h1: account 1 has no address on h1.",
    );
  });
});

test("the texts of every rule are whole sentences, and the names are unique", () => {
  for (const { name, description, reason, fix } of guardRules) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
    for (const text of [description, reason, fix]) expect(text, name).toMatch(/^[A-Z].*\.$/);
  }
  expect(new Set(guardRules.map(({ name }) => name)).size).toBe(guardRules.length);
});
