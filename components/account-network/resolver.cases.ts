import { describe, expect, test } from "vitest";
import { type bootWithOutside, far6 } from "../../testing/fakes/outside.ts";
import { resolver } from "./links.ts";

/** Asking for an IPv6 address: a question of DNS (RFC 1035, section 4), and how what floods goes on when its request is over, until there is a file `stop`. */
const dns = `
import os, struct, sys, time
def question(name, kind=28):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\\0" + struct.pack("!2H", kind, 1)
def call(kind, address="${resolver}", seconds=10):
    k = s.socket(s.AF_INET6, kind); k.settimeout(seconds); k.connect((address, 53))
    return k
def over_tcp(k, name):
    k.sendall(struct.pack("!H", len(question(name))) + question(name))
    return len(k.recv(4096)) > 12
def in_background():
    if os.fork(): sys.exit()
    os.setsid(); [os.dup2(os.open("/dev/null", 2), n) for n in range(3)]
def goes_on(): return not os.path.exists("stop")
def say(text):
    with open("said.new", "w") as file: file.write(text)
    os.rename("said.new", "said")
`;

/** What one account does to the resolver that all accounts of a host have, on a host with the accounts alice and bob. */
export function resolverCases(here: () => Awaited<ReturnType<typeof bootWithOutside>>): void {
  describe("an account that uses the resolver as a weapon", () => {
    const home = "/srv/accounts/1/home";
    const said = async () => (await here().sh(`cat ${home}/said 2>/dev/null || true`)).trim().split(" ").map(Number);
    /** Whom the others do not disturb: names that are in the cache and ones that are not. */
    const neighbour = () =>
      here().python(
        "bob",
        `
import collections, random
seen = collections.Counter()
for n in range(30):
    for name in ("www.example.com", f"bob{random.random()}.example.com"):
        try: s.getaddrinfo(name, 80); seen["found"] += 1
        except s.gaierror as e: seen["none" if e.errno == s.EAI_NONAME else str(e)] += 1
print(sorted(seen.items()))`,
      );
    const undisturbed = "[('found', 30), ('none', 30)]";
    /** While alice does something: it has said how far it has come, and goes on until the end. */
    const while_ = async (program: string, ready: (said: number[]) => boolean, work: () => Promise<void>) => {
      await here().sh(`rm -f ${home}/said ${home}/stop`);
      await here().python("alice", `${dns}${program}`);
      try {
        await expect.poll(async () => ready(await said()), { timeout: 60_000, interval: 200 }).toBe(true);
        await work();
      } finally {
        await here().sh(`touch ${home}/stop`);
      }
    };

    test("by a flood of questions: it gets no more answers than its share, and its neighbour all of its own", async () => {
      const flood = `
in_background()
k = call(s.SOCK_DGRAM); k.setblocking(False)
sent = got = 0; begun = time.monotonic()
while goes_on():
    for _ in range(100):
        try: k.send(question(f"n{sent}.example.com")); sent += 1
        except OSError: pass
        try:
            while k.recv(4096): got += 1
        except OSError: pass
    time.sleep(0.01)
    say(f"{sent} {got} {time.monotonic() - begun}")`;
      await while_(
        flood,
        ([sent = 0]) => sent > 5000,
        async () => {
          expect(await neighbour()).toBe(undisturbed);
          const [sent = 0, got = 0, seconds = 0] = await said();
          console.info(`${sent} questions in ${seconds.toFixed(1)} s, ${got} answers`);
          expect(got).toBeGreaterThan(100);
          expect(got).toBeLessThan(200 * (seconds + 2));
          expect(sent).toBeGreaterThan(2 * got);
        },
      );
    });

    test("by questions that nobody answers: its neighbour's are asked all the same", async () => {
      await here().sh("ip -n beyond route replace blackhole 2600:9::bad/128");
      const flood = `
in_background()
k = call(s.SOCK_DGRAM); k.setblocking(False)
sent = 0
while goes_on():
    for _ in range(15):
        try: k.send(question(f"n{sent}.silent")); sent += 1
        except OSError: pass
    time.sleep(0.1)
    say(f"{sent}")`;
      await while_(
        flood,
        ([sent = 0]) => sent > 400,
        async () => expect(await neighbour()).toBe(undisturbed),
      );
    });

    test("by connections that it holds: its neighbour's answers come over TCP, too", async () => {
      // A byte now and then: what is silent ends sooner.
      const flood = `
in_background()
import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
held = []; begun = 0
while goes_on():
    for n in range(20):
        k = s.socket(s.AF_INET6); k.setblocking(False); k.connect_ex(("${resolver}", 53)); held.append([k, b"\\0" + bytes([200]) + b"x" * 200]); begun += 1
    for each in held[:]:
        try:
            if each[0].send(each[1][:1]): each[1] = each[1][1:]
        except BlockingIOError: pass
        except OSError: held.remove(each)
    while len(held) > 500: held.pop(0)
    time.sleep(0.1)
    say(f"{begun} {len(held)}")`;
      await while_(
        flood,
        ([begun = 0]) => begun > 600,
        async () => {
          const ask = `${dns}
seen = 0
for n in range(60):
    try: seen += over_tcp(call(s.SOCK_STREAM, seconds=10), "www.example.com")
    except OSError: pass
print(seen)`;
          expect(await here().python("bob", ask)).toBe("60");
        },
      );
    });

    test("of others: nobody outside is answered, not even one of the platform's own network", async () => {
      const host = "fd00:8000::11";
      await here().sh(`for way in "outside via ${host}" "beyond via 2600:8::1"; do set -- $way
        ip -n $1 -6 route replace ${resolver}/128 $2 $3; done`);
      const ask = (namespace: string, own: string, address: string, kind: string) =>
        here().host.run([
          ...["ip", "netns", "exec", namespace, "python3", "-c"],
          `import socket as s${dns}
k = s.socket(s.AF_INET6, s.${kind}); k.settimeout(2); k.bind(("${own}", 0))
try:
    k.connect(("${address}", 53))
    if s.${kind} == s.SOCK_STREAM: print(over_tcp(k, "www.example.com"))
    else: k.send(question("www.example.com")); print(len(k.recv(4096)) > 0)
except OSError: print("refused")`,
        ]);
      const places = { beyond: far6, outside: "fd00:8000::1" };
      const asked = Object.entries(places).flatMap(([namespace, own]) =>
        [resolver, host, "fd00:8000:0:1::1", "fd00:8000:0:1::2"].flatMap((address) =>
          ["SOCK_DGRAM", "SOCK_STREAM"].map(async (kind) => {
            const { stdout } = await ask(namespace, own, address, kind);
            return `${namespace} ${address} ${kind}: ${stdout.trim()}`;
          }),
        ),
      );
      expect((await Promise.all(asked)).filter((each) => !each.endsWith(": refused"))).toEqual([]);
      // The test can fail: an account is.
      expect(await here().python("bob", `${dns}print(over_tcp(call(s.SOCK_STREAM), "www.example.com"))`)).toBe("True");
    });
  });
}
