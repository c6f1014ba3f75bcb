import { first, kept, later, minute, next, notKept, type Row, says } from "./rows.ts";

const vary = (value: string | readonly string[]) => says("max-age=60", { Vary: value });
const de = { send: { "Accept-Language": "de" } };
const fr = { send: { "Accept-Language": "fr" } };

export const choosing: readonly Row[] = [
  ["must", "4.1", "Vary: another value", first(vary("Accept-Language"), de), next("server", fr)],
  ["may", "4.1", "Vary: the same value", first(vary("Accept-Language"), de), next("cache", de)],
  ["must", "4.1", "Vary: no value, then one", first(vary("Accept-Language")), next("server", de)],
  ["must", "4.1", "Vary: one value, then none", first(vary("Accept-Language"), de), notKept],
  [
    "may",
    "4.1",
    "Vary: both forms are kept",
    first(vary("Accept-Language"), de),
    next("server", { ...fr, answer: vary("Accept-Language") }),
    next("cache", de),
    next("cache", fr),
  ],
  ["must", "4.1", "Vary in other letters", first(vary("ACCEPT-language"), de), next("server", fr)],
  [
    "must",
    "4.1",
    "Vary: one of two differs",
    first(vary("Accept-Language, X-Own"), { send: { "Accept-Language": "de", "X-Own": "1" } }),
    next("server", { send: { "Accept-Language": "de", "X-Own": "2" } }),
  ],
  ["must", "4.1", "Vary on two lines", first(vary(["X-Own", "Accept-Language"]), de), next("server", fr)],
  ["must", "4.1", "Vary: *", first(vary("*")), notKept],
  ["must", "4.1", "Vary: * beside others", first(vary("Accept-Language, *"), de), next("server", de)],
  [
    "may",
    "5.2.1.4",
    "a visitor's no-cache",
    first(minute),
    next("server", { send: { "Cache-Control": "no-cache" } }),
    kept,
  ],
  ["may", "5.4", "a visitor's Pragma", first(minute), next("server", { send: { Pragma: "no-cache" } })],
  [
    "may",
    "5.2.1.1",
    "a visitor's max-age=0",
    first(minute),
    next("server", { send: { "Cache-Control": "max-age=0" } }),
  ],
  [
    "may",
    "5.2.1.1",
    "a visitor's max-age, which it is older than",
    first(minute),
    next("cache", { ...later, send: { "Cache-Control": "max-age=1" } }),
  ],
  [
    "may",
    "5.2.1.3",
    "a visitor's min-fresh",
    first(minute),
    next("cache", { send: { "Cache-Control": "min-fresh=600" } }),
  ],
  [
    "may",
    "5.2.1.2",
    "a visitor's max-stale",
    first(says("max-age=1")),
    next("server", { ...later, send: { "Cache-Control": "max-stale=600" } }),
  ],
  [
    "may",
    "5.2.1.7",
    "a visitor's only-if-cached of what is kept",
    first(minute),
    next("cache", { send: { "Cache-Control": "only-if-cached" } }),
  ],
  [
    "must",
    "9211-2",
    "Cache-Status of a miss and of a hit",
    first(minute, { has: { "cache-status": /^fairhost; fwd=miss; stored$/ } }),
    next("cache", { has: { "cache-status": /^fairhost; hit; ttl=(?:60|5\d)$/ } }),
  ],
  [
    "must",
    "9211-2",
    "Cache-Status of what is not kept",
    first(says("no-store"), { has: { "cache-status": /^fairhost; fwd=miss$/ } }),
  ],
];
