import { randomInt } from "node:crypto";

/** Up to `size` items of a list, chosen anew each time and such that nobody can foresee them. The list itself stays as it is. */
export function sampleOf<T>(list: readonly T[], size: number): T[] {
  const left = [...list];
  const sample: T[] = [];
  while (sample.length < size && left.length > 0) sample.push(...left.splice(randomInt(left.length), 1));
  return sample;
}
