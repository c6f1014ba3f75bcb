/** Names of the hosts that are declared lost. */
export function lostHosts(
  hosts: readonly { readonly name: string; readonly lost?: string | undefined }[],
): ReadonlySet<string> {
  return new Set(hosts.flatMap(({ name, lost }) => (lost === undefined ? [] : name)));
}
