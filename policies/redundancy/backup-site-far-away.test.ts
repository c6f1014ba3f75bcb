import { expect, test } from "vitest";
import { distanceKm } from "../../components/site/places.ts";
import { changed, testRule } from "../../testing/test-rule.ts";
import { backupSiteFarAway } from "./backup-site-far-away.ts";

testRule(backupSiteFarAway, {
  "no backup site": {
    break: (valid) => changed(valid, "sites", 0, ({ backupSite: _none, ...site }) => site),
    expect: ["site alpha backupSite: Site alpha has no backup site."],
  },
  itself: {
    break: (valid) => changed(valid, "sites", 0, (site) => ({ ...site, backupSite: "alpha" })),
    expect: ["site alpha backupSite: Site alpha has backup site alpha, which is not another declared site."],
  },
  "round the corner": {
    break: (valid) => changed(valid, "sites", 1, (site) => ({ ...site, latitude: 48.86 })),
    expect: ["site alpha backupSite: Site alpha is backed up at beta, only 1.1 km away."],
  },
  "the same provider's": {
    break: (valid) => ({
      ...changed(valid, "sites", 1, (site) => ({ ...site, provider: "acme" })),
      sites: [
        ...valid.sites.map((site) => ({ ...site, provider: "acme" })),
        { ...valid.sites[1]!, name: "gamma", prefix: "2001:db8:3::/48" },
      ],
    }),
    expect: ["site alpha backupSite: Site alpha is backed up at beta, which has the same provider acme."],
  },
});

test("distances along the great circle", () => {
  // A degree of latitude is 60 nautical miles; Paris to New York is 5,837 km.
  expect(distanceKm({ latitude: 48, longitude: 2 }, { latitude: 49, longitude: 2 })).toBeCloseTo(111.2, 1);
  const [paris, newYork] = [
    { latitude: 48.8566, longitude: 2.3522 },
    { latitude: 40.7128, longitude: -74.006 },
  ];
  expect(distanceKm(paris, newYork)).toBeGreaterThan(5830);
  expect(distanceKm(paris, newYork)).toBeLessThan(5845);
  expect(distanceKm({ latitude: 0, longitude: 179.9 }, { latitude: 0, longitude: -179.9 })).toBeCloseTo(22.2, 1);
  expect(distanceKm(paris, paris)).toBe(0);
});
