import { expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";
import { serverFixtures } from "../kinds/server-fixtures.generated.ts";
import { headerSizes } from "./header-sizes.ts";

const servers = serverFixtures.map((fixture) => ({
  ...fixture,
  idleSeconds: 300,
  ...(fixture.kind === "program" && { cache: true, waf: { level: "strong" as const } }),
}));
const { groups } = renderBundle(declarationOf([{ number: 1, name: "alice", servers: servers as never }]), "web1");
const files = Object.values(groups).flatMap((group) => group!.files.filter(({ content }) => content !== undefined));
/** The only number that stands so in the bundle's files. */
function sizeOf(pattern: RegExp, path: string): number {
  const found = files.flatMap((file) =>
    file.path.includes(path) ? [pattern.exec(file.content!)?.slice(1) ?? []] : [],
  );
  const numbers = found.flat().filter((text) => text !== undefined);
  expect(new Set(numbers).size, `${pattern} in ${path}`).toBe(1);
  const [, digits, unit] = /^(\d+)(k?)$/.exec(numbers[0]!)!;
  return Number(digits) * (unit === "k" ? 1024 : 1);
}

test("whatever has up to 32 KiB together, and 16 KiB in one, passes the front end", () => {
  const { one, together, buffers } = headerSizes;
  expect(sizeOf(/large_client_header_buffers \d+ (\d+k)/, "nginx/nginx.conf")).toBe(one);
  // Two neighbours, and what did not fit into the last one.
  expect(((buffers + 1) / 2) * one).toBeGreaterThanOrEqual(together);
});

test("each part behind it takes all that the front end lets through, and what it adds", () => {
  const { one, buffers, added } = headerSizes;
  const most = one * buffers + added;
  for (const [pattern, path] of [
    [/max-http-header-size=(\d+)/, "account-1-http-"],
    [/max-request-field-size = (\d+)/, "lighttpd/static.conf"],
    [/http_req_hdr_len=(\d+k)/, "libexec/run-cache"],
    [/http_req_size=(\d+k)/, "libexec/run-cache"],
    [/large_client_header_buffers \d+ (\d+k)/, "waf"],
    [/large_client_header_buffers \d+ (\d+k)/, "libexec/run-php"],
    // Cookies that come in parts are one header here.
    [/LimitRequestFieldSize (\d+)/, "apache/proxy.conf"],
  ] as const)
    expect(sizeOf(pattern, path), path).toBeGreaterThanOrEqual(most);
  expect(sizeOf(/LimitRequestLine (\d+)/, "apache/proxy.conf")).toBeGreaterThanOrEqual(one);
  for (const words of ["limit_request_line = 0\n", "limit_request_field_size = 0\n"])
    expect(files.find(({ path }) => path.endsWith("gunicorn-settings.py"))!.content).toContain(words);
});

test("Apache before PHP refuses, with a page, only what FastCGI could not pass on", () => {
  const { one, php } = headerSizes;
  expect(php).toBeGreaterThan(one - 64);
  for (const limit of [/LimitRequestFieldSize (\d+)/, /LimitRequestLine (\d+)/])
    expect(sizeOf(limit, "apache/php.conf")).toBe(php);
});
