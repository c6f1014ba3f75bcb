import { changed, testRule } from "../../../testing/test-rule.ts";
import type { Declaration } from "../../registry/kinds.generated.ts";
import { cacheFits } from "./cache-fits.ts";

const withCache = (valid: Declaration, limits: object): Declaration =>
  changed(
    changed(valid, "httpServers", 0, (server) => ({ ...server, cache: true })),
    "accounts",
    0,
    (account) => ({ ...account, limits: { ...account.limits, ...limits } }),
  );

testRule(cacheFits, {
  "a cache that takes the account's memory": {
    break: (valid) => withCache(valid, { memoryMaxMb: 64, cacheMemoryMb: 40 }),
    expect: [
      "account 1 limits.cacheMemoryMb: The HTTP cache of account 1 takes up to 96 MiB, but the account has 64 MiB.",
    ],
  },
  "a cache that takes the account's disk": {
    break: (valid) => withCache(valid, { diskGb: 1, cacheDiskMb: 500 }),
    expect: [
      "account 1 limits.cacheDiskMb: The HTTP cache of account 1 takes up to 500 MiB of disk, more than half of the account's 1 GB.",
    ],
  },
});
