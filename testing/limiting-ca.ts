import { existsSync, readFileSync } from "node:fs";
import { createServer, request } from "node:https";

/**
 * Before pebble, which knows no limits: answers orders as Let's Encrypt does when it has given enough (RFC 8555, section 6.6), and passes all else on.
 *   limiting-ca.ts PORT PORT-OF-PEBBLE CERTIFICATE KEY LIMITS
 * LIMITS is a file, read with each order: by the end of names, `{ detail, retryAfter }`.
 */
const [port, behind, certificate, key, limits] = process.argv.slice(2) as [string, string, string, string, string];

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, async (asked, answer) => {
  const parts: Buffer[] = [];
  for await (const part of asked) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  const limit = asked.url === "/order-plz" ? limitOf(body) : undefined;
  if (limit !== undefined) {
    answer.writeHead(429, { "content-type": "application/problem+json", "retry-after": limit.retryAfter });
    answer.end(JSON.stringify({ type: "urn:ietf:params:acme:error:rateLimited", status: 429, detail: limit.detail }));
    return;
  }
  // Pebble makes the addresses that it checks of the name that it was asked by.
  const { method, url: path, headers } = asked;
  const to = { host: "::1", port: Number(behind), rejectUnauthorized: false, method, path, headers };
  const passed = request(to, (from) => {
    answer.writeHead(from.statusCode!, from.headers);
    from.pipe(answer);
  });
  passed.on("error", () => answer.destroy());
  passed.end(body);
}).listen(Number(port), "::1");

interface Limit {
  readonly detail: string;
  readonly retryAfter: string;
}

function limitOf(order: Buffer): Limit | undefined {
  if (!existsSync(limits)) return undefined;
  const { payload } = JSON.parse(order.toString()) as { payload: string };
  const { identifiers } = JSON.parse(Buffer.from(payload, "base64url").toString()) as {
    identifiers: readonly { value: string }[];
  };
  const all = Object.entries(JSON.parse(readFileSync(limits, "utf8")) as Record<string, Limit>);
  return all.find(([end]) => identifiers.some(({ value }) => value.endsWith(end)))?.[1];
}
