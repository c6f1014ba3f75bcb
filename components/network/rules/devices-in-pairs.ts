import type { Declaration, RouterInputs, SwitchInputs } from "../../registry/kinds.generated.ts";
import { type Subject, subject } from "../../registry/subject.ts";
import { defineRule, type Found } from "../../rule.ts";
import { emulatedSites } from "../../site/places.ts";

export const devicesInPairs = defineRule({
  name: "devices-in-pairs",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "Every switch and every router is part of a pair: both devices name each other, stand at the same site in different racks, and have different manufacturers.",
  reason:
    "Two devices of one manufacturer run the same software and can fail from the same fault; two devices in one rack can fail together, from its power or a water leak.",
  fix: "Give the device a partner of another manufacturer in another rack of the site, and set `pair` of each to the name of the other.",
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
): Generator<Found> {
  const byName = new Map(devices.map((device) => [device.name, device]));
  for (const device of devices) {
    const pair = device.pair === undefined ? undefined : byName.get(device.pair);
    const wrong = (found: string): Found => ({
      subject: subjectOf(device, "pair"),
      message: `${what} ${device.name} ${found}.`,
    });
    if (device.pair === undefined) yield wrong("has no pair");
    else if (pair === undefined || pair === device)
      yield wrong(`has ${device.pair} as its pair, which is not another ${what.toLowerCase()}`);
    else if (pair.pair !== device.name)
      yield wrong(`has ${pair.name} as its pair, but the pair of ${pair.name} is ${pair.pair ?? "not set"}`);
    else if (pair.site !== device.site)
      yield wrong(`is at ${device.site}, but its pair ${pair.name} is at ${pair.site}`);
    // Report each pair once.
    else if (device.name > pair.name) continue;
    else if (pair.manufacturer === device.manufacturer) {
      yield wrong(`and its pair ${pair.name} are both made by ${device.manufacturer}`);
    } else if (pair.hall === device.hall && pair.rack === device.rack && !oneRackAt.has(device.site)) {
      yield wrong(`and its pair ${pair.name} both stand in rack ${device.rack}`);
    }
  }
}
