import { distanceKm } from "../../components/site/places.ts";
import { shown } from "../../lib/text/text.ts";
import type { Problem } from "../load/problem.ts";
import { type Entries, nameOf } from "./references.ts";

/** Kilometres within which a city's buildings are, and under which two are one place. */
const [cityKm, placeKm] = [100, 0.1];

/**
 * Checks that what sites say of where they are fits together: distances to backup sites are computed from it. Emulated sites are nowhere.
 */
export function checkLocations({ sites }: Entries): Problem[] {
  const placed = sites.flatMap((site) => {
    const { location, emulated } = site.loose;
    const { latitude, longitude, city, country } = location ?? {};
    if (emulated || latitude === undefined || longitude === undefined) return [];
    const place = `${city
      ?.normalize("NFKC")
      .toLowerCase()
      .replace(/[\s\-']/g, "")} ${country}`;
    return [{ site, name: nameOf(site), latitude, longitude, city, country, place }];
  });
  const degrees = "write latitude and longitude in degrees, WGS 84, north and east are positive";
  const problem = ({ site: { source } }: (typeof placed)[number], message: string, fix = degrees) =>
    source.problem(["location", "latitude"], message, fix);
  return placed.flatMap((here, index) => {
    if (here.latitude === 0 && here.longitude === 0)
      return [problem(here, "latitude and longitude are 0, a place in the sea")];
    for (const other of placed.slice(0, index)) {
      const km = distanceKm(here, other);
      const at = `${shown(other.name)} (${other.site.source.file})`;
      if (here.place === other.place && here.city !== undefined && km > cityKm) {
        const message = `the site is in ${here.city} as site ${at}, but ${Math.round(km)} km from it`;
        const fix = `${degrees}; of two cities of one name, say which: \`${here.city}, <region>\``;
        return [problem(here, message, fix)];
      }
      if (here.country !== undefined && other.country !== undefined && here.country !== other.country && km < placeKm)
        return [problem(here, `the site is in ${here.country}, but where site ${at} is, in ${other.country}`)];
    }
    return [];
  });
}
