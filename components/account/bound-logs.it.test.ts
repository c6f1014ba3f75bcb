import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, programServer, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/** Writes numbered lines as fast as it can, `/flood?1000000` of them, then one more; answers before. */
const flood = `
const http = require("node:http"), fs = require("node:fs");
http.createServer((request, response) => {
  const lines = Number(request.url.split("?")[1] ?? 0);
  response.end("ok\\n", () => {
    for (let at = 0; at < lines; at += 10000) {
      let text = "";
      for (let line = at; line < Math.min(at + 10000, lines); line++) text += "line " + line + " ".repeat(90) + "\\n";
      for (let done = 0; done < text.length; ) done += fs.writeSync(1, text.slice(done));
    }
    if (lines) console.log("after the flood");
  });
}).listen(process.env.PORT);
`;

const bundle = renderBundle(
  declarationOf([
    { number: 1, name: "alice", servers: [staticServer("blog")] },
    { number: 3, name: "carol", servers: [staticServer("shop", 1)] },
    { number: 2, name: "bob", servers: [programServer("app", ["/usr/bin/node", "flood.cjs"])] },
  ]),
  "web1",
);

/** A real ext4 as on a host, small, without quotas (host/os/quota.it.test.ts has them). */
const accountsOnExt4 = `
mknod /dev/loop-control c 10 237; for i in $(seq 0 31); do mknod /dev/loop$i b 7 $i; done
mkdir -p /run/disk && mount -t tmpfs -o size=700M tmpfs /run/disk && truncate -s 600M /run/disk/image
mke2fs -q -F -t ext4 /run/disk/image && mkdir -p /srv/accounts && mount -o loop,nosuid,nodev /run/disk/image /srv/accounts
# One account with little space: what its quota gives it.
truncate -s 8M /run/disk/small && mke2fs -q -F -t ext4 -O ^has_journal -m 0 -N 200 /run/disk/small
mkdir -p /srv/accounts/3 && mount -o loop,nosuid,nodev /run/disk/small /srv/accounts/3
`;

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const logs = (number: number) => `/srv/accounts/${number}/admin/logs`;

/** Waits until a command succeeds: a pass begins every second. */
async function until(command: string, seconds = 100): Promise<void> {
  let said = "";
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(200)) {
    const tried = await host.run(command);
    if (tried.exitCode === 0) return;
    said = tried.stdout;
  }
  throw new Error(
    `never true: ${command}: ${said}${await sh("journalctl -u fairhost-logs -n 20; ls -lR /srv/accounts/*/admin/logs")}`,
  );
}

beforeAll(async () => {
  host = await bootContainer({ name: "logs" });
  await sh(accountsOnExt4);
  await placeBundle(host, bundle);
  await sh(
    "sed -i 's/^pause=5$/pause=1/' /var/lib/fairhost/current/libexec/bound-logs && systemctl restart fairhost-logs.service",
  );
  await host.writeFile("/srv/accounts/1/home/www/index.html", "Hello from alice\n");
  await host.writeFile("/srv/accounts/2/home/flood.cjs", flood);
});
afterAll(() => host?.stop());

describe("a program that floods its log", () => {
  test("loses its oldest lines alone; the newest are kept in order, and its neighbour is served", async () => {
    // 400 MB, four times what an account without a quota may keep.
    expect(await sh("curl -s -H 'Host: app.bob.test' 'http://[::1]/flood?4000000'")).toBe("ok\n");
    await until(`tail -n 1 ${logs(2)}/http-app.log | grep -q 'after the flood'`);
    // Smaller than what the next pass would compress, so that the files stay as they are while they are read.
    await until(`test $(stat -c %s ${logs(2)}/http-app.log) -le 8388608`);
    expect(await sh("curl -s -H 'Host: blog.alice.test' http://[::1]/")).toBe("Hello from alice\n");
    const kept = await sh(
      `cat $(ls ${logs(2)}/http-app.log.*.gz) | zcat | cat - ${logs(2)}/http-app.log | grep -o '^line [0-9]* ' | tail -n 100000 | awk '{ print $2 }'`,
    );
    const numbers = kept.trim().split("\n").map(Number);
    expect(numbers.at(-1)).toBe(3_999_999);
    expect(numbers.filter((number, at) => at > 0 && number !== numbers[at - 1]! + 1)).toEqual([]);
    expect(Number(await sh(`du -sb ${logs(2)} | cut -f1`))).toBeLessThan(100_000_000);
  });

  test("its lines go on in the same file, and the account reads all of it", async () => {
    await sh("curl -s -H 'Host: app.bob.test' 'http://[::1]/flood?1'");
    await until(`test "$(tail -n 2 ${logs(2)}/http-app.log | cut -c1-6 | tr '\\n' ,)" = "line 0,after ,"`);
    const inside = "setpriv --reuid=1900000002 --regid=1900000002 --clear-groups --inh-caps=-all --bounding-set=-all";
    expect(await sh(`cd ${logs(2)} && ${inside} sh -c 'zcat *.gz | grep -o -m 1 line'`)).toBe("line\n");
    for (const change of ["rm *.gz", "truncate -s 0 *.gz", "touch x"]) {
      expect((await host.run(`cd ${logs(2)} && ${inside} sh -c '${change}'`)).exitCode, change).not.toBe(0);
    }
  });
});

describe("logs of the front end", () => {
  test("one of 10 MB is compressed while nginx writes, without a reload and without a lost line", async () => {
    const workers = "cat /proc/$(cat /run/nginx.pid)/task/*/children";
    const before = await sh(workers);
    const log = `${logs(1)}/front-end/access.log`;
    const request = (path: string) => sh(`curl -s -o /dev/null -H 'Host: blog.alice.test' http://[::1]/${path}`);
    await request("first");
    await until(`grep -q 'GET /first' ${log}`);
    await sh(
      `setpriv --reuid=33 --regid=33 --clear-groups sh -c "yes 'a line of a busy day' | head -c 10000000 >>${log}"`,
    );
    await request("in-between");
    await until(`ls ${log}.*.gz && test $(stat -c %s ${log}) -lt 100000`);
    await request("last");
    const all = () => sh(`zcat ${log}.*.gz | cat - ${log} | grep -oE 'GET /(first|in-between|last)'`);
    await expect.poll(all).toBe("GET /first\nGET /in-between\nGET /last\n");
    expect(await sh(workers)).toBe(before);
    expect(await sh(`stat -c %U:%a $(ls ${log}.*.gz)`)).toBe("www-data:640\n");
  });

  test("a symlink in their directory is not followed", async () => {
    const folder = `${logs(1)}/front-end`;
    await sh(
      `head -c 20000000 /dev/zero > /run/victim; ln -s /run/victim ${folder}/evil.log; ln -s /run ${folder}/dir`,
    );
    await sh(`touch -d '40 days ago' ${folder}/access.log.20200101T000000Z.gz`);
    await until(`! test -e ${folder}/access.log.20200101T000000Z.gz`);
    expect(await sh("stat -c %s /run/victim")).toBe("20000000\n");
    expect(await sh(`ls ${folder}`)).not.toContain("evil.log.");
  });

  test("a small one is compressed after a week, so that nothing is older than its age", async () => {
    const log = `${logs(1)}/front-end/error.log`;
    await sh(`setpriv --reuid=33 --regid=33 --clear-groups sh -c "echo refused >>${log}"`);
    // As it is in eight days.
    await host.writeFile("/run/later/date", '#!/bin/sh\nexec /usr/bin/date -d "+8 days" "$@"\n', 0o755);
    await sh(
      "PATH=/run/later:$PATH systemd-run --quiet --unit=later -E PATH /var/lib/fairhost/current/libexec/bound-logs",
    );
    await expect.poll(() => sh(`zcat ${log}.*.gz; stat -c %s ${log}`)).toBe("refused\n0\n");
    await sh("systemctl stop later");
  });

  test("of long headers only the beginning is logged, also for a name that no account has", async () => {
    const long = "a".repeat(5000);
    for (const name of ["blog.alice.test", "nobody.test"]) {
      await sh(
        `curl -s -o /dev/null -H 'Host: ${name}' -A ${long} -e ${long} -u ${long.slice(0, 3000)}: 'http://[::1]/${long}'`,
      );
    }
    for (const log of [`${logs(1)}/front-end/access.log`, "/var/log/nginx/access.log"]) {
      // A line of the requests before is shorter.
      const last = async () => (await sh(`tail -n 1 ${log}`)).length;
      await expect.poll(last, { message: log }).toBeGreaterThan(1500);
      expect(await last(), log).toBeLessThan(2300);
    }
  });
});

describe("what a full disk, or a list that comes out empty, must not remove", () => {
  const rotate = (script: string) =>
    sh(`rm -rf /run/rotated && mkdir -p /run/rotated /srv/accounts/rotated && cd /srv/accounts/rotated && rm -f *
seq -f 'line %0100.0f' 50000 >x.log && ${script} && { cat x.log; zcat x.log.*.gz; } | sort -u | wc -l`);
  const script = "/var/lib/fairhost/current/libexec/bound-logs rotate x.log $(stat -c %s x.log) 67108864";
  const failing = (program: string, status: number) =>
    host.writeFile(`/run/failing/${program}`, `#!/bin/sh\nexit ${status}\n`, 0o755);

  test("without room for an archive the newest lines stay where they are; half of the log makes room", async () => {
    await sh("rm -rf /run/failing");
    await failing("gzip", 1);
    expect(Number(await rotate(`PATH=/run/failing:$PATH ${script}`))).toBeGreaterThan(24_000);
    expect(await sh("tail -n 1 /srv/accounts/rotated/x.log")).toBe(`line ${"50000".padStart(100, "0")}\n`);
    expect(Number(await sh("stat -c %s /srv/accounts/rotated/x.log"))).toBeLessThan(50_000 * 106 * 0.6);
  });

  test("a log that cannot be read is not taken for an empty one", async () => {
    await sh("rm -rf /run/failing");
    await failing("tail", 1);
    expect(Number(await rotate(`PATH=/run/failing:$PATH ${script}`))).toBeGreaterThan(24_000);
  });

  test("quotas that nobody tells are no small quotas: archives of accounts stay", async () => {
    await sh("rm -rf /run/failing");
    await failing("repquota", 1);
    const folder = `${logs(1)}/front-end`;
    const archive = `${folder}/access.log.20261101T000000Z.gz`;
    // The service itself, to which quotas of none are told, would remove it at once.
    await sh("systemctl stop fairhost-logs");
    await sh(`head -c 60000000 /dev/urandom >${archive}`);
    // As on a host, whose file system has quotas.
    await failing("grep", 0);
    await host.run("PATH=/run/failing:$PATH timeout 4 /var/lib/fairhost/current/libexec/bound-logs");
    const left = await host.run(`test -e ${archive}`);
    await sh("systemctl start fairhost-logs");
    expect(left.exitCode).toBe(0);
    await until(`! test -e ${archive}`);
  });
});

describe("an account without any space", () => {
  const log = `${logs(3)}/front-end/access.log`;
  const ask = (name: string, path = "") => sh(`curl -s -H 'Host: ${name}' http://[::1]/${path}`);
  const as = (command: string) =>
    host.run(
      `cd /srv/accounts/3/home/www && setpriv --reuid=1900000003 --regid=1900000003 --clear-groups sh -c '${command}'`,
    );

  test.each([
    ["bytes", "head -c 20000000 /dev/zero > fill"],
    ["inodes", "i=0; while : > f$i; do i=$((i + 1)); done; false"],
  ])("no %s: its site and its neighbours' are served, a daemon-reload and a new start work", async (_, fill) => {
    await host.writeFile("/srv/accounts/3/home/www/index.html", "Hello from carol\n");
    expect((await as(fill)).exitCode).not.toBe(0);
    // Stopped when idle in between: it must start without space.
    for (let times = 0; times < 3; times++, await sleep(2500)) {
      expect(await ask("shop.carol.test")).toBe("Hello from carol\n");
      expect(await ask("blog.alice.test")).toBe("Hello from alice\n");
    }
    // A socket is not started while its service runs, which a kept connection lets rest later.
    await sh(
      "systemctl daemon-reload && systemctl stop account-3-http-shop && systemctl restart account-3-http-shop.socket",
    );
    expect(await ask("shop.carol.test")).toBe("Hello from carol\n");
    expect((await as("rm -f fill f*")).exitCode).toBe(0);
    // nginx pauses for a second after a full disk.
    await expect
      .poll(async () => {
        await ask("shop.carol.test", "again");
        return sh(`tail -n 1 ${log}`);
      })
      .toContain("GET /again");
  });
});

describe("whatever else writes into /var/log", () => {
  /** Not logs: a manual page, records of one size a user, the journal (below). */
  const notLogs = ["/var/log/README", "/var/log/lastlog"];

  test("every file there is bounded, and so are those that are made by what is installed later", async () => {
    await sh(
      "mkdir -p /var/log/mail && for f in dpkg.log alternatives.log auth.log mail/exim4.log apt/term.log; do touch /var/log/$f; done",
    );
    // Debian's own cluster has adm for its group, and the folder's group may write.
    await sh("cd /var/log/postgresql && touch own.log postgresql-17-main.log && chown postgres:adm *.log");
    const found = await sh("find /var/log -name journal -prune -o -type f -not -name '*.gz' -print | sort");
    const files = found
      .trim()
      .split("\n")
      .filter((file) => !notLogs.includes(file));
    expect(files).toEqual(expect.arrayContaining(["/var/log/btmp", "/var/log/nginx/error.log", "/var/log/wtmp"]));
    // Failed logins, which anybody outside can cause where hosts take passwords, have records of 384 bytes.
    await sh("seq -f 'record %0376.0f' 30000 >/run/records && cat /run/records >>/var/log/btmp");
    const others = files.filter((file) => file !== "/var/log/btmp");
    await sh(`truncate --size 40M ${others.join(" ")}`);
    await until("test $(stat -c %s /var/log/btmp) -lt 9000000");
    await until(`for f in ${files.join(" ")}; do test $(stat -c %s $f) -lt 34000000 || { ls -l $f; exit 1; }; done`);
    await sh("zcat /var/log/btmp.*.gz >/run/kept && cmp -n $(stat -c %s /run/kept) /run/kept /run/records");
    expect(Number(await sh("stat -c %s /run/kept")) % 384).toBe(0);
    expect(Number(await sh("stat -c %s /var/log/btmp")) % 384).toBe(0);
    expect(await sh("stat -c %U /var/log/postgresql/*.gz")).toBe("postgres\npostgres\n");
  });

  test("a symlink that others may put there is not followed", async () => {
    await sh("head -c 20000000 /dev/zero >/run/victim; ln -s /run/victim /var/log/postgresql/evil.log");
    await sh("ln -s /run /var/log/postgresql/elsewhere");
    await sh("head -c 20000000 /dev/zero >/var/log/auth.log");
    await until("test $(stat -c %s /var/log/auth.log) -lt 9000000");
    expect(await sh("stat -c %s /run/victim")).toBe("20000000\n");
  });
});

test("the journal has bounds", async () => {
  expect(await sh("systemd-analyze cat-config systemd/journald.conf | grep -E '^(System|Runtime)MaxUse='")).toContain(
    "SystemMaxUse=1G",
  );
  expect(await sh("systemctl is-active systemd-journald fairhost-logs")).toBe("active\nactive\n");
});
