import type { Declaration, SiteInputs } from "../registry/kinds.generated.ts";

/** Names of emulated sites, to which rules about places do not apply (docs/decisions/0011). */
export function emulatedSites({ sites }: Pick<Declaration, "sites">): ReadonlySet<string> {
  return new Set(sites.filter(({ emulated }) => emulated).map(({ name }) => name));
}

/** Whether the platform has a real site, one that is not emulated. */
export function isReal({ sites }: Pick<Declaration, "sites">): boolean {
  return sites.some(({ emulated }) => !emulated);
}

const earthRadiusKm = 6371;

/** Kilometres between two sites along the great circle (haversine formula; the mean radius is good to half a percent). */
export function distanceKm(one: Pick<SiteInputs, "latitude" | "longitude">, other: typeof one): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (a: number, b: number) => Math.sin(radians(a - b) / 2) ** 2;
  const chord =
    half(one.latitude, other.latitude) +
    Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) * half(one.longitude, other.longitude);
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(chord)));
}
