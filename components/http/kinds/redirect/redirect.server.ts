import { z } from "zod";
import { flag, text } from "../../../inputs.ts";
import { behaviour } from "../../../registry/fields/field-class.ts";
import { plainTarget, targetSchema } from "../../web-site/target.ts";
import type { HttpServer, ServerKind } from "../server.ts";

/** Statuses of RFC 9110, section 15.4, that keep the visitor's method or say that it is forgotten. */
const statusSchema = z.literal([301, 302, 307, 308]);

export const entry = {
  kind: z
    .literal("redirect")
    .describe(
      "Kind of HTTP server. `redirect`: the front end sends visitors to another address; no process of the account runs.",
    ),
  to: targetSchema.describe("Where visitors are sent, beginning with `https://` or `http://`."),
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
  parallel: "front end",
  wake: "front end",
  entry,
  inputs,
  shared: () => [],
  inFrontEnd: ({ to, status, keepPath }) => {
    return `redirect:${status}:${plainTarget(to)}${keepPath ? "*" : to.endsWith("/") ? "/" : ""}`;
  },
};
