import type { Failure } from "../../inputs.ts";
import type { Declaration } from "../../registry/kinds.generated.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { emulatedSites } from "../../site/places.ts";

const everywhere: readonly Failure[] = ["disk", "supply", "chain", "link", "switch"];
/** Elements of which a real site must also have two. */
const atPlaces: readonly Failure[] = [...everywhere, "router", "operator"];

export const plansPromiseTheBasics = defineRule({
  name: "plans-promise-the-basics",
  theme: "redundancy",
  severity: "critical",
  scope: "stack",
  description: `Every plan that accounts use survives the loss of any one ${atPlaces.join(", ")}.`,
  reason: "The N-1 proof checks only what plans promise: a plan that promises nothing always passes it.",
  fix: "Add the missing elements to the plan's `survives`.",
  *find(declaration) {
    const real = plansAtPlaces(declaration);
    const used = new Set(declaration.accounts.map(({ plan }) => plan));
    for (const plan of declaration.plans) {
      if (!used.has(plan.name)) continue;
      const missing = (real.has(plan.name) ? atPlaces : everywhere).filter(
        (failure) => !plan.survives.includes(failure),
      );
      if (missing.length === 0) continue;
      yield {
        subject: subject.plan(plan, "survives"),
        message: `Plan ${plan.name} does not promise that its accounts survive the loss of one ${missing.join(", ")}.`,
      };
    }
  },
});

/** Plans that an account outside emulated sites has. */
function plansAtPlaces(declaration: Declaration): Set<string> {
  const emulated = emulatedSites(declaration);
  const there = new Set(declaration.hosts.filter(({ site }) => emulated.has(site)).map(({ name }) => name));
  return new Set(declaration.accounts.filter(({ host }) => !there.has(host)).map(({ plan }) => plan));
}
