import { fieldWords } from "../../../components/registry/fields/field-changes.ts";
import type { Fleet } from "../../../components/registry/files.generated.ts";
import { levels } from "../../verdict/weigh.ts";
import { changesOfFiles } from "../effects/file-changes.ts";
import { type Beside, isSame } from "./beside.ts";

/**
 * What an earlier change did to the same fields of files that judge themselves, as lines of `known_hosts`: what is changed back needs the
 * same approval as what is new, and whoever gives it is to know of both.
 * @param earlier the fleet before the first step @param before it before the second @param after it after that
 */
export function besideOfFiles(earlier: Fleet, before: Fleet, after: Fleet): Beside[] {
  const first = changesOfFiles(earlier, before);
  return changesOfFiles(before, after).flatMap(({ key, open, finding }): Beside[] => {
    const fields = first.find((each) => each.key === key)?.changes ?? [];
    const same = fields.filter((each) => open.some((one) => isSame(each, one)));
    if (finding === undefined || same.length === 0) return [];
    return [{ of: { ...finding, level: levels[1] }, what: same.map(fieldWords).join(", ") }];
  });
}
