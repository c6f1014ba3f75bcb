import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { type Approval, schema as approvalsSchema } from "../../components/review/approvals.file.ts";
import { defaultLimits } from "../../components/review/limits.file.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { routerBundles } from "../../delivery/render-router-bundle.ts";
import { review } from "../verdict/review.ts";
import { parseEvents, type ResourceEvent } from "./events.ts";
import { failed } from "./preview.ts";
import { type EngineSides, SidesReader } from "./sides.ts";

/** Recorded by recording.engine.test.ts, without secrets and outputs: the lab's fleet, whose router gets another address. */
const recorded = readFileSync(new URL("./fixtures/router-address.events.jsonl", import.meta.url), "utf8");

let resources: ResourceEvent[];

function recordedSteps(): ResourceEvent[] {
  return parseEvents(recorded).flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
}

function sidesOf(steps: readonly ResourceEvent[]): EngineSides {
  const reader = new SidesReader();
  for (const step of steps) reader.add(step);
  return reader.sides();
}

beforeEach(() => {
  resources = recordedSteps();
});

function named(name: string): ResourceEvent {
  return resources.find(({ urn }) => urn.endsWith(`::${name}`))!;
}

/** As if today's program had delivered what the state declares. */
function deliveredByThisProgram(): void {
  const { before } = sidesOf(resources);
  for (const host of ["web1", "web2"])
    named(`${host}-delivery`).old!.inputs!.digest = renderBundle(before.declaration, host).digest;
}

function judged(sides: EngineSides, limits = defaultLimits) {
  return review({ ...sides, approvals: [], limits, today: "2026-11-24" });
}

describe("both sides from one preview", () => {
  test("the state before, and the state after", () => {
    const { before, after } = sidesOf(resources);
    expect(before.declaration.routers.map(({ address }) => address)).toEqual(["fd00:8000::1"]);
    expect(after.declaration.routers.map(({ address }) => address)).toEqual(["fd00:8000::7"]);
    for (const { declaration } of [before, after]) {
      expect(declaration.hosts.map(({ name }) => name).sort()).toEqual(["web1", "web2"]);
      expect(declaration.accounts.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4]);
      expect(declaration.httpServers).toHaveLength(4);
    }
    expect(before.deliveries?.get("web1")).toMatchObject({ host: "web1", secretEpoch: 1 });
  });

  test("steps that change something, each with its host", () => {
    const { engine, hostsOf } = sidesOf(resources);
    expect(engine.map(({ op, name, host }) => `${op} ${name} of ${host ?? "no host"}`).sort()).toEqual([
      "update router-router-1 of no host",
      "update web1 of web1",
      "update web1-apply of web1",
      "update web1-delivery of web1",
      "update web2 of web2",
      "update web2-apply of web2",
      "update web2-delivery of web2",
    ]);
    expect(hostsOf.get(named("account-3-http-site").urn)).toEqual(["web2"]);
  });

  test("a master secret that is the id of its resource is told, and never repeated", () => {
    const secret = Buffer.alloc(32, 7).toString("base64");
    const shown = (id: string) => {
      const type = "random:index/randomBytes:RandomBytes";
      const state = { parent: null, id, inputs: { length: 32 } };
      const urn = `urn:pulumi:lab::fairhost::${type}::web1-master-secret`;
      return sidesOf([...resources, { op: "same", urn, type, old: state, new: state, keys: [] }]).notes.join("\n");
    };
    expect(shown(secret)).toContain("The state shows master secrets in plain text, as the id of web1-master-secret");
    expect(shown(secret)).toContain("raise fairhost:secretEpoch by one");
    expect(shown(secret)).not.toContain(secret);
    expect(shown("0123456789abcdef")).not.toContain("in plain text");
  });

  test("an account that moves belongs to both hosts", () => {
    const event = named("account-1");
    event.op = "update";
    event.new!.parent = named("web2").urn;
    expect(sidesOf(resources).hostsOf.get(event.urn)).toEqual(["web1", "web2"]);
  });

  test("an element that the engine does not change is the same object on both sides", () => {
    const { before, after } = sidesOf(resources);
    expect(after.declaration.accounts[0]).toBe(before.declaration.accounts[0]);
    expect(after.declaration.routers[0]).not.toBe(before.declaration.routers[0]);
  });
});

describe("changes that the declarations do not show", () => {
  test("files that another program has rendered are reported", () => {
    named("web1-delivery").old!.inputs!.digest = "0".repeat(64);
    expect(sidesOf(resources).notes.join()).toContain("web1");
    deliveredByThisProgram();
    expect(sidesOf(resources).notes).toEqual([]);
  });

  /** As after a killed deploy: the state has today's declaration, and one delivery is still missing. */
  function onlyDelivers(): void {
    for (const event of resources.filter(({ op }) => op !== "same")) {
      event.op = event.urn.endsWith("::web2-apply") ? "update" : "same";
      event.new!.inputs = structuredClone(event.old!.inputs)!;
    }
  }
  const oneAccount = { ...defaultLimits, accounts: 1 };

  test("a delivery that is only made again touches its host, and not again the accounts that were counted when it was judged", () => {
    deliveredByThisProgram();
    onlyDelivers();
    const { level, hosts, waves, effects } = judged(sidesOf(resources), oneAccount);
    expect(hosts.map(({ host, redelivered }) => [host, redelivered])).toEqual([["web2", "again"]]);
    expect(waves).toMatchObject([{ hosts: ["web2"], accounts: 0, capacityPercent: 50, overLimit: false }]);
    expect(effects.map(({ sentence }) => sentence).join()).toContain("Delivers to web2 again");
    expect(level).toBe("safe");
  });

  test("a delivery to a router is read as one to a host: made again, or rendered by another program", () => {
    const router = named("router-router-1");
    const ssh = { address: "fd00::1", port: 22 };
    const delivered = (digest: string) => {
      deliveredByThisProgram();
      for (const event of resources) {
        event.op = "same";
        event.new!.inputs = structuredClone(event.old!.inputs)!;
      }
      for (const state of [router.old!, router.new!]) state.inputs = { ...state.inputs, ssh };
      const delivery = router.urn.replace("::router-router-1", "$fairhost:remote:RouterDelivery::router-1-delivery");
      const command = delivery.replace("::router-1-delivery", "$command:remote:Command::router-1-apply");
      const inputs = { router: "router-1", digest, applier: "a", packages: [], repair: 0 };
      const event = (op: string, urn: string, parent: string, inputs = {}): ResourceEvent => {
        const state = { parent, inputs };
        return {
          op,
          urn,
          type: urn.split("::")[2]!.split("$").at(-1)!,
          old: state,
          new: structuredClone(state),
          keys: [],
        };
      };
      return sidesOf([...resources, event("same", delivery, router.urn, inputs), event("update", command, delivery)]);
    };
    const rendered = routerBundles(delivered("").before.declaration).get("router-1")!.digest;
    const again = delivered(rendered);
    expect(again.notes).toEqual([]);
    expect(judged(again).routers).toMatchObject([{ host: "router-1", groups: [], redelivered: "again" }]);
    const other = delivered("0".repeat(64));
    expect(other.notes.join()).toContain("The files on router-1 were rendered by another version of the program");
    expect(judged(other).routers).toMatchObject([{ host: "router-1", redelivered: "anew" }]);
  });

  test("a delivery of another program, or with another master secret, may touch all accounts", () => {
    for (const change of [{ digest: "0".repeat(64) }, { secretEpoch: 0 }]) {
      resources = recordedSteps();
      deliveredByThisProgram();
      onlyDelivers();
      Object.assign(named("web2-delivery").old!.inputs!, change);
      named("web2-delivery").op = "update";
      const { hosts, waves, effects } = judged(sidesOf(resources), oneAccount);
      expect(hosts.map(({ host, redelivered }) => [host, redelivered])).toEqual([["web2", "anew"]]);
      expect(waves).toMatchObject([{ hosts: ["web2"], accounts: 2, overLimit: true }]);
      expect(effects.map(({ sentence }) => sentence).join()).toContain("any of its files may change");
    }
  });

  test("resources of another version that this one cannot read are named, and their change or deletion needs an approval", () => {
    named("account-2").op = "update";
    named("account-2").old!.inputs = { shape: "of another age" };
    const { notes, before, also } = sidesOf(resources);
    expect(notes[0]).toContain("account-2 (Property name cannot be read: string expected)");
    expect(before.declaration.accounts.map(({ number }) => number).sort()).toEqual([1, 3, 4]);
    expect(also.map(({ message, approval }) => [message, approval])).toEqual([
      [
        "Changes account-2, which was written by another version of the program. This version cannot read it, so the effect is unknown.",
        { action: "change-unknown", resource: "resource account-2" },
      ],
    ]);
    const event = named("account-2");
    event.op = "delete";
    delete event.new;
    const findings = judged(sidesOf(resources)).findings.map(({ message, level }) => `${level}: ${message}`);
    expect(findings).toContain(
      "needs approval: Deletes account-2, which was written by another version of the program. This version cannot read it, so the loss is unknown.",
    );
  });

  test("a resource of its own that this program cannot read is an error", () => {
    named("account-2").new!.inputs = {};
    expect(() => sidesOf(resources)).toThrow("This program cannot read its own resource: account-2");
  });
});

describe("a resource of a type that no kind has", () => {
  const type = "fairhost:mail:Mailbox";
  const inputs = { account: 1, name: "nightly", command: ["/usr/bin/nsenter", "-t", "1"] };

  /** A preview in which nothing of the rest differs. */
  function only(op: string, sides: "old" | "new" | "both"): EngineSides {
    deliveredByThisProgram();
    for (const event of resources) {
      event.op = "same";
      if (event.new) event.new = structuredClone(event.old)!;
    }
    const urn = `urn:pulumi:lab::fairhost::fairhost:account:AccountContainer$${type}::account-1-task-nightly`;
    const state = { parent: named("account-1").urn, inputs };
    const changed = { ...state, inputs: { ...inputs, command: ["/usr/bin/true"] } };
    resources.push({
      op,
      urn,
      type,
      ...(sides !== "new" && { old: state }),
      ...(sides !== "old" && { new: changed }),
    });
    return sidesOf(resources);
  }

  const wanted = (action: "delete" | "change-unknown"): Approval => ({
    action,
    resource: "resource account-1-task-nightly",
    approvedBy: "Grace",
    reason: "the release before it had tasks",
    expires: "2026-12-01",
  });

  test.each([
    ["update", "both", "known-resource-types", "Changes", "change-unknown"],
    ["create", "new", "known-resource-types", "Changes", "change-unknown"],
    ["replace", "both", "known-resource-types", "Changes", "change-unknown"],
    ["delete", "old", "data-kept", "Deletes", "delete"],
    ["delete-replaced", "old", "data-kept", "Deletes", "delete"],
    ["discard", "old", "data-kept", "Deletes", "delete"],
  ] as const)("%s is named, and needs an approval of its own", (op, sides, rule, verb, action) => {
    const both = only(op, sides);
    const finding = {
      rule,
      level: "needs approval",
      message: `${verb} account-1-task-nightly of type ${type}. This program makes no such resource, so the effect cannot be judged.`,
      approval: { action, resource: "resource account-1-task-nightly" },
    };
    const found = judged(both);
    expect(found.level).toBe("needs approval");
    expect(found.findings).toContainEqual(expect.objectContaining(finding));
    const approvals = [wanted(action), { ...wanted("delete"), action: "replace" as const }];
    expect(approvalsSchema.parse(approvals)).toEqual(approvals);
    const approved = review({ ...both, approvals, limits: defaultLimits, today: "2026-11-24" });
    expect(approved.level).toBe("safe");
    // An approval of something else is none of this.
    const other = { ...wanted(action), resource: "resource account-2-task-nightly" };
    expect(review({ ...both, approvals: [other], limits: defaultLimits, today: "2026-11-24" }).level).toBe(
      "needs approval",
    );
  });

  test.each(["same", "read", "refresh"])("%s leaves it as it is, and asks nothing", (op) => {
    expect(judged(only(op, "both")).level).toBe("safe");
  });
});

describe("a preview that fails", () => {
  const diagnostic = (message: string) => ({ diagnosticEvent: { message, severity: "error" } });

  test("the program refuses", () => {
    const said = "<{%fg 1%}>error: <{%reset%}>The fleet breaks mandatory rules; nothing was touched.\nrule: why";
    expect(failed([diagnostic(said), diagnostic("preview failed")], "")).toEqual({
      kind: "failed",
      why: "refused",
      messages: ["The fleet breaks mandatory rules; nothing was touched.\nrule: why"],
    });
  });

  test("a policy refuses", () => {
    const policyEvent = { message: "Too open.", policyName: "ports", enforcementLevel: "mandatory" };
    const advisory = { ...policyEvent, policyName: "taste", enforcementLevel: "advisory" };
    expect(failed([{ policyEvent }, { policyEvent: advisory }], "")).toEqual({
      kind: "failed",
      why: "refused",
      messages: ["ports: Too open."],
    });
  });

  test("an update ends, and what it has not come to is not named beside the cause", () => {
    const unseen = diagnostic(
      "expected resource operations for urn:pulumi:test::a::b$c::router-2-apply but none were seen",
    );
    const cause = diagnostic("command on root@router-1 was cut off");
    expect(failed([cause, unseen], "").messages).toEqual(["command on root@router-1 was cut off"]);
    expect(failed([unseen], "").messages).toEqual([unseen.diagnosticEvent.message]);
  });

  test("the engine cannot", () => {
    expect(failed([], "error: could not reach the backend\n")).toEqual({
      kind: "failed",
      why: "broken",
      messages: ["could not reach the backend"],
    });
  });
});
