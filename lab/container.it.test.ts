import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { identify, isAlive } from "../toolchain/system/processes.ts";
import { bootContainer, type ContainerHost } from "./container.ts";

async function ok(host: ContainerHost, command: string): Promise<string> {
  const result = await host.run(command);
  expect(result, command).toMatchObject({ exitCode: 0 });
  return result.stdout.trim();
}

describe("a container of the lab's image", { timeout: 240_000 }, () => {
  it("is a Debian 13 host with systemd as PID 1, and refuses access to the machine", async () => {
    await using host = await bootContainer({ name: "basics" });
    expect(await ok(host, "cat /proc/1/comm")).toBe("systemd");
    expect(await ok(host, ". /etc/os-release; echo $VERSION_CODENAME")).toBe("trixie");
    expect(await ok(host, "hostname")).toBe("basics");
    expect(await ok(host, "systemctl is-active nginx")).toBe("active");
    expect(await ok(host, "ip -brief link | wc -l")).toBe("1");
    // Only looked at, never tried: if one of these failed, trying would change the machine itself.
    for (const path of ["/proc/sys/kernel/panic", "/sys/kernel", "/sys/power/state"]) {
      expect((await host.run(["test", "-w", path])).exitCode, path).toBe(1);
    }
    expect((await host.run(["test", "-w", "/proc/sys/net/ipv6/conf/lo/forwarding"])).exitCode).toBe(0);
    for (const process of ["1", "self"]) {
      const status = await ok(host, `cat /proc/${process}/status`);
      for (const set of ["CapBnd", "CapEff", "CapPrm"]) {
        const mask = BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1]}`);
        for (const [capability, bit] of [
          ["sys_module", 16n],
          ["sys_rawio", 17n],
          ["sys_time", 25n],
          ["syslog", 34n],
        ] as const) {
          expect((mask >> bit) & 1n, `${process} ${set} ${capability}`).toBe(0n);
        }
      }
    }
    // The image stays as it was: what is written lies in memory.
    await ok(host, "touch /written && stat -f -c %T / | grep -q overlay");
  });

  it("runs a sandboxed unit behind a socket on an address of its own", async () => {
    await using host = await bootContainer({ name: "units" });
    await host.writeFile(
      "/etc/systemd/system/hello.socket",
      "[Socket]\nListenStream=[fd00:8000:1::1]:8080\nFreeBind=yes\nAccept=yes\n",
    );
    await host.writeFile(
      "/etc/systemd/system/hello@.service",
      "[Service]\nExecStart=/usr/bin/id -u\nStandardInput=socket\nStandardOutput=socket\nUser=www-data\nPrivateUsers=self\nPrivateNetwork=yes\nProtectSystem=strict\n",
    );
    await ok(
      host,
      "systemctl daemon-reload && systemctl start hello.socket && ip -6 route replace local fd00:8000:1::/64 dev lo",
    );
    expect(await ok(host, "bash -c 'exec 3<>/dev/tcp/fd00:8000:1::1/8080; timeout 20 cat <&3'")).toBe("33");
  });

  it("carries standard input, exit statuses, file modes and time limits", async () => {
    await using host = await bootContainer({ name: "run" });
    expect((await host.run(["cat"], { stdin: "grüße\n" })).stdout).toBe("grüße\n");
    expect(await host.run("echo out; echo err >&2; exit 7")).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 7 });
    expect((await host.run(["sleep", "60"], { timeout: 200 })).exitCode).toBe(124);
    await host.writeFile("/etc/made/secret", new Uint8Array([0, 255]), 0o600);
    expect(await ok(host, "stat -c '%a %s' /etc/made/secret")).toBe("600 2");
  });

  it("leaves no process, mount or cgroup behind", async () => {
    const host = await bootContainer({ name: "gone" });
    await ok(host, "systemd-run --quiet sleep 1000");
    const inside = await identify(host.netnsPid);
    expect(inside).toBeDefined();
    const cgroups = await cgroupsOf("gone");
    expect(cgroups).toHaveLength(1);
    await host.stop();
    // A process leaves its cgroup a moment before it ends.
    await expect.poll(() => isAlive(inside!)).toBe(false);
    expect(cgroups.filter((path) => existsSync(path))).toEqual([]);
    expect(await readFile("/proc/self/mounts", "utf8")).not.toContain("fairhost-container");
    await host.stop();
  });

  it("that ends by itself is told, instead of the result of a command", async () => {
    await using host = await bootContainer({ name: "crashes" });
    await expect(host.run("kill -ABRT 1; sleep 20")).rejects.toThrow("PID 1 of container crashes ended by itself");
    await expect(host.run("true")).rejects.toThrow("PID 1 of container crashes ended by itself");
  });

  it("refuses an invalid name", async () => {
    await expect(bootContainer({ name: "../x" })).rejects.toThrow('"../x" is not a valid host name');
  });
});

async function cgroupsOf(name: string): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  const root = mounts.find((fields) => fields[2] === "cgroup2")?.[1] ?? "";
  return (await readdir(root))
    .filter((entry) => entry.startsWith(`fairhost-${name}-`))
    .map((entry) => `${root}/${entry}`);
}
