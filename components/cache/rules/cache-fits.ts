import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

/** MiB of a cache beside the answers: two processes, and requests on their way (14 at rest, 56 measured with 200 downloads at once). */
const itself = 56;

/** Part of an account's disk that its cache may have at most. */
const part = 2;

export const cacheFits = defineRule({
  name: "cache-fits",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: `The HTTP cache of an account fits into its limits: ${itself} MiB more than \`cacheMemoryMb\` into its memory, \`cacheDiskMb\` into half of its disk.`,
  reason:
    "What a cache keeps is the account's memory and disk: its programs would be killed for memory, or could not write.",
  fix: "Lower `cacheMemoryMb` or `cacheDiskMb`, give the account more memory or disk, or take `cache` from its web sites.",
  *find({ accounts, httpServers }) {
    const cached = new Set(httpServers.filter(({ cache }) => cache === true).map(({ account }) => account));
    for (const account of accounts) {
      const { cacheMemoryMb, cacheDiskMb, memoryMaxMb, diskGb } = account.limits;
      if (!cached.has(account.number)) continue;
      if (cacheMemoryMb + itself > memoryMaxMb)
        yield {
          subject: subject.account(account, "limits.cacheMemoryMb"),
          message: `The HTTP cache of account ${account.number} takes up to ${cacheMemoryMb + itself} MiB, but the account has ${memoryMaxMb} MiB.`,
        };
      if (cacheDiskMb * 1024 ** 2 * part > diskGb * 1e9)
        yield {
          subject: subject.account(account, "limits.cacheDiskMb"),
          message: `The HTTP cache of account ${account.number} takes up to ${cacheDiskMb} MiB of disk, more than half of the account's ${diskGb} GB.`,
        };
    }
  },
});
