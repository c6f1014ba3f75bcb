import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../components/review/limits.file.ts";
import { type Review, review } from "../verdict/review.ts";
import { parseEvents, type ResourceEvent } from "./events.ts";
import { SidesReader } from "./sides.ts";

const recorded = readFileSync(new URL("./fixtures/router-address.events.jsonl", import.meta.url), "utf8");

/** The recorded fleet in a preview in which nothing differs. */
function unchanged(): ResourceEvent[] {
  return parseEvents(recorded)
    .flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? [])
    .map((event) => ({ ...event, op: "same", ...(event.old && { new: structuredClone(event.old) }) }));
}

function judged(steps: readonly ResourceEvent[]): Review {
  const reader = new SidesReader();
  for (const step of steps) reader.add(step);
  return review({ ...reader.sides(), approvals: [], limits: defaultLimits, today: "2026-11-24" });
}

const asked = ({ findings }: Review) =>
  findings.map(({ rule, level, approval }) => `${level}: ${rule} [${approval?.action} ${approval?.resource}]`);

const base = "urn:pulumi:test::fairhost::";
const host = `${base}fairhost:host:BareMetalHost::web1`;
const delivery = `${base}fairhost:host:BareMetalHost$fairhost:remote:HostDelivery::web1-delivery`;
const command = "command:remote:Command";

describe("a resource of a known type that no delivery makes needs an approval", () => {
  test.each([
    ["a command under a host", command, "web1-evil", host],
    ["a command under a host, named as a part of its delivery", command, "web1-apply", host],
    ["another command in a delivery", command, "web1-evil", delivery],
    ["a command in the delivery to another host", command, "web2-apply", delivery],
    ["a command under nothing", command, "web1-apply", ""],
    ["a delivery of another name", "fairhost:remote:HostDelivery", "web1-second", host],
    ["a delivery under nothing", "fairhost:remote:HostDelivery", "web1-delivery", ""],
    ["a secret in the place of a command", "random:index/randomPassword:RandomPassword", "web1-apply", delivery],
    ["a secret of another name", "random:index/randomBytes:RandomBytes", "web1-other", delivery],
  ])("%s", (_, type, name, parent) => {
    const chain = parent === "" ? type : `${parent.split("::")[2]}$${type}`;
    const urn = `${base}${chain}::${name}`;
    const inputs = { create: "rm -rf /srv/accounts", host: "web9", digest: "d", applier: "a", secretEpoch: 1 };
    const state = { parent, inputs };
    for (const op of ["create", "update", "delete"]) {
      const event = { op, urn, type, ...(op !== "create" && { old: state }), ...(op !== "delete" && { new: state }) };
      const approval =
        op === "delete"
          ? `data-kept [delete resource ${name}]`
          : `known-resource-types [change-unknown resource ${name}]`;
      expect(asked(judged([...unchanged(), event])), op).toContain(`needs approval: ${approval}`);
    }
  });

  test("in a fleet whose deliveries are as they should be, nothing is asked", () => {
    expect(asked(judged(unchanged()))).toEqual([]);
  });

  test("a first deploy and an update of all that a delivery makes need none", () => {
    for (const op of ["create", "update"]) {
      const events = unchanged().map(({ old, ...event }): ResourceEvent => {
        if (!/::web\d-(delivery|bootstrap|apply|master-secret)$/.test(event.urn)) return { ...event, old };
        return { ...event, op, ...(op === "update" && { old }) };
      });
      expect(asked(judged(events)), op).toEqual([]);
    }
  });
});

describe("a part of a delivery whose host stays", () => {
  /** Only this resource has a step that changes something. */
  function only(name: string, op: string): Review {
    const events = unchanged().map((event): ResourceEvent => {
      if (!event.urn.endsWith(`::${name}`)) return event;
      const { new: _, ...gone } = event;
      return { ...(op.startsWith("delete") ? gone : event), op };
    });
    return judged(events);
  }

  test.each([
    ["web1-apply", "delete", "data-kept [delete delivery web1]"],
    ["web1-bootstrap", "delete", "data-kept [delete delivery web1]"],
    ["web1-delivery", "delete", "data-kept [delete delivery web1]"],
    ["web1-master-secret", "delete", "secrets-kept [rotate-secret host web1]"],
    ...["web1-apply", "web1-bootstrap", "web1-delivery"].flatMap((name) =>
      ["replace", "create-replacement", "delete-replaced"].map(
        (op) => [name, op, `nothing-replaced [replace resource ${name}]`] as const,
      ),
    ),
    ["web1-master-secret", "replace", "secrets-kept [rotate-secret host web1]"],
    ["web1-master-secret", "create-replacement", "secrets-kept [rotate-secret host web1]"],
  ] as const)("%s: %s needs an approval", (name, op, expected) => {
    expect(asked(only(name, op))).toEqual([`needs approval: ${expected}`]);
  });

  test("that the old secret of a rotation goes after it needs none again: a killed deploy can be finished", () => {
    expect(asked(only("web1-master-secret", "delete-replaced"))).toEqual([]);
  });

  test.each(["web1-apply", "web1-bootstrap"])("an update of %s is free, and is shown to touch its host", (name) => {
    const { level, hosts } = only(name, "update");
    expect(level).toBe("safe");
    expect(hosts.map(({ host, redelivered }) => [host, redelivered !== undefined])).toEqual([["web1", true]]);
  });

  test("all at once is one question for the host", () => {
    const events = unchanged().map((event): ResourceEvent => {
      const { new: _, ...gone } = event;
      return /::web1-(apply|bootstrap|delivery)$/.test(event.urn) ? { ...gone, op: "delete" } : event;
    });
    const { findings } = judged(events);
    expect(findings.map(({ message }) => message)).toEqual([
      "Deletes web1-apply, web1-bootstrap, web1-delivery of the delivery to web1: all units of its accounts stop.",
    ]);
  });
});
