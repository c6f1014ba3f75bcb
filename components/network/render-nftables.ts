import { largestNumberAt, subnetZero } from "../declaring.ts";
import { frontEndOf } from "../http/render-front-end.ts";
import type { DeclaredHost, HostContext, Renderer } from "../registry/bundle/renderer.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { renderTable, type Surroundings } from "./nftables/firewall-table.ts";

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: (context: HostContext) => {
    const { address4 } = frontEndOf(context.declaration, context.host.name);
    return {
      files: renderTable(context.host, {
        openPorts: context.openPorts,
        ownPorts: context.ownPorts,
        accountUids: uidsOf(context),
        ...ofPlatform(context.declaration),
        ...(address4 !== undefined && { address4 }),
      }),
    };
  },
};

/** What the rules must know of the whole platform: the same for all hosts, and changed by a new site or range alone. */
function ofPlatform({
  sites,
  networks,
}: Declaration): Pick<Surroundings, "sites" | "infrastructure" | "owned" | "controllers"> {
  return {
    sites: sites.map(({ prefix }) => prefix).toSorted(),
    infrastructure: sites.map(subnetZero).toSorted(),
    owned: networks.flatMap(({ prefixes }) => prefixes).toSorted(),
    controllers: networks.flatMap(({ controllers = [] }) => controllers).toSorted(),
  };
}

/** The range of uids that accounts of the host's site can have, in nft syntax. */
function uidsOf({ declaration, host }: DeclaredHost): string {
  const { uidBase } = found(declaration.networks, `network of host ${host.name}`);
  const site = found(
    declaration.sites.filter(({ name }) => name === host.site),
    `site of host ${host.name}`,
  );
  return `${uidBase + 1}-${uidBase + largestNumberAt(site)}`;
}

/** @throws {RangeError} for something that is not declared, like every renderer */
function found<T>([first]: readonly T[], what: string): T {
  if (first === undefined) throw new RangeError(`the ${what} is not declared`);
  return first;
}
