import { describe, expect, test } from "vitest";
import { type bootWithOutside, far6, refused } from "../../testing/fakes/outside.ts";

/** Who visits services with a port, on a host with the accounts `visited`. */
export function visitedCases(host: () => Awaited<ReturnType<typeof bootWithOutside>>): void {
  describe("a service with a port is visited", () => {
    const [dora, erin] = ["fd00:8000:0:4::1", "fd00:8000:0:5::1"];

    test("from outside, at the account's own address, and sees the visitor's", async () => {
      const soon = { timeout: 20_000, interval: 500 };
      await expect.poll(() => host().visit(dora, 8300), soon).toBe(`${far6} to fd00:8000:0:4::2`);
      await expect.poll(() => host().visit(erin, 8301), soon).toBe(`${far6} to fd00:8000:0:5::2`);
    });

    test("by much that it sends over a way of small packets", async () => {
      expect(await host().visit(dora, 8300, "big")).toBe("300000");
    });

    test("by a neighbour, as by anybody, and by itself over the loopback", async () => {
      expect(await host().call("alice", dora, 8302)).toBe(refused);
      const ask = (name: string, address: string, port: number) =>
        host().python(
          name,
          `
k = s.socket(s.AF_INET6); k.settimeout(10)
try: k.connect(("${address}", ${port})); k.sendall(b"hello\\n"); print(k.recv(100).decode().strip())
except OSError as e: print(e.strerror)`,
        );
      expect(await ask("alice", dora, 8300)).toBe("fd00:8000:0:1::2 to fd00:8000:0:4::2");
      expect(await ask("erin", dora, 8300)).toBe("fd00:8000:0:5::2 to fd00:8000:0:4::2");
      expect(await ask("dora", erin, 8301)).toBe("fd00:8000:0:4::2 to fd00:8000:0:5::2");
      expect(await ask("dora", "::1", 8300)).toBe("::1 to ::1");
      // The way over the outside leads nowhere; it says so at once.
      expect(await ask("dora", dora, 8300)).toBe("Connection refused");
    });

    test("and nothing else of the account", async () => {
      // It listens there, for its own programs.
      expect(await host().call("dora", "::1", 8302)).toBe(refused);
      expect(await host().python("dora", `s.create_connection(("::1", 8350)); print("open")`)).toBe("open");
      for (const [address, port] of [
        [dora, 8350],
        [dora, 8301],
        ["fd00:8000:0:4::2", 8300],
        ["fd00:8000:0:4::2", 8350],
        ["fd00:8000:0:4::9", 8300],
        [erin, 8300],
        ["fd00:8000::11", 8300],
      ] as const) {
        expect(await host().visit(address, port, "", 0.3), `${address} ${port}`).toBe("timeout");
        expect(await host().call("alice", address, port), `${address} ${port}`).toBe(refused);
      }
      // Of a declared port that nobody listens on, the account's own network says so.
      expect(await host().visit(dora, 8302)).toBe(refused);
    });

    test("not by what accounts must not reach: neither learns of the other", async () => {
      const before = await host().counted("an account calls the infrastructure");
      expect(await host().visit(dora, 8300, "", 0.5, "fd00:8000::1")).toBe("timeout");
      expect(await host().counted("an account calls the infrastructure")).toBeGreaterThan(before);
    });

    test("with an address of an account only by that account", async () => {
      await host().outside(`ip address add fd00:8000:0:1::2/128 dev lo`);
      const spoof = `import socket; k = socket.socket(socket.AF_INET6); k.settimeout(0.3); k.bind(("fd00:8000:0:1::2", 0)); k.connect(("${dora}", 8300))`;
      expect((await host().outside(`python3 -c '${spoof}'`)).stderr).toContain("timed out");
      await host().outside(`ip address delete fd00:8000:0:1::2/128 dev lo`);
    });

    test("and does not call out from its port", async () => {
      const call = (port: number) =>
        host().python(
          "dora",
          `
k = s.socket(s.AF_INET6); k.settimeout(10); k.bind(("", ${port}))
try: k.connect(("${far6}", 7000)); print(k.recv(100).decode())
except OSError as e: print(e.strerror)`,
        );
      expect(await call(8303)).toBe("fd00:8000:0:4::2");
      expect(await call(8302)).toBe("Connection refused");
    });

    test("by so many that the kernel remembers none, and no more at once than its share", async () => {
      const entries = async () => Number(await host().sh("cat /proc/sys/net/netfilter/nf_conntrack_count"));
      const before = await entries();
      const flood = `import socket
held = []
for n in range(4000):
    k = socket.socket(socket.AF_INET6); k.setblocking(False); held.append(k)
    try: k.connect(("${dora}", 8300))
    except BlockingIOError: pass`;
      expect((await host().outside(`ulimit -n 5000; python3 -c '${flood}'`)).exitCode).toBe(0);
      expect(await host().counted("too many new visitors")).toBeGreaterThan(500);
      expect(await entries()).toBeLessThan(before + 100);
      expect(await host().visit(erin, 8301)).toBe(`${far6} to fd00:8000:0:5::2`);
    });
  });
}
