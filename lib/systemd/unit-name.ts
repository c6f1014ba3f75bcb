/** Names of systemd's units. Of a template (systemd.unit(5)) there are instances: `ssh@5.service` is one of `ssh@.service`. */

/** The account that a unit serves: its own (`account-7-http-blog.socket`), or one outside of its sandbox (`fairhost-ssh-7.socket`). */
export function accountOfUnit(unit: string): number | undefined {
  const [, number] = /^(?:account|fairhost-[a-z]+)-(\d+)[-.@]/.exec(unit) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** @returns the template of an instance; undefined for any other unit */
export function templateOf(unit: string): string | undefined {
  const [, prefix, type] = /^([^@]+@).+(\.[a-z]+)$/.exec(unit) ?? [];
  return prefix === undefined ? undefined : `${prefix}${type}`;
}

export function isTemplate(unit: string): boolean {
  return unit.includes("@.") && /^[^@]+@\.[a-z]+$/.test(unit);
}
