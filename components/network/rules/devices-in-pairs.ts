import type { Declaration, RouterInputs, SwitchInputs } from "../../registry/kinds.generated.ts";
import { type Subject, subject } from "../../registry/subject.ts";
import { defineRule, type Finding } from "../../rule.ts";
import { emulatedSites } from "../../site/places.ts";

export const devicesInPairs = defineRule({
  name: "devices-in-pairs",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "Every switch and every router is one of a pair: the other names it back, stands at the same site in another rack, and is of another manufacturer.",
  reason:
    "Two devices of one maker run one software and stop over one fault; two in one rack stop with its power strip or a leak above it.",
  remediation:
    "Give the device a partner of another maker in another rack of the site, and let each name the other as its `pair`.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const routers = declaration.routers.filter(({ site }) => !emulated.has(site));
    yield* judge("Router", routers, subject.router);
    yield* judge("Switch", declaration.switches, subject.switch, emulated);
  },
});

type Device = Declaration["routers" | "switches"][number];

function* judge<T extends RouterInputs | SwitchInputs>(
  what: string,
  devices: readonly T[],
  subjectOf: (device: Device, path?: string) => Subject,
  oneRackAt: ReadonlySet<string> = new Set(),
): Generator<Finding> {
  const byName = new Map(devices.map((device) => [device.name, device]));
  for (const device of devices) {
    const pair = device.pair === undefined ? undefined : byName.get(device.pair);
    const wrong = (found: string): Finding => ({
      subject: subjectOf(device, "pair"),
      message: `${what} ${device.name} ${found}.`,
    });
    if (device.pair === undefined) yield wrong("has no pair");
    else if (pair === undefined || pair === device)
      yield wrong(`has ${device.pair} as its pair, which is no other one`);
    else if (pair.pair !== device.name) yield wrong(`has ${pair.name} as its pair, which has ${pair.pair ?? "none"}`);
    else if (pair.site !== device.site) yield wrong(`is at ${device.site}, its pair ${pair.name} at ${pair.site}`);
    // Said once of each pair.
    else if (device.name > pair.name) continue;
    else if (pair.manufacturer === device.manufacturer) {
      yield wrong(`and its pair ${pair.name} are both made by ${device.manufacturer}`);
    } else if (pair.hall === device.hall && pair.rack === device.rack && !oneRackAt.has(device.site)) {
      yield wrong(`and its pair ${pair.name} both stand in rack ${device.rack}`);
    }
  }
}
