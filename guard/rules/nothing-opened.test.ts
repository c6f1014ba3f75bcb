import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { type Side, sideOf } from "../change/side.ts";
import { nothingOpened } from "./nothing-opened.ts";

/** The valid side of a program that renders other files for host h1 itself. */
function rendering(change: (files: readonly BundleFile[]) => readonly BundleFile[]): Side {
  const side = sideOf(valid);
  return {
    ...side,
    render: (declaration, host) => {
      const bundle = side.render(declaration, host);
      if (host !== "h1") return bundle;
      const group = bundle.groups.host!;
      return sealBundle(host, { ...bundle.groups, host: sealGroup({ ...group, files: [...change(group.files)] }) });
    },
  };
}

const adding = (path: string, content = "") => rendering((files) => [...files, { path, content }]);

testGuardRule(nothingOpened, {
  "one more port": {
    change: to(changed(valid, "frontEnds", 0, (each) => ({ ...each, ports: [...each.ports, 8081] }))),
    expect: [
      "needs approval: host h1: Opens port 8081 of h1 to the outside. [open host h1]",
      "needs approval: host h1: Changes security files of h1: nftables/fairhost.nft. [open host h1]",
    ],
    alsoFound: ["policies-hold"],
  },
  "another program weakens the sandbox": {
    change: {
      after: rendering((files) =>
        files.map((file) =>
          file.path.includes("50-sandbox.conf")
            ? { ...file, content: file.content!.replace("NoNewPrivileges=yes\n", "") }
            : file,
        ),
      ),
    },
    expect: [
      "needs approval: host h1: Changes security files of h1: systemd/account-.service.d/50-sandbox.conf. [open host h1]",
    ],
  },
  "a changed file in a folder that nobody declares: unknown is a boundary": {
    change: { before: adding("unknown/file", "1"), after: adding("unknown/file", "2") },
    expect: ["needs approval: host h1: Changes security files of h1: unknown/file. [open host h1]"],
  },
  "an added file": {
    change: { after: adding("nftables/more.nft") },
    expect: ["needs approval: host h1: Adds security files of h1: nftables/more.nft. [open host h1]"],
  },
  "a removed file": {
    change: { before: adding("nftables/more.nft") },
    expect: ["needs approval: host h1: Removes security files of h1: nftables/more.nft. [open host h1]"],
  },
  "a new host brings its own boundaries": {
    change: { before: sideOf({ ...valid, hosts: valid.hosts.slice(1) }) },
    expect: [],
  },
});
