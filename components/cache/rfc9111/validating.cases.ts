import { condition, date, failing, first, later, modified, next, type Row, type Says, says, tag } from "./rows.ts";

const same: Says = {
  ...says("max-age=60", { ...tag, "X-New": "1" }),
  valid: { status: 304, headers: { "Cache-Control": "max-age=60", ETag: '"a"', "X-New": "1" } },
};

export const validating: readonly Row[] = [
  [
    "must",
    "4.3.4",
    "304 of the program is 200 for the visitor, with the body that is kept",
    first(says("max-age=1", tag)),
    { ...later, answer: same, status: 200, body: /^[12]$/ },
  ],
  [
    "must",
    "4.3.4",
    "304 makes it last",
    first(says("max-age=1", tag)),
    { ...later, answer: same, status: 200 },
    next("cache", { status: 200 }),
  ],
  [
    "must",
    "3.2",
    "304 changes its headers",
    first(says("max-age=1", { ...tag, "X-New": "0" })),
    { ...later, answer: same, status: 200 },
    next("cache", { has: { "x-new": /^1$/ } }),
  ],
  [
    "must",
    "4.3.3",
    "another answer takes its place",
    first(says("max-age=1", tag)),
    next("server", { ...later, answer: says("max-age=60", { ETag: '"b"' }) }),
    next("cache", { has: { etag: /^"b"$/ } }),
  ],
  [
    "must",
    "4.3.3",
    "an error of the program is passed on",
    first(says("max-age=1", tag)),
    { ...later, ...failing, status: 500 },
  ],
  [
    "may",
    "4.3.2",
    "If-None-Match of what is kept",
    first(says("max-age=60", tag)),
    next(undefined, { ...condition("If-None-Match", '"a"'), status: 304, body: "" }),
  ],
  [
    "may",
    "4.3.2",
    "If-None-Match, weak",
    first(says("max-age=60", tag)),
    next(undefined, { ...condition("If-None-Match", 'W/"a"'), status: 304 }),
  ],
  [
    "may",
    "4.3.2",
    "If-None-Match, one of several: Varnish compares with one alone, and gives all",
    first(says("max-age=60", tag)),
    next(undefined, { ...condition("If-None-Match", '"x", "a"'), status: 200 }),
  ],
  [
    "must",
    "4.3.2",
    "If-None-Match of another one",
    first(says("max-age=60", tag)),
    next("cache", { ...condition("If-None-Match", '"x"'), status: 200 }),
  ],
  [
    "must",
    "4.3.2",
    "304 has what 200 would have",
    first(says("max-age=60", tag)),
    next(undefined, {
      ...condition("If-None-Match", '"a"'),
      status: 304,
      has: { etag: /^"a"$/, "cache-control": /max-age=60/ },
    }),
  ],
  [
    "may",
    "4.3.2",
    "If-Modified-Since of what is kept",
    first(says("max-age=60", modified)),
    next(undefined, { ...condition("If-Modified-Since", modified["Last-Modified"]), status: 304 }),
  ],
  [
    "must",
    "4.3.2",
    "If-Modified-Since before it was changed",
    first(says("max-age=60", modified)),
    next("cache", { ...condition("If-Modified-Since", date(-7200)), status: 200 }),
  ],
  [
    "must",
    "4.3.2",
    "If-None-Match counts, and If-Modified-Since beside it does not",
    first(says("max-age=60", { ...tag, ...modified })),
    next("cache", { send: { "If-None-Match": '"x"', "If-Modified-Since": date(0) }, status: 200 }),
  ],
  [
    "must",
    "4.3",
    "a visitor's condition makes no 304 of what was not kept",
    first(says("max-age=60", tag), condition("If-None-Match", '"x"')),
    next(undefined, { status: 200 }),
  ],
];
