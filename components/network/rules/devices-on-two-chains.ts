import type { PowerSupplyInputs } from "../../inputs.ts";
import { ownerOf, type Subject } from "../../registry/subject.ts";
import { defineRule, type Found } from "../../rule.ts";
import { devicesOf } from "../devices/devices.ts";

export const devicesOnTwoChains = defineRule({
  name: "devices-on-two-chains",
  theme: "redundancy",
  severity: "high",
  scope: "resource",
  waivable: true,
  description:
    "Every router, switch or other device of the network has at least two power supplies, on chains that are fed by different feeds.",
  reason: "When one chain fails, half of a site's network must not fail with it: one more fault would stop the site.",
  fix: "Connect a second power supply to a chain with another feed and list both under `powerSupplies`.",
  *find(declaration) {
    for (const { device, subject } of devicesOf(declaration)) {
      yield* judge(ownerOf(subject), device, { ...subject, path: "powerSupplies" });
    }
  },
});

function* judge(
  name: string,
  { powerSupplies }: { readonly powerSupplies: readonly PowerSupplyInputs[] },
  place: Subject,
): Generator<Found> {
  const feeds = new Set(powerSupplies.map(({ feed }) => feed));
  if (new Set(powerSupplies.map((supply) => supply.name)).size < 2) {
    yield {
      subject: place,
      message: `${name} has ${powerSupplies.length === 0 ? "no power supply" : "one power supply"}.`,
    };
  } else if (feeds.size < 2) {
    yield { subject: place, message: `${name} has all its power supplies on feed ${[...feeds].join()}.` };
  }
}
