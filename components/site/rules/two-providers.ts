import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { emulatedSites } from "../places.ts";

export const twoProviders = defineRule({
  name: "two-providers",
  theme: "redundancy",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description: "The sites belong to at least two providers.",
  reason: "A bankruptcy, strike, lawsuit or network fault of one provider can stop all its buildings at once.",
  fix: "Rent a site from another provider, at least for the backups.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const real = declaration.sites.filter(({ name }) => !emulated.has(name));
    const providers = new Set(real.map(({ provider }) => provider));
    if (providers.size !== 1) return;
    const names = real.map(({ name }) => name).join(", ");
    const message = `All sites (${names}) belong to provider ${real[0]!.provider}.`;
    yield { subject: subject.site(real[0]!, "provider"), message };
  },
});
