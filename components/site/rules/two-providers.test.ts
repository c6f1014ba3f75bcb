import { changed, testRule } from "../../../testing/test-rule.ts";
import { twoProviders } from "./two-providers.ts";

testRule(twoProviders, {
  "one provider for all": {
    break: (valid) => changed(valid, "sites", 1, (site) => ({ ...site, provider: "acme" })),
    expect: ["site alpha provider: All sites (alpha, beta) belong to provider acme."],
    alsoBreaks: ["backup-site-far-away"],
  },
});
