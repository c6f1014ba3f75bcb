import { expect, test } from "vitest";

/** A check of testing/programs/hostile.py, and its argument. */
export type Check = readonly [check: string, argument: string];

/** The hostile account of render-sandbox.it.test.ts. */
interface Hostile {
  /** @returns what came of each */
  attempt(checks: readonly Check[]): Promise<string[]>;
  /** All these must end with one of these errors. */
  refused(checks: Readonly<Record<string, readonly string[]>>, errors: readonly string[]): Promise<void>;
  readonly absent: readonly string[];
  readonly denied: readonly string[];
}

/** What an account sees of the host's kernel. */
export function kernelViewCases({ attempt, refused, absent, denied }: Hostile): void {
  test("sees nothing of the host's devices, kernel and control groups", async () => {
    const [proc = "", sys, groups] = await attempt([
      ["readable", "/proc"],
      ["readable", "/sys"],
      ["read", "/proc/self/cgroup"],
    ]);
    const entries = new Set([...proc.matchAll(/'([^']+)'/g)].map(([, name]) => name!));
    // A kernel with another entry fails here: if it shows what others do, hide it (decision 27); else add it.
    const replaced = ["cgroups", "cpuinfo", "loadavg", "meminfo", "stat"];
    const own = ["mounts", "net", "self", "sys", "sysvipc", "thread-self"];
    const [kernel, hardware] = [
      ["cmdline", "config.gz", "crypto", "execdomains", "filesystems", "modules", "uptime", "version"],
      [
        "consoles",
        "devices",
        "dma",
        "driver",
        "fb",
        "iomem",
        "ioports",
        "mdstat",
        "misc",
        "mtrr",
        "partitions",
        "scsi",
        "swaps",
        "tty",
      ],
    ];
    // Shows only keys that the reader may view, and users of its user namespace.
    const filtered = ["key-users", "keys"];
    for (const name of [...replaced, ...own]) expect(entries, name).toContain(name);
    const known = new Set([...replaced, ...own, ...kernel, ...hardware, ...filtered]);
    expect([...entries].filter((name) => !known.has(name))).toEqual([]);
    const keys = await attempt(filtered.map((name) => ["read", `/proc/${name}`]));
    expect(keys.join("\n").match(/19000\d+/g)).toEqual(expect.not.arrayContaining(["1900000001", "1900000667"]));
    expect(sys).toBe("ok ['fs']");
    expect(groups).toMatch(/0::\/\n$/);
    expect(
      await attempt([
        ["list", "/sys"],
        ["list", "/sys/fs"],
      ]),
    ).toEqual(["ok ['fs']", "ok ['cgroup']"]);
    await refused(
      {
        read: [
          "/proc/kallsyms",
          "/proc/kmsg",
          "/proc/interrupts",
          "/proc/diskstats",
          "/proc/vmstat",
          "/proc/softirqs",
          "/proc/locks",
        ],
        list: ["/sys/kernel", "/sys/class", "/sys/block", "/sys/devices", "/proc/irq", "/proc/pressure", "/proc/fs"],
        write: [
          "/sys/new",
          "/sys/fs/new",
          ...replaced.map((name) => `/proc/${name}`),
          "/sys/fs/cgroup/cgroup.procs",
          "/proc/sys/vm/drop_caches",
          "/proc/sysrq-trigger",
          "/proc/sys/kernel/hostname",
        ],
      },
      ["EROFS", ...absent, ...denied],
    );
  });
}
