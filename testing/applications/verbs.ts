import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerHost } from "../../lab/container.ts";
import { succeed } from "../fakes/placed-host.ts";
import type { Place, visitorOf } from "./visitor.ts";

/** What every application does, whatever it is: tried of each by `npm run bench:applications`. */
export const everyVerb = ["sleep", "wake", "restart", "own error"] as const;
type Verb = (typeof everyVerb)[number];

/** Tries them. @returns what was seen of each; what is wrong begins with "NOT: " */
export async function tryEveryVerb(
  host: ContainerHost,
  visitor: ReturnType<typeof visitorOf>,
  { account, server }: Place,
  uid: number,
): Promise<Readonly<Record<Verb, string>>> {
  const sh = (command: string) => succeed(host, command);
  const unit = `account-${account}-http-${server}.service`;
  const logs = `/srv/accounts/${account}/admin/logs`;
  const wrong = (what: string) => `NOT: ${what}`;
  const usual = (await visitor.ask("/")).status;

  await visitor.rest();
  const [result = ""] = (await sh(`systemctl show -p Result --value ${unit}`)).split("\n");
  const left = await sh(
    `cat /sys/fs/cgroup/account.slice/account-${account}.slice/${unit}/cgroup.procs 2>/dev/null || true`,
  );
  const asleep = result === "success" && left === "" ? "in good order" : wrong(`${result}, processes: ${left}`);

  const { status, seconds } = await visitor.ask("/");
  const wakes = status === usual ? `${seconds.toFixed(1)} s` : wrong(`${status} in place of ${usual}`);

  const started = () =>
    sh(`grep -cE 'fairhost: (started anew|told to load its code anew), because' ${logs}/http-${server}.log || true`);
  const before = await started();
  await sh(
    `setpriv --reuid=${uid} --regid=${uid} --clear-groups touch /srv/accounts/${account}/home/restart-${server}`,
  );
  const statuses = new Set<number>();
  for (
    const end = performance.now() + 60_000;
    (await started()) === before && performance.now() < end;
    await sleep(200)
  )
    statuses.add((await visitor.ask("/")).status);
  const again = (await started()) !== before;
  statuses.add((await visitor.ask("/")).status);
  statuses.delete(usual);
  const restarts = again && statuses.size === 0 ? "nobody refused" : wrong(`${again}, also ${[...statuses].join(" ")}`);

  const own = await visitor.ask("/no-such-page-of-anybody");
  const frontEnds = await sh(`cat ${logs}/front-end/error.log 2>/dev/null | grep -c no-such-page-of-anybody || true`);
  const error = frontEnds.trim() === "0" ? `${own.status}, its own` : wrong(`the front end's: ${own.status}`);
  return { sleep: asleep, wake: wakes, restart: restarts, "own error": error };
}
