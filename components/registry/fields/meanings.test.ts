import { expect, test, vi } from "vitest";
import { checkDeclaration } from "../../../policies/check-declaration.ts";
import { judgeResource } from "../../../policies/pack/judge.ts";
import { declarationFixture, today } from "../../../testing/fixtures/fixture.ts";
import type { Declaration } from "../kinds.generated.ts";
import { kinds } from "../kinds.generated.ts";

/** A third kind of HTTP server, whose paths, commands and variables stand where no rule has been told of them. */
vi.mock("../../http/kinds/servers.generated.ts", async (original) => {
  const real = await original<typeof import("../../http/kinds/servers.generated.ts")>();
  const { z } = await import("zod");
  const { commonInputs } = await import("../../http/kinds/server.ts");
  const { command, environment, homePath } = await import("../../inputs.ts");
  const worker = z.strictObject({ start: command(), given: environment() });
  const third = z.strictObject({
    ...commonInputs,
    kind: z.literal("made-up"),
    root: homePath(),
    scripts: z.array(homePath()),
    workers: z.array(worker).exactOptional(),
  });
  return { ...real, serverInputs: [...real.serverInputs, third] };
});

const valid = declarationFixture();
const { kind: _, root: __, ...common } = valid.httpServers[0] as unknown as Readonly<Record<string, unknown>>;
const sound = {
  ...common,
  kind: "made-up",
  root: "www",
  scripts: ["bin", "."],
  workers: [{ start: ["/usr/bin/php", "work.php"], given: { QUEUE: "mail" } }],
};

/** What the rules say of a third server in the whole declaration, and what the pack says of it alone. */
function judged(server: object) {
  const declaration = { ...valid, httpServers: [server, ...valid.httpServers.slice(1)] } as unknown as Declaration;
  const together = checkDeclaration(declaration, today);
  const { type } = kinds.httpServers;
  const resource = { type, name: "x", urn: "x", props: server as Record<string, unknown>, opts: { protect: false } };
  expect(judgeResource(resource, today)).toEqual(together.map(({ rule, message }) => ({ rule, message })));
  return together.map(({ rule, subject: { path }, message }) => `${rule} ${path}: ${message}`);
}

test("one that is sound passes", () => expect(judged(sound)).toEqual([]));

test.each([
  [
    "its root",
    { ...sound, root: "../../../etc" },
    'paths-inside-home root: HTTP server 1/www has root "../../../etc", which is not a plain path inside the account\'s home.',
  ],
  [
    "a path in a list",
    { ...sound, scripts: ["bin", "/etc"] },
    'paths-inside-home scripts.1: HTTP server 1/www has scripts.1 "/etc", which is not a plain path inside the account\'s home.',
  ],
  [
    "a program of the host",
    { ...sound, workers: [{ start: ["/usr/bin/nsenter", "-t", "1"], given: {} }] },
    'no-host-administration workers.0.start.0: HTTP server 1/www starts "/usr/bin/nsenter", which administers the host.',
  ],
  [
    "a directive as a variable",
    { ...sound, workers: [sound.workers[0], { start: ["bin/x"], given: { "A\nUser": "root" } }] },
    'no-host-administration workers.1.given.A\nUser: HTTP server 1/www has an environment variable "A\\nUser" whose name or value is not allowed in a unit file.',
  ],
])("%s is found by what it means", (_, server, expected) => {
  expect(judged(server)).toEqual([expected]);
});
