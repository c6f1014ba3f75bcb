import type { AccountContainerInputs, Declaration } from "../../components/registry/kinds.generated.ts";

/**
 * A fleet without its lost hosts, and with the accounts where they are served now: those of a lost host at their standby, or left out if
 * that is lost too or there is none.
 */
export function standing(declaration: Declaration): Declaration {
  const isLost = new Set(declaration.hosts.flatMap(({ name, lost }) => (lost === undefined ? [] : name)));
  if (isLost.size === 0) return declaration;
  const accounts = declaration.accounts.flatMap(({ standby, ...account }): AccountContainerInputs[] => {
    const left = standby === undefined || isLost.has(standby) ? undefined : standby;
    if (!isLost.has(account.host)) return [{ ...account, ...(left !== undefined && { standby: left }) }];
    return left === undefined ? [] : [{ ...account, host: left }];
  });
  return { ...declaration, hosts: declaration.hosts.filter(({ lost }) => lost === undefined), accounts };
}
