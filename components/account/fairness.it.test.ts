import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../lab/own-kernel.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { expectNearlyAsFast } from "../../testing/neighbour.ts";

/**
 * How the kernel shares a processor between accounts of one plan, with the slices that a host gets, and bounds their processes and memory: under a kernel of
 * its own, since a container has no controllers. It has one CPU.
 */
const busy = [1, 2, 3, 4, 6, 8, 10, 12, 14, 16];
const late = busy.length + 1;
/** One that floods, and its neighbour. */
const [hostile, neighbour] = [late + 1, late + 2];
const bound = { tasksMax: 50, memoryMaxMb: 64 };
const accounts = Array.from({ length: neighbour }, (_, index) => ({
  number: index + 1,
  name: `account${index + 1}`,
  ...(index + 1 === hostile && { limits: bound }),
}));

let host: OwnKernelHost;
/** Starts processes of an account that never wait. */
const start = (number: number, processes: number) =>
  `systemd-run --quiet --slice=account-${number}.slice --unit=busy-${number} sh -c 'for each in $(seq ${processes}); do while :; do :; done & done; wait'`;
/**
 * Share of each account in what all of them used, while they used this many seconds of processor: on a busy machine this kernel gets little of
 * it. @param before what happens at the beginning
 */
async function shares(seconds: number, before = "true"): Promise<number[]> {
  const used = `cat /sys/fs/cgroup/account.slice/account-{1..${late}}.slice/cpu.stat | sed -n 's/^usage_usec //p' | xargs`;
  // In one command, so that nothing else happens in between.
  const script = `used() { ${used}; }; sum() { local all=0 each; for each in $1; do all=$((all + each)); done; echo $all; }
first=$(used); until last=$(used); test $(($(sum "$last") - $(sum "$first"))) -ge ${seconds}000000; do sleep 0.5; done; echo $first; echo $last`;
  const { stdout, stderr, exitCode } = await host.run(`${before}; bash -s`, { stdin: script, timeout: 120_000 });
  if (exitCode !== 0) throw new Error(`${before}: ${stderr}`);
  const [first, last] = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  const each = last!.map((value, index) => value - first![index]!);
  const all = each.reduce((sum, value) => sum + value, 0);
  return each.map((value) => value / all);
}
/** Jain's index of fairness: 1 where all have the same (Jain, Chiu and Hawe 1984). */
const jain = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) ** 2 /
  (values.length * values.reduce((sum, value) => sum + value ** 2, 0));

beforeAll(async () => {
  host = await bootOwnKernel();
  const files = Object.values(renderBundle(declarationOf(accounts), "web1").groups).flatMap(
    (group) => group?.files ?? [],
  );
  const slices = files.filter(({ path }) => /^systemd\/account-.*\.slice(\.d\/.*)?$/.test(path));
  expect(slices.length).toBeGreaterThan(neighbour);
  // Starting a process is slow there: all in one command.
  const written = slices.map(({ path, content }) => {
    const file = `/etc/systemd/system/${path.slice("systemd/".length)}`;
    return `mkdir -p $(dirname ${file}); cat >${file} <<'END'\n${content}END`;
  });
  // The last one's slice is there before it is looked at.
  const begun = [`systemctl daemon-reload; systemctl start account-${late}.slice`];
  const started = busy.map((processes, index) => start(index + 1, processes));
  const { stderr, exitCode } = await host.run("sh -e", { stdin: [...written, ...begun, ...started].join("\n") });
  expect(exitCode, stderr).toBe(0);
}, 300_000);
afterAll(() => host?.stop());

test("ten busy accounts with 1 to 16 processes have the same share of the processor", async () => {
  const index = jain((await shares(8)).slice(0, busy.length));
  console.info(`Jain's index ${index.toFixed(4)}`);
  expect(index).toBeGreaterThanOrEqual(0.99);
});

test("one that was idle has its share within a second, and the others have it back within a second", async () => {
  // This kernel counts in ticks of 10 ms.
  const fair = 1 / late;
  const began = (await shares(5, `${start(late, 1)}; sleep 1`)).at(-1)!;
  expect(began).toBeGreaterThan(fair * 0.6);
  expect(began).toBeLessThan(fair * 1.4);
  const after = await shares(5, `systemctl kill --signal=KILL busy-${late}; sleep 1`);
  expect(after.at(-1)).toBeLessThan(fair * 0.1);
  expect(jain(after.slice(0, busy.length))).toBeGreaterThanOrEqual(0.95);
});

test("a plan with a larger weight has more by as much", async () => {
  const weight = "systemctl set-property --runtime account-1.slice CPUWeight=300";
  const after = await shares(8, `${weight}; sleep 1`);
  expect(after[0]! / after[1]!).toBeGreaterThan(2);
  expect(after[0]! / after[1]!).toBeLessThan(4.5);
});

describe("one account that floods", () => {
  const server = `import socket
listening = socket.socket(socket.AF_UNIX); listening.bind("/run/neighbour"); listening.listen(100)
while True:
    visitor, _ = listening.accept(); visitor.send(visitor.recv(100)); visitor.close()`;
  /** Prints the milliseconds in which all but one in a hundred of the neighbour's answers came. It ends at an error. */
  const visitor = `import socket, time
def ask():
    begin = time.perf_counter()
    made = socket.socket(socket.AF_UNIX); made.settimeout(30); made.connect("/run/neighbour"); made.send(b"x")
    assert made.recv(100) == b"x"
    made.close()
    return (time.perf_counter() - begin) * 1000
print(sorted(ask() for _ in range(100))[98])`;
  const floods = {
    processes: `import os
while True:
    try: os.fork()
    except OSError: pass`,
    memory: `held = []
while True: held.append(b"x" * (1 << 20))`,
  };
  /** What the hostile account was refused. Some kernels count a fork in the unit in which it failed, others in the slice whose bound it is. */
  const refusals = {
    processes: "cat SLICE/pids.events SLICE/*/pids.events | awk '/^max / { sum += $2 } END { print sum + 0 }'",
    memory: "sed -n 's/^oom_kill //p' SLICE/memory.events",
  };
  const sh = async (command: string) => {
    const { stdout, stderr, exitCode } = await host.run(command, { timeout: 120_000 });
    if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout.trim();
  };
  const p99 = async () => Number(await sh("python3 /run/visitor.py"));
  const slice = `/sys/fs/cgroup/account.slice/account-${hostile}.slice`;
  beforeAll(async () => {
    for (const [name, program] of Object.entries({ server, visitor, ...floods }))
      await host.writeFile(`/run/${name}.py`, program);
    await sh(`systemctl kill --signal=KILL 'busy-*'
      systemd-run --quiet --slice=account-${neighbour}.slice --unit=neighbour python3 /run/server.py; until test -S /run/neighbour; do sleep 0.1; done`);
  }, 120_000);

  test.each(Object.keys(floods) as (keyof typeof floods)[])(
    "its %s: they end at its bound, and a neighbour goes on, sees no error and answers nearly as fast",
    async (name) => {
      const pid = await sh("systemctl show -P MainPID neighbour");
      const again = "-p Restart=always -p RestartSec=0 -p StartLimitIntervalSec=0";
      const refused = async () => Number(await sh(refusals[name].replaceAll("SLICE", slice)));
      await expectNearlyAsFast(name, {
        p99,
        async begin() {
          const before = (await host.run(`test -d ${slice}`)).exitCode === 0 ? await refused() : 0;
          await sh(
            `systemd-run --quiet --collect --slice=account-${hostile}.slice --unit=flood-${name} ${again} python3 /run/${name}.py`,
          );
          await expect.poll(refused, { timeout: 60_000, interval: 500 }).toBeGreaterThan(before);
        },
        async end() {
          expect(Number(await sh(`cat ${slice}/pids.current`))).toBeLessThanOrEqual(bound.tasksMax);
          expect(Number(await sh(`cat ${slice}/memory.current`))).toBeLessThanOrEqual(bound.memoryMaxMb << 20);
          // It has flooded until now, and the neighbour can start what it likes.
          expect(await sh(`systemctl show -P ActiveState flood-${name}`)).toMatch(
            /^(?:active|activating|deactivating)$/,
          );
          await sh(
            `systemd-run --quiet --wait --slice=account-${neighbour}.slice true; systemctl kill --signal=KILL flood-${name}; systemctl stop flood-${name}`,
          );
        },
        // Three ticks of this kernel more.
        slack: 30,
      });
      expect(await sh("systemctl show -P MainPID neighbour")).toBe(pid);
    },
    240_000,
  );
});
