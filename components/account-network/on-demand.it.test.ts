import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootWithOutside, far6, refused } from "../../testing/fakes/outside.ts";

let here: Awaited<ReturnType<typeof bootWithOutside>>;
beforeAll(async () => {
  here = await bootWithOutside("on-demand");
  for (const name of ["alice", "bob", "carol"]) await here.inside(name, "true");
  await here.inside("alice", "true", "second");
});
afterAll(() => here?.host.stop());

describe("the network is there when it is needed", () => {
  const network = "fairhost-network@1.service";
  const links = async () => ((await here.sh("ip -br link show group 66")).match(/^acc\d+/gm) ?? []).sort();
  const state = async (unit: string) => (await here.host.run(["systemctl", "is-active", unit])).stdout.trim();
  const programs = "'account-1-http-*.service'";
  /** Ends alice's programs, and waits until her network is gone too: it ends after them, by itself. */
  const sleep = async () => {
    await here.sh(`systemctl stop ${programs}`);
    await expect.poll(() => state(network)).toBe("inactive");
    await expect.poll(links).toEqual(["acc2", "acc3"]);
  };

  test("it goes with the last program: no process, no namespace, no link, no route", async () => {
    expect(await state(network)).toBe("active");
    const namespaces = async () => Number(await here.sh("lsns -n -t net | wc -l"));
    const before = await namespaces();
    await here.sh("systemctl stop account-1-http-second.service");
    expect(await state(network)).toBe("active");
    await sleep();
    await expect.poll(namespaces).toBe(before - 1);
    expect(await here.sh("ip -6 route show table local proto 67")).not.toContain("fd00:8000:0:1:");
    expect(await here.sh("systemctl show -p ControlGroup --value fairhost-network@1")).toBe("\n");
    expect(await here.call("alice", far6, 7000)).toMatch(/fd00:8000:0:1::2|ECONNREFUSED/);
  });

  test("it is made anew with its programs, whatever is restarted", async () => {
    await here.sh("systemctl restart account-1-http-shell.service");
    expect(await here.call("bob", far6, 7000)).toBe("fd00:8000:0:2::2");
    await here.sh(
      `systemctl stop account-1-http-shell.service; systemctl restart ${network}; systemctl stop ${network}`,
    );
    await here.inside("alice", "true");
    expect(await links()).toEqual(["acc1", "acc2", "acc3"]);
    // Its programs cannot stay in a network that was made anew: they end, and the next request starts them.
    await here.sh(`systemctl restart ${network}`);
    expect(await here.call("alice", "fd00:8000:0:1::2", 9)).toBe(refused);
    expect(await here.inside("alice", "cat /proc/net/if_inet6")).toContain("fd00800000000001");
  });

  test("stops and starts at the same time end in order", async () => {
    for (let round = 0; round < 8; round++) {
      const stop = here.host.run(`systemctl stop ${programs}`);
      const answers = Promise.all([1, 2, 3].map(() => here.inside("alice", "cat /proc/net/if_inet6").catch(String)));
      await Promise.all([stop, answers]);
    }
    expect(await here.inside("alice", "cat /proc/net/if_inet6")).toContain("fd00800000000001");
    expect(await links()).toEqual(["acc1", "acc2", "acc3"]);
    expect(await here.sh("ip -6 route show fd00:8000:0:1::2 table local")).toContain("dev acc1");
    expect(await here.sh("systemctl --failed --plain --no-legend")).not.toContain("fairhost-network");
  });

  test("a link that was left is removed", async () => {
    await sleep();
    await here.sh(
      "ip link add acc1 group 66 type veth peer name left; ip link set acc1 up; ip route add 100.64.0.1 dev acc1",
    );
    expect(await here.inside("alice", "cat /proc/net/if_inet6")).toContain("fd00800000000001");
    expect(await here.sh("ip link")).not.toContain("left");
  });

  test("its IPv4 address is nobody else's", async () => {
    await sleep();
    await here.sh(
      "ip link add taken type veth peer name other; ip link set taken up; ip route add 100.64.0.1 dev taken",
    );
    await here.inside("alice", "true");
    expect(await here.sh("ip route show dev acc1")).toContain("100.64.0.4 ");
    await here.sh("ip link delete taken");
  });

  test("a network that cannot be made: visitors are answered, and the account's log and the host's state say so", async () => {
    await sleep();
    await here.sh(`mv /var/lib/fairhost/current/network/accounts/1 /run/prefix`);
    // Within the half minute that a visitor waits here.
    expect(await here.inside("alice", "cat /proc/net/dev")).not.toContain("eth0");
    expect(await state(network)).toBe("failed");
    expect(await here.sh("cat /srv/accounts/1/admin/logs/network.log")).toMatch(
      /^\d{4}-.* fairhost: the network could not be made: programs of the account run without connections/m,
    );
    // The account reads it.
    expect(await here.inside("alice", "cat ~/admin/logs/network.log")).toContain("the network could not be made");
    await here.sh("mv /run/prefix /var/lib/fairhost/current/network/accounts/1");
    await here.sh(`systemctl stop ${programs}`);
    expect(await here.inside("alice", "cat /proc/net/if_inet6")).toContain("fd00800000000001");
    expect(await state(network)).toBe("active");
  });
});
