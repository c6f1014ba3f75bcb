import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { maskFile } from "../../lib/text/mask.ts";
import { count } from "../../lib/text/text.ts";
import type { FileChange } from "../change/effects/host-change.ts";
import type { Reviewed } from "../verdict/outcome.ts";
import { details, fence } from "./markdown.ts";

/** Files that change together, in one group or alike in several. */
export interface FileGroup {
  readonly title: string;
  readonly files: readonly FileChange[];
}

/** Most lines of a file's diff that are shown. */
const mostLines = 80;
const mostColumns = 200;
/** Most files of one group that are shown. */
const mostFiles = 20;

/** Changed files, host by host and account by account. Equal changes on several hosts are one group. */
export function fileGroups({ review: { hosts, routers }, before, after }: Reviewed): FileGroup[] {
  const names = new Map(
    [before, after].flatMap(({ declaration: { accounts } }) => accounts.map(({ number, name }) => [number, name])),
  );
  const alike = new Map<string, { hosts: string[]; files: readonly FileChange[] }>();
  const ofAccounts: FileGroup[] = [];
  for (const { host, groups } of [...hosts, ...routers]) {
    for (const { group, files } of groups) {
      if (group === "host") {
        const key = JSON.stringify(files);
        const known = alike.get(key);
        if (known) known.hosts.push(host);
        else alike.set(key, { hosts: [host], files });
      } else {
        const number = Number(group.slice("account-".length));
        const name = names.get(number);
        ofAccounts.push({
          title: `${host}, account ${number}${name ? ` (${name})` : ""}: ${count(files.length, "file")}`,
          files,
        });
      }
    }
  }
  const ofHosts = [...alike.values()].map(({ hosts: all, files }) => ({
    title: `${titleOf(all)}: ${count(files.length, "file")}`,
    files,
  }));
  // Changed files tell more than new ones, and new ones more than removed ones.
  const rank = ({ files }: FileGroup): number =>
    files.some(({ before: was, after: is }) => was !== undefined && is !== undefined)
      ? 0
      : files.some((file) => file.after !== undefined)
        ? 1
        : 2;
  const ranked = Map.groupBy([...ofHosts, ...ofAccounts], rank);
  return [0, 1, 2].flatMap((each) => ranked.get(each) ?? []);
}

function titleOf(hosts: readonly string[]): string {
  if (hosts.length === 1) return `${hosts[0]} itself`;
  return `${count(hosts.length, "host")} alike (${hosts.slice(0, 3).join(", ")}${hosts.length > 3 ? ", ..." : ""})`;
}

/** A group with the diffs of its files, collapsed. */
export function renderGroup({ title, files }: FileGroup): string {
  const shown = files.slice(0, mostFiles).map(diffOf);
  if (files.length > mostFiles) shown.push(`(and ${count(files.length - mostFiles, "more file")})`);
  return details(title, shown.length === 0 ? "Only units change." : fence(shown.join("\n"), "diff"));
}

/** The unified diff of one file. */
function diffOf({ path, before, after, modes }: FileChange): string {
  const [was, is] = [before, after].map((content) => (content === undefined ? "" : maskFile(content))) as [
    string,
    string,
  ];
  if (after === undefined)
    return `--- ${path}\n+++ /dev/null\n(${count(was.trimEnd().split("\n").length, "line")} removed)`;
  const names = [before === undefined ? "/dev/null" : path, path] as const;
  const patch = createTwoFilesPatch(...names, was, is, undefined, undefined, {
    context: 2,
    headerOptions: FILE_HEADERS_ONLY,
    // Nobody reads a longer diff, and computing it takes time.
    maxEditLength: 2000,
  });
  if (patch === undefined) return `--- ${names[0]}\n+++ ${names[1]}\n(almost every line differs)`;
  const lines = patch.trimEnd().split("\n");
  const [old, next] = (modes ?? []).map((mode) => mode.toString(8));
  if (before !== undefined && old !== next) lines.push(`(mode ${old}, then ${next})`);
  if (lines.length <= 2) lines.push("(only masked secrets differ)");
  const cut = lines
    .slice(0, mostLines)
    .map((each) => (each.length > mostColumns ? `${each.slice(0, mostColumns)}…` : each));
  return [...cut, ...(lines.length > mostLines ? [`(and ${count(lines.length - mostLines, "more line")})`] : [])].join(
    "\n",
  );
}
