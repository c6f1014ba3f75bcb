import type { BundleQuota } from "../../delivery/protocol/bundle.ts";
import { largestNumber } from "../declaring.ts";
import { limitNames, limitOf } from "../plan/each-limit.ts";
import type { AccountContainerInputs } from "../registry/kinds.generated.ts";
import { logs } from "./account-paths.ts";

/** Part of an account's limit that is for its logs, and the most that they get: 1 GB, 10,000 inodes. */
const ofLogs = { share: 0.1, bytes: 1e9, inodes: 10_000 };

/**
 * The account's limits as two project quotas that add up to them: one for its logs, one for everything else. So a full home never
 * stops the logs, and logs never fill the home. The project ids are the account's number, and that beyond all numbers.
 */
export function quotasOf({ number, limits }: Pick<AccountContainerInputs, "number" | "limits">): BundleQuota[] {
  const whole = { bytes: 0, inodes: 0 };
  for (const name of limitNames) {
    const [of, amount] = limitOf(name).quota?.(limits[name]) ?? [];
    if (of !== undefined) whole[of] = amount!;
  }
  const own = (of: "bytes" | "inodes") => Math.floor(Math.min(whole[of] * ofLogs.share, ofLogs[of]));
  const [bytes, inodes] = [own("bytes"), own("inodes")];
  return [
    { path: ".", project: number, bytes: whole.bytes - bytes, inodes: whole.inodes - inodes },
    { path: logs, project: largestNumber + 1 + number, bytes, inodes },
  ];
}
