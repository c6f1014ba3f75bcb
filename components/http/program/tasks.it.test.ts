import { afterAll, beforeAll, expect, test } from "vitest";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import type { HttpServer, ServerKind } from "../kinds/server.ts";
import { serverSamples } from "../kinds/server-fixtures.generated.ts";
import { servers as kinds } from "../kinds/servers.generated.ts";

/** What kinds say of the processes and threads of their servers, against what there was while all that they have was busy. */
const tasksMax = 128;
const busy = serverSamples.flatMap((sample) => sample.busy);

let kind: KindHost;
beforeAll(async () => {
  const files = busy.map((each) => each.files);
  kind = await bootKind(
    "tasks",
    busy.map(({ server }) => server),
    Object.assign({}, ...files),
    {},
    { tasksMax },
  );
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test("every kind with a service has a sample", () => {
  const own = Object.values(kinds).filter((each) => each.wake !== "front end");
  expect([...new Set(busy.map(({ server }) => server.kind))].sort()).toEqual(own.map((each) => each.kind).sort());
});

test.each(busy.map((each) => [each.server.name, each] as const))(
  "%s: no more than its kind says, and not far from it",
  async (name, { server, path = "/" }) => {
    const socket = `/run/fairhost-http/account-1-http-${name}`;
    // To the server itself: nobody limits what one visitor may have. Whatever it answers, it was busy.
    const peak = Number(
      await kind.sh(`ask() { curl -s -o /dev/null --max-time 8 --unix-socket ${socket} http://localhost${path}; }
        ask
        touch /run/busy
        { for n in $(seq 64); do ask & done; wait; rm /run/busy; } &
        group=/sys/fs/cgroup$(systemctl show -P ControlGroup account-1-http-${name}.service) peak=0
        while [ -e /run/busy ]; do
          # The proxy resolves its address in threads: on a busy machine up to 16, which a quiet one never has.
          now=$(for process in $(cat $group/cgroup.procs); do
            grep -q systemd-socket /proc/$process/comm && most=5 || most=1000
            ls /proc/$process/task | head -n $most
          done 2>/dev/null | wc -l)
          [ $now -le $peak ] || peak=$now
          sleep 0.05
        done
        echo $peak`),
    );
    const said = (kinds[server.kind] as ServerKind).tasks!(server as unknown as HttpServer, tasksMax);
    console.info(`${name}: ${peak} tasks, ${said} said`);
    expect(peak).toBeLessThanOrEqual(said);
    expect(peak).toBeGreaterThan(said / 2);
    await kind.sh(`systemctl stop account-1-http-${name}.service`);
  },
);
