/** Names of systemd's units that are made from templates (systemd.unit(5)): `ssh@5.service` is an instance of `ssh@.service`. */

/** @returns the template of an instance; undefined for any other unit */
export function templateOf(unit: string): string | undefined {
  const [, prefix, type] = /^([^@]+@).+(\.[a-z]+)$/.exec(unit) ?? [];
  return prefix === undefined ? undefined : `${prefix}${type}`;
}

export function isTemplate(unit: string): boolean {
  return unit.includes("@.") && /^[^@]+@\.[a-z]+$/.test(unit);
}
