import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Draft } from "../inventory/wrong-inventory.cases.ts";
import {
  account,
  approve,
  bakery,
  bury,
  type CorpusCase,
  choir,
  engraver,
  ferry,
  museum,
  network,
  newDisk,
  par1,
  press,
  renderingOtherwise,
  unprotect,
  waive,
  web1,
} from "./corpus.ts";

/** Diffs that need no approval. */
export const safe: Readonly<Record<string, CorpusCase>> = {
  "nothing at all": { edit: () => {} },
  "comments and empty lines": {
    edit: (draft) => draft.append(bakery, "\n# The shop around the corner.\n").append(network, "# end\n"),
  },
  "the keys of a file in another order": { edit: (draft) => draft.write(press, reversed(draft, press)) },
  "an account's file by another name": {
    edit: (draft) => draft.copy(ferry, "accounts/1014-boats.yaml").remove(ferry),
  },
  "a list of tombstones in another order": {
    edit: (draft) =>
      draft.write(
        "tombstones.yaml",
        "- {number: 1006, name: old-forum, deleted: 2026-09-30}\n- {number: 1003, name: lighthouse, deleted: 2026-03-14}\n",
      ),
  },
  "a program that gives an account's servers fewer open files": {
    edit: () => {},
    sides: (before, after) => [
      before,
      renderingOtherwise(after, 1001, (text) => text.replace("LimitNOFILE=8192:", "LimitNOFILE=4096:")),
    ],
  },
  "a new account": { edit: (draft) => account(draft, 1015, "par1-web2") },
  "three new accounts on three hosts": {
    edit: (draft) => {
      for (const number of [1015, 1016, 1017]) account(draft, number, `par1-web${number - 1013}`);
    },
  },
  "a changed idle time": { edit: (draft) => draft.edit(bakery, "kind: static", "kind: static\n    idleSeconds: 60") },
  "another command of a program": { edit: (draft) => draft.edit(museum, "server.js", "server-2.js") },
  "another HTTP server": {
    edit: (draft) =>
      draft.append(
        engraver,
        "  - name: shop\n    number: 2\n    kind: static\n    hostnames: [shop.engraver.example.org]\n",
      ),
  },
  "one HTTP server less": {
    edit: (draft) =>
      draft.edit(
        choir,
        "  - name: members\n    number: 2\n    kind: program\n    command: [/usr/bin/python3, members.py]\n    directory: members\n    hostnames: [members.choir.example.org]\n    # The old address of the members' pages.\n    addresses: [choir.example.org/members]\n    trimPath: true\n",
        "",
      ),
  },
  "one more host name": {
    edit: (draft) => draft.edit(press, "[press.example.com]", "[press.example.com, www.press.example.com]"),
  },
  "an account renamed": { edit: (draft) => draft.edit(bakery, "name: bakery", "name: bakehouse") },
  "a larger plan for an account": { edit: (draft) => draft.edit(bakery, "plan: small", "plan: medium") },
  "longer retention": { edit: (draft) => draft.edit(ferry, "retentionDays: 60", "retentionDays: 90") },
  "the protection of an account taken away with approval": {
    edit: (draft) => approve(approve(unprotect(draft, ferry), "waive", "account 1014"), "shrink", "account 1014"),
  },
  "an account deleted with approval": {
    base: (draft) => unprotect(draft, ferry),
    edit: (draft) => approve(bury(draft, ferry), "delete", "account 1014"),
  },
  "a disk swapped with approval": { edit: (draft) => approve(newDisk(draft, web1, 0), "replace", "host par1-web1") },
  "more spare parts": { edit: (draft) => draft.edit(par1, "count: 2", "count: 4") },
  "a waiver removed with what it excused": {
    base: (draft) => waive(draft.edit(web1, "kind: ssd", "kind: hdd")),
    edit: (draft) => draft.edit(web1, "kind: hdd", "kind: ssd").remove("waivers.yaml"),
  },
  "a fifth operator": {
    edit: (draft) =>
      draft.edit(
        network,
        "routers:\n  - name: par1-router-1",
        "  - {name: transit-5, asNumber: 64500, routers: [par1-router-1]}\nrouters:\n  - name: par1-router-1",
      ),
  },
  "a standby where there was none": {
    edit: (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-web4\nstandby: par2-web4"),
  },
};

/** A file's top-level keys last to first. */
function reversed(draft: Draft, file: string): string {
  const text = readFileSync(join(draft.directory, file), "utf8");
  return text
    .split(/^(?=[a-zA-Z]+:)/m)
    .reverse()
    .join("");
}
