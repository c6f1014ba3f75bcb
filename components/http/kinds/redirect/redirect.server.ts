import { z } from "zod";
import { plain } from "../../../../lib/unit-file.ts";
import { flag, text } from "../../../inputs.ts";
import { behaviour } from "../../../registry/field-class.ts";
import { format } from "../../../schema.ts";
import type { HttpServer, ServerKind } from "../../server.ts";

/** Without characters that mean something in a map of nginx. */
const target = /https?:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~/%+,=@&-]*)?/;
const plainTarget = plain(target, "target of a redirect");

/** Statuses of RFC 9110, section 15.4, that keep the visitor's method or say that it is forgotten. */
const statusSchema = z.literal([301, 302, 307, 308]);

export const entry = {
  kind: z
    .literal("redirect")
    .describe(
      "Kind of HTTP server. `redirect`: the front end sends visitors to another address; no process of the account runs.",
    ),
  to: format("an address such as https://www.example.org or https://example.org/shop, without a query", (says) =>
    z
      .string()
      .max(500)
      .regex(new RegExp(`^${target.source}$`), says),
  ).describe("Where visitors are sent, beginning with `https://` or `http://`."),
  status: statusSchema
    .default(308)
    .describe(
      "Status of the answer. 301 or 308: for ever, browsers remember it; 302 or 307: this time. 307 and 308 keep the method of a form. Default 308.",
    ),
  keepPath: z
    .boolean()
    .default(true)
    .describe("Whether the path and the query that the visitor asked for are appended to `to`. Default true."),
};

export const inputs = {
  kind: behaviour(z.literal("redirect")).describe("`redirect`: the front end sends visitors elsewhere."),
  to: behaviour(text).describe("Where visitors are sent."),
  status: behaviour(statusSchema).describe("Status of the answer."),
  keepPath: behaviour(flag).describe("Whether the visitor's path and query are appended."),
};

/** An answer of the front end alone: it costs a line in a map. */
export const server: ServerKind<HttpServer<"redirect">> = {
  kind: "redirect",
  entry,
  inputs,
  shared: () => [],
  inFrontEnd: ({ to, status, keepPath }) => {
    const where = plainTarget(to);
    return `redirect:${status}:${keepPath ? `${where.replace(/\/$/, "")}*` : where}`;
  },
};
