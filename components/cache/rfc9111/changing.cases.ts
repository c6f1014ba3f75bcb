import { condition, failing, first, kept, minute, next, notKept, type Row, says, tag, type Visit } from "./rows.ts";

const ten = { ...says("max-age=60", tag), body: "0123456789" };
const part = (range: string): Partial<Visit> => condition("Range", range);

export const changing: readonly Row[] = [
  ...["POST", "PUT", "DELETE", "PATCH", "REPORT"].map(
    (method): Row => ["must", "4.4", `${method} with success`, first(minute), next("server", { method }), notKept],
  ),
  [
    "must",
    "4.4",
    "POST with a redirect",
    first(minute),
    next("server", { method: "POST", answer: { status: 303, headers: { Location: "/x" } } }),
    notKept,
  ],
  ["may", "4.4", "POST that failed", first(minute), { method: "POST", ...failing, status: 500 }, kept],
  ...["HEAD", "OPTIONS"].map(
    (method): Row => ["may", "4.4", `${method} changes nothing`, first(minute), next(undefined, { method }), kept],
  ),
  [
    "may",
    "3.3",
    "a part of what is kept",
    first(ten),
    next("cache", { ...part("bytes=2-4"), status: 206, body: "234", has: { "content-range": /^bytes 2-4\/10$/ } }),
  ],
  ["may", "3.3", "a part that is not there", first(ten), next(undefined, { ...part("bytes=20-30"), status: 416 })],
  [
    "must",
    "3.3",
    "If-Range of another one gets all",
    first(ten),
    next("cache", { send: { Range: "bytes=2-4", "If-Range": '"x"' }, status: 200, body: "0123456789" }),
  ],
  [
    "must",
    "3.3",
    "a part from the program is not given as the whole",
    first(
      { status: 206, headers: { ...tag, "Cache-Control": "max-age=60", "Content-Range": "bytes 2-4/10" }, body: "234" },
      part("bytes=2-4"),
    ),
    { answer: ten, status: 200, body: "0123456789" },
  ],
];
