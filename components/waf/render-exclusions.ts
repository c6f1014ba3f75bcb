import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { sortBy } from "../../lib/lists.ts";
import { plain } from "../../lib/systemd/unit-file.ts";
import type { Element } from "../registry/kind.ts";
import { exclusionOf } from "./waf.ts";

/** Rules as nginx reads them, in whose configuration they can be included by relative paths. */
export function inNginx(rules: string): string {
  return `modsecurity_rules '\n${rules.replaceAll(/[\\']/g, "\\$&")}';\n`;
}

/** Paths that programs read in several ways: with a part above, or with a character of the way written as a number. */
const ambiguous = "^[^?]*(?:%(?:2[eEfF]|3[fF]|5[cC])|[.][.])";

const plainPath = plain(/\/[A-Za-z0-9/._~-]*/, "path of an exclusion");

/** Rules that do not count for an account's web sites. Requests to others pass by all of them at once. */
export function renderExclusions(account: number, servers: readonly Element<"httpServers">[]): BundleFile[] {
  const all = sortBy(servers, ({ number }) => number).flatMap(({ name, waf }) =>
    (waf?.exclusions ?? []).map((words) => ({ name, ...exclusionOf(words) })),
  );
  if (all.length === 0) return [];
  // Numbers of rules: those of an account follow from its own. A number is of 24 bits, and a web site has 50 exclusions at most.
  const id = (index: number) => `id:${1e10 + account * 1e4 + index},phase:1,pass,nolog`;
  const lines = all.flatMap(({ name, rule, path, from }, index) => {
    const remove = `ctl:ruleRemoveById=${rule}`;
    const below = path === undefined ? undefined : plainPath(path).replace(/\/$/, "").replaceAll(".", "\\.");
    const conditions = [
      `UNIQUE_ID "@contains ;${account};${name};" "${id(index + 1)},`,
      // Not where a program may see another path in it.
      ...(below === undefined
        ? []
        : [
            `REQUEST_URI_RAW "!@rx ${ambiguous}" "t:none,`,
            `REQUEST_FILENAME "@rx ^${below}(?:/|$)" "t:none,t:normalizePath,`,
          ]),
      ...(from === undefined ? [] : [`REMOTE_ADDR "@ipMatch ${from}" "`]),
    ];
    return conditions.map((each, at) => `SecRule ${each}${at === conditions.length - 1 ? remove : "chain"}"`);
  });
  const past = `SecRule UNIQUE_ID "!@contains ;${account};" "${id(0)},skipAfter:after-${account}"`;
  return [
    {
      path: `waf/accounts/${account}.conf`,
      content: inNginx(`${[past, ...lines, `SecMarker after-${account}`].join("\n")}\n`),
    },
  ];
}
