import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plainAddress } from "../../lib/unit-file.ts";
import { accountsFolder } from "../network/render-nftables.ts";
import type { Renderer, WholeAccount } from "../registry/renderer.ts";
import { addressInside } from "./links.ts";

export const renderer: Renderer<"services"> = {
  key: "services",
  ofElements: (account) => ({ files: renderAccountPorts(account) }),
};

/** What the firewall lets in for one account: elements of its maps, in a file that the firewall includes. Without a port no file. */
function renderAccountPorts({ address: { account, prefix, address }, own }: WholeAccount): BundleFile[] {
  const [outside, inside] = [plainAddress(address), plainAddress(addressInside(prefix))];
  const lines = own.services.flatMap(({ port }) =>
    port === undefined
      ? []
      : [
          `add element inet fairhost services { ${outside} . ${Number(port)} : ${inside} }\n`,
          `add element inet fairhost answers { ${inside} . ${Number(port)} : ${outside} }\n`,
        ],
  );
  return lines.length === 0 ? [] : [{ path: `${accountsFolder}/${account}`, content: lines.join("") }];
}
