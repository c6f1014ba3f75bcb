import { expect, test } from "vitest";
import { fakeSsh } from "../../testing/fakes/ssh/fake-ssh.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { healthGate } from "../deploy/hosts/gate.ts";
import { readAnswer } from "./answer.ts";
import { inspectHosts } from "./inspect-hosts.ts";
import { SshError } from "./ssh.ts";

const state = { declared: true, inForce: true, whole: true, held: false, coming: false, leaving: false, databases: [] };
const answers = {
  inspect: {
    host: "web1",
    generation: 7,
    differences: [{ group: "host", kind: "link-down", what: "eth0", message: "m" }],
  },
  health: { healthy: true, problems: [], woken: [{ account: 1, status: 200, ms: 3 }], notes: ["n"] },
  "move state": { ...state, restoring: "awaited" },
} as const;
const kinds = Object.keys(answers) as (keyof typeof answers)[];

test.each(kinds)("%s: an answer is read, with what a later release adds", (what) => {
  const later = { ...answers[what], more: 1 };
  expect(readAnswer("web1", what, `${JSON.stringify(later)}\n`)).toEqual(later);
});

test.each(kinds)("%s: what is no answer names the host", (what) => {
  const text = JSON.stringify(answers[what]);
  for (const wrong of [text.slice(0, 40), `Welcome!\n${text}`, `${text}bye`, "", "null", "{}", "[]", "7"]) {
    expect(() => readAnswer("web1", what, wrong), wrong).toThrow(SshError);
    expect(() => readAnswer("web1", what, wrong), wrong).toThrow(
      `web1: the answer of \`fairhost-host ${what}\` cannot be read: it `,
    );
  }
});

test("one host whose profile prints something does not end the look at the others", async () => {
  using _ssh = fakeSsh(
    `while [ "$2" != -- ]; do shift; done; cat >/dev/null; [ $1 != web1 ] || echo Welcome; echo '{"generation":7,"differences":[],"healthy":true,"problems":[],"woken":[]}'`,
  );
  const declaration = declarationOf([]);
  const hosts = ["web1", "web2"].map((name) => ({ ...declaration.hosts[0]!, name }));
  const targets = hosts.map(({ name }) => {
    return { name, address: name, port: 22, user: "root", knownHosts: "/dev/null" };
  });
  const said = expect.stringMatching(/^web1: the answer of .* it begins with "Welcome/);
  expect(await inspectHosts({ ...declaration, hosts }, targets)).toEqual([
    { host: "web1", error: said },
    { host: "web2", generation: 7, differences: [] },
  ]);
  const config = { stack: "s", projectDirectory: "/", inventory: "/", cell: undefined, knownHosts: "/dev/null" };
  const gate = healthGate(
    { ...config, sshUser: "root", sshPrivateKeyFile: undefined, today: "2026-11-24" },
    hosts.map(({ name }) => ({ name, ssh: { address: name, port: 22 } as never })),
  );
  expect((await gate("web1", [])).problems).toEqual([{ group: "host", message: said }]);
  expect((await gate("web2", [])).healthy).toBe(true);
});
