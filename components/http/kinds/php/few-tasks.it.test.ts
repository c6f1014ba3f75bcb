import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bootKind, type KindHost } from "../../../../testing/kind-host.ts";

/** A PHP site of an account with few tasks: its Apache takes no more than there are, and whoever is too many is told so. */
const tasksMax = 64;
const [visitor, another] = ["fd00:9::1", "fd00:9:0:7::1"];

let kind: KindHost;
const sh = (command: string) => kind.sh(command);

beforeAll(async () => {
  kind = await bootKind(
    "few-tasks",
    [
      {
        ...{ kind: "php", name: "php", root: "php", fallback: "index.php", workers: 8, ini: {} },
        ...{ environment: {}, idleSeconds: 300 },
      },
    ],
    { "php/index.php": "<?php echo 'quick';", "php/film.bin": new Uint8Array(50_000_000) },
    {},
    { tasksMax },
  );
  for (const one of [visitor, another]) await sh(`ip -6 address add ${one}/128 dev lo nodad`);
  const program = join(import.meta.dirname, "../../../../testing/programs/slow-visitor.py");
  await kind.host.writeFile("/root/slow-visitor.py", readFileSync(program));
  expect(await kind.get("php")).toMatchObject({ status: 200, body: "quick" });
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test("with fifty requests of a visitor held, the next one is told so, others are served, and the account has tasks left", async () => {
  await sh(
    `systemd-run --quiet --unit=held -p StandardOutput=truncate:/run/held python3 /root/slow-visitor.py files php.alice.test 50 100 ${visitor} ${visitor}; timeout 30 sh -c 'until grep -q open /run/held; do sleep 0.1; done'; sleep 3`,
  );
  expect(await kind.get("php", "/", "--interface", another)).toMatchObject({ status: 200, body: "quick" });
  // Each process and each thread is a task.
  const tasks = await sh(
    "for process in $(find /sys/fs/cgroup/account.slice/account-1.slice -name cgroup.procs -exec cat {} +); do ls /proc/$process/task; done | wc -l",
  );
  expect(Number(tasks)).toBeLessThan(tasksMax);
  expect(await kind.get("php", "/", "--interface", visitor)).toMatchObject({ status: 429 });
  expect(await kind.get("php", "/", "--interface", another)).toMatchObject({ status: 200, body: "quick" });
  await sh("systemctl stop held");
});
