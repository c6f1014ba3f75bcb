import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { sortBy } from "../../lib/lists.ts";
import { plain } from "../../lib/systemd/unit-file.ts";
import type { Hostless } from "../registry/kind.ts";
import { exclusionOf, type wafApplications } from "./waf.ts";

/** Bytes that nginx takes as one parameter, quotes and all, are 4096. */
const longest = 3500;

/** Rules as nginx reads them, in whose configuration they can be included by relative paths: as many in one parameter as it takes. */
export function inNginx(rules: string): string {
  const pieces = [""];
  // A chain is one rule.
  for (const rule of rules.replaceAll(/[\\']/g, "\\$&").match(/(?:.*[",]chain"\n)*.*\n/g) ?? []) {
    const last = pieces.length - 1;
    if (Buffer.byteLength(pieces[last]! + rule) > longest) pieces.push(rule);
    else pieces[last] += rule;
  }
  return pieces.map((piece) => `modsecurity_rules '\n${piece}';\n`).join("");
}

/** Paths that programs read in several ways: with a part above, or with a character of the way written as a number. */
const ambiguous = "^[^?]*(?:%(?:2[eEfF]|3[fF]|5[cC])|[.][.])";

const plainPath = plain(/\/[A-Za-z0-9/._~-]*/, "path of an exclusion");

/** A range as ModSecurity takes it: none of its kind has a /0, and an address of IPv6 has no length. */
function ranges(from: string): string {
  const [address, length] = from.split("/");
  if (length === "0") return address!.includes(":") ? "::/1,8000::/1" : "0.0.0.0/1,128.0.0.0/1";
  return length === "128" ? address! : from;
}

interface Exclusion {
  readonly name: string;
  /** Action of ModSecurity. */
  readonly does: string;
  readonly path?: string;
  readonly from?: string;
}

/** The variable by which rules for an application know that it is meant, as OWASP CRS names it. */
const exclusionsOf = (application: (typeof wafApplications)[number]) => `crs_exclusions_${application}`;

/** Rules and fields that do not count for an account's web sites. Requests to others pass by all of them at once. */
export function renderExclusions(account: number, servers: readonly Hostless<"httpServers">[]): BundleFile[] {
  const all = sortBy(servers, ({ number }) => number).flatMap(({ name, waf }) => [
    ...(waf?.applications ?? []).map((one) => ({ name, does: `setvar:tx.${exclusionsOf(one)}=1` })),
    ...(waf?.exclusions ?? []).map((words) => {
      const { rule, ...when } = exclusionOf(words);
      return { name, ...when, does: `ctl:ruleRemoveById=${rule}` };
    }),
  ]);
  if (all.length === 0) return [];
  // Numbers of rules: those of an account follow from its own. A number is of 24 bits, and a web site has 55 of them at most.
  const id = (index: number) => `id:${1e10 + account * 1e4 + index},phase:1,pass,nolog`;
  const lines = all.flatMap(({ name, does, path, from }: Exclusion, index) => {
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
      ...(from === undefined ? [] : [`REMOTE_ADDR "@ipMatch ${ranges(from)}" "`]),
    ];
    return conditions.map((each, at) => `SecRule ${each}${at === conditions.length - 1 ? does : "chain"}"`);
  });
  const past = `SecRule UNIQUE_ID "!@contains ;${account};" "${id(0)},skipAfter:after-${account}"`;
  return [
    {
      path: `waf/accounts/${account}.conf`,
      content: inNginx(`${[past, ...lines, `SecMarker after-${account}`].join("\n")}\n`),
    },
  ];
}
