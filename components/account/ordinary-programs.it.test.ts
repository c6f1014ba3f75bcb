import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, programServer, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/** What common runtimes and tools ask at start must be answered, and with what the account has. */

const memoryMaxMb = 384;
/** Never listens; ends well when it is told to. */
const late = ["/bin/sh", "-c", "trap 'echo ended >>~/told; exit' TERM; touch ~/begun; while :; do sleep 0.1; done"];
const bundle = renderBundle(
  declarationOf([
    { number: 1, name: "alice", servers: [staticServer("blog")] },
    { number: 7, name: "olive", limits: { memoryMaxMb }, servers: [shellServer(), programServer("late", late)] },
  ]),
  "web1",
);

let host: ContainerHost;
let cpus: number;
const sh = (script: string) => inside(host, 7, script);
const python = (...lines: string[]) => sh(`python3 - <<'EOF'\n${lines.join("\n")}\nEOF`);
const node = async (expression: string) =>
  JSON.parse(await sh(`node -e 'const os = require("os"); console.log(JSON.stringify(${expression}))'`)) as unknown;

beforeAll(async () => {
  host = await bootContainer({ name: "ordinary" });
  await placeBundle(host, bundle);
  await placeShell(host, 7);
  cpus = Number(await succeed(host, "nproc"));
  await succeed(host, "curl -s http://[fd00:8000:0:1::1]/");
});
afterAll(() => host?.stop());

describe("CPUs: as many as the account may use, which is all of the host's while nobody else wants them", () => {
  test("by every way that runtimes count them", async () => {
    expect(await node("[os.cpus().length, os.availableParallelism()]")).toEqual([cpus, cpus]);
    expect(await python("import os", "print(os.cpu_count(), os.process_cpu_count())")).toBe(`${cpus} ${cpus}\n`);
    expect(await sh("nproc; grep -c ^processor /proc/cpuinfo; getconf _NPROCESSORS_ONLN")).toBe(
      `${cpus}\n${cpus}\n${cpus}\n`,
    );
  });

  test("and not how busy others keep them", async () => {
    expect(await node("os.loadavg()")).toEqual([0, 0, 0]);
    const before = await sh("cat /proc/stat /proc/cpuinfo");
    await succeed(host, "timeout 0.5 sh -c 'while :; do :; done' || true");
    expect(await sh("cat /proc/stat /proc/cpuinfo")).toBe(before);
  });
});

describe("memory: the account's limit", () => {
  test("as /proc/meminfo has it", async () => {
    expect(await node("[os.totalmem(), os.freemem()]")).toEqual([memoryMaxMb * 2 ** 20, memoryMaxMb * 2 ** 20]);
    expect(await sh("free -m | awk '/^Mem/ { print $2 }'")).toBe(`${memoryMaxMb}\n`);
  });

  test("V8 sizes its heap by it", async () => {
    const heap = (await node('require("v8").getHeapStatistics().heap_size_limit / 2 ** 20')) as number;
    expect(heap).toBeGreaterThan(100);
    expect(heap).toBeLessThan(memoryMaxMb);
  });

  test("as the unit's control group has it, where Go, Java and .NET look; the slice's limit alone does not show there", async () => {
    const unit = "account-7-http-shell.service";
    expect(await succeed(host, `systemctl show -p MemoryMax -p TasksMax ${unit}`)).toBe(
      `MemoryMax=${memoryMaxMb * 2 ** 20}\nTasksMax=200\n`,
    );
    expect(await sh("grep -o '0::.*' /proc/self/cgroup")).toBe("0::/\n");
    expect(await sh("cat /sys/fs/cgroup/cgroup.procs")).toContain("1\n");
  });
});

describe("network interfaces: those of the account's own network", () => {
  test("Node.js, Python and ip list them", async () => {
    expect(await node("Object.keys(os.networkInterfaces())")).toEqual(["lo", "eth0"]);
    expect(await python("import socket", "print(*(name for _, name in socket.if_nameindex()))")).toBe("lo eth0\n");
    expect(await sh("ip -brief link | sed 's/[@ ].*//'")).toBe("lo\neth0\n");
  });
});

describe("names", () => {
  test("of the account, root and nobody", async () => {
    const own = "[pwd.getpwuid(id).pw_name for id in (os.getuid(), 0, 65534)]";
    expect(await python("import os, pwd", `print(${own})`)).toBe("['a7', 'root', 'nobody']\n");
    expect(await node("os.userInfo().homedir")).toBe("/home/olive");
  });

  test("of the host and localhost resolve", async () => {
    const look = "[sorted({a[4][0] for a in socket.getaddrinfo(n, 80)}) for n in ('localhost', socket.gethostname())]";
    expect(await python("import socket", `print(${look})`)).toBe("[['127.0.0.1', '::1'], ['127.0.0.1']]\n");
  });
});

describe("the rest of what programs look for", () => {
  test.each([
    ["how long the host runs", "uptime -p && ps aux", /shell\.py/],
    ["time zones", "TZ=Europe/Berlin date -d 2026-07-01T00:00Z +%H:%M%Z", /^02:00CEST$/m],
    ["a locale that has all characters", "echo $LANG; printf é | wc -m; python3 -c \"print('é')\"", /^C.UTF-8\n1\né$/m],
    ["certificates", "ls /etc/ssl/certs/ca-certificates.crt", /crt/],
    ["which Debian it is", "cat /etc/os-release", /trixie/],
    ["kernel settings", "cat /proc/sys/net/core/somaxconn /proc/sys/vm/overcommit_memory", /^\d+\n\d+$/m],
    ["file systems and mounts", "df /tmp && grep -q tmpfs /proc/filesystems && cat /proc/mounts", /\/home\/olive/],
    ["memory to share", "python3 -c 'from multiprocessing import Lock; Lock(); print(1)' && ls -d /dev/shm", /1/],
  ])("%s", async (_what, script, answer) => {
    expect(await sh(script)).toMatch(answer);
  });
});

describe("system calls without which runtimes abort or complain", () => {
  const calls: readonly (readonly [why: string, ...lines: string[]])[] = [
    ["ZeroMQ sets the policy its threads have", "os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))"],
    ["batch policy", "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))"],
    ["OpenBLAS and the JVM bind threads to CPUs", "os.sched_setaffinity(0, {0})"],
    ["lower priority", "os.setpriority(os.PRIO_PROCESS, 0, 19)"],
    ["lower priority of IO", "assert libc.syscall(251, 1, 0, 3 << 13) == 0"],
    [
      "lower limits",
      "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512))",
      "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    ],
    ["a file's owner as it is", "open('f', 'w').close()", "os.chown('f', os.getuid(), os.getgid())"],
    ["the ids it has", "os.setgid(os.getgid())", "os.setuid(os.getuid())", "os.setreuid(os.getuid(), os.getuid())"],
  ];
  test.each(calls)("%s", async (_why, ...lines) => {
    await python("import ctypes, os, resource", "libc = ctypes.CDLL(None, use_errno=True)", ...lines);
  });
});

// Beyond what they ask at start: threads, children and sockets of their own.
describe("runtimes at work", () => {
  test("Go, as a static program", async () => {
    const directory = mkdtempSync(join(tmpdir(), "fairhost-go-"));
    try {
      const source = join(import.meta.dirname, "../../testing/applications/ordinary.go");
      await execa("go", ["build", "-o", "ordinary", source], { cwd: directory, env: { CGO_ENABLED: "0" } });
      await host.writeFile("/srv/accounts/7/home/bin/ordinary", readFileSync(join(directory, "ordinary")));
    } finally {
      rmSync(directory, { recursive: true });
    }
    await succeed(host, "chmod 755 /srv/accounts/7/home/bin /srv/accounts/7/home/bin/ordinary");
    expect(JSON.parse(await sh("~/bin/ordinary"))).toEqual({
      ...{ cpus, procs: cpus, interfaces: ["lo", "eth0"] },
      ...{ user: "a7", child: "a7", echoed: "hello" },
    });
  });

  test("Node.js with workers and a cluster", async () => {
    const program = `
const { Worker } = require("node:worker_threads");
const cluster = require("node:cluster");
const { createServer, get } = require("node:http");
if (cluster.isWorker) {
  createServer((_, answer) => answer.end("from a worker")).listen(8080, "127.0.0.1");
} else {
  cluster.fork().on("listening", () => {
    get("http://127.0.0.1:8080/", (answer) => answer.on("data", (text) => {
      new Worker("require('worker_threads').parentPort.postMessage(6 * 7)", { eval: true }).on("message", (number) => {
        console.log(text.toString(), number);
        process.exit();
      });
    }));
  });
}`;
    expect(await sh(`cat >cluster.js <<'EOF'\n${program}\nEOF\nnode cluster.js`)).toBe("from a worker 42\n");
  });

  test("Python with a pool of processes, threads and a child", async () => {
    const answer = await python(
      "import multiprocessing, subprocess, threading",
      "with multiprocessing.get_context('fork').Pool(3) as pool: print(sum(pool.map(abs, range(-9, 0))))",
      "print(threading.stack_size(65536), subprocess.run(['id', '-un'], capture_output=True, text=True).stdout)",
      "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()",
    );
    expect(answer).toBe("45\n0 a7\n\nthread\n");
  });

  test("Perl with a child and a socket between both", async () => {
    const script =
      'socketpair(A, B, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die; if (!fork) { syswrite B, getpwuid($<); exit 3 } sysread A, $_, 99; wait; print "$_ ", $? >> 8';
    expect(await sh(`perl -MSocket -e '${script}'`)).toBe("a7 3");
  });

  test("Bash with pipes that have names", async () => {
    const script = 'while read -r line; do echo "$line"; done < <(echo one); diff <(echo two) <(echo two)';
    expect(await sh(`bash -c '${script}'`)).toBe("one\n");
  });
});

// While the script waits until it listens, it looks at the table of sockets all the time.
test("a program that is stopped before it listens is told to end, every time", async () => {
  const [unit, times] = ["account-7-http-late.service", 8];
  for (let time = 0; time < times; time++) {
    await succeed(host, `rm -f /srv/accounts/7/home/begun; systemctl start ${unit}`);
    await expect.poll(() => sh("ls ~")).toContain("begun");
    // With the daemon-reload that a deploy makes: without it, a stop may kill at once (decision 37).
    expect(
      await succeed(host, `systemctl daemon-reload; systemctl stop ${unit}; systemctl show -P Result ${unit}`),
    ).toBe("success\n");
  }
  expect(await sh("cat ~/told")).toBe("ended\n".repeat(times));
  expect(await sh("cat ~/admin/logs/http-late.log")).not.toContain("unexpected");
});

describe("its home", () => {
  test("takes an archive of a whole directory, with mode and time of the directory itself", async () => {
    await sh(
      "mkdir -p /tmp/site && echo hi > /tmp/site/page && tar -cf /tmp/site.tar -C /tmp/site . && tar -xpf /tmp/site.tar -C ~",
    );
    expect(await sh("chmod 755 ~ && touch ~ && cat ~/page && stat -c %a ~")).toBe("hi\n755\n");
  });

  test("has a directory admin that cannot be moved away", async () => {
    expect(await sh("mv ~/admin ~/old; rmdir ~/admin; rm -rf ~/admin; ls -d ~/admin/logs; true")).toMatch(
      /\/admin\/logs\n$/,
    );
  });
});

test.each(["/bin/sh", "/usr/bin/sh", "/lib/systemd/systemd-socket-proxyd", "/sbin/nginx", "/usr/sbin/nginx"])(
  "%s is there: Debian has each directory of programs under two names",
  async (program) => {
    await sh(`test -x ${program}`);
  },
);

describe("docs/reference/inside-the-sandbox.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/reference/inside-the-sandbox.md"), "utf8");
  const rows = [...page.matchAll(/^\| [^`|]+.* \| `(.+)` \| `(.+)` \|$/gm)].map(([, command, answer]) => [
    command!,
    answer!,
  ]);
  test("has tables", () => expect(rows.length).toBeGreaterThan(12));
  test.each(rows)("%s", async (command, answer) => {
    expect((await sh(command.replaceAll("\\|", "|"))).trim()).toBe(answer);
  });
});
