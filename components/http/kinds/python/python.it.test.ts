import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FixtureServer } from "../../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../../testing/kind-host.ts";
import { headerSizeCases } from "../header-sizes.cases.ts";

const python = (name: string, application: string, change: object = {}): FixtureServer => ({
  ...({ kind: "python", name, application, interface: "wsgi", workers: 1, threads: 4 } as const),
  ...{ directory: name, environment: {}, idleSeconds: 300, ...change },
});
const servers = [
  python("flask", "shop:app", { environment: { WHO: "alice & co" } }),
  python("async", "live:app", { interface: "asgi", idleSeconds: 3 }),
  python("brief", "brief", { idleSeconds: 2 }),
  python("wrong", "nothing:app"),
  python("slow", "slow:app", { startSeconds: 3 }),
  python("own", "own:app", { virtualenv: "venv" }),
];
const flask = `import hashlib, os, time
from flask import Flask, request
app = Flask(__name__)
@app.get("/")
def index():
    return {"version": 1, "user": os.getuid(), "who": os.environ["WHO"], "from": request.remote_addr, "here": os.getcwd()}
@app.post("/upload")
def upload():
    return hashlib.sha256(request.stream.read()).hexdigest()
@app.get("/large")
def large():
    return "large", {f"X-Large-{n}": "a" * int(request.args["size"]) for n in range(int(request.args["count"]))}
@app.get("/kill")
def kill():
    os.kill(os.getppid(), 9)
@app.get("/slow")
def slow():
    time.sleep(4)
    return "slow"
`;
const asgi = `import asyncio
from urllib.parse import parse_qs
async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await asyncio.sleep(5)
        await send({"type": "websocket.send", "text": "echo " + message["text"]})
        return await send({"type": "websocket.close"})
    assert scope["type"] == "http"
    asked = {name: value[0] for name, value in parse_qs(scope["query_string"].decode()).items()}
    large = [(f"x-large-{n}".encode(), b"a" * int(asked["size"])) for n in range(int(asked.get("count", 0)))]
    headers = [(b"content-type", b"text/event-stream"), *large]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for n in range(5 if scope["path"] == "/stream" else 1):
        await send({"type": "http.response.body", "body": b"data: %d\\n\\n" % n, "more_body": True})
        if scope["path"] == "/stream":
            await asyncio.sleep(1)
    await send({"type": "http.response.body"})
`;
const wsgi = `import time
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] != "/stream":
        return [b"brief"]
    def stream():
        for n in range(5):
            yield b"%d" % n
            time.sleep(1)
    return stream()
`;
const files = {
  "flask/shop.py": flask,
  "async/live.py": asgi,
  "brief/brief.py": wsgi,
  "wrong/readme": "",
  "slow/slow.py": "import time; time.sleep(100)",
  "own/own.py": `import sys, only_here
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{sys.prefix} {only_here.name}".encode()]
`,
  "venv/lib/python3.13/site-packages/only_here.py": "name = 'only here'",
  "venv/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.13.5\n",
};

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind("python", servers, files);
  await kind.sh("mkdir -p /srv/accounts/1/home/venv/bin; ln -s /usr/bin/python3 /srv/accounts/1/home/venv/bin/python3");
});
afterAll(() => kind?.[Symbol.asyncDispose]());
const awake = (server: string) => kind.state(server);

describe.each([
  ["WSGI", "flask"],
  ["ASGI", "async"],
])("%s", (_, server) => headerSizeCases(() => kind, server, "/large"));

describe("a Flask application", () => {
  test("its first request starts it, as the account, in its directory, with its variables", async () => {
    const cold = await kind.get("flask");
    expect(cold.status).toBe(200);
    expect(JSON.parse(cold.body)).toMatchObject({
      ...{ version: 1, user: 1_900_000_001, who: "alice & co", from: "::1", here: "/home/alice/flask" },
    });
    const warm = await kind.get("flask");
    console.info(`python: cold ${cold.seconds} s, warm ${warm.seconds} s`);
  });

  test("uploads arrive whole", async () => {
    await kind.sh("head -c 30000000 /dev/zero > /root/upload");
    const sum = (await kind.sh("sha256sum < /root/upload")).split(" ")[0];
    expect((await kind.get("flask", "/upload", "--data-binary", "@/root/upload")).body).toBe(sum);
  });

  test("new code is loaded without cutting what runs, and without a refused request", async () => {
    await kind.get("flask");
    const slow = kind.get("flask", "/slow");
    await kind.host.writeFile("/srv/accounts/1/home/flask/shop.py", flask.replace('"version": 1', '"version": 2'));
    await kind.sh("touch /srv/accounts/1/home/restart-flask");
    const statuses = await kind.getUntil("flask", ({ body }) => body.includes('"version":2'), 30);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await slow).toMatchObject({ status: 200, body: "slow" });
    expect(await kind.log("flask")).toContain("told to load its code anew");
  });

  test("killed under traffic it serves again", async () => {
    await kind.get("flask", "/kill");
    const statuses = await kind.getUntil("flask", ({ status }) => status === 200, 40);
    console.info(`python killed: ${statuses.join(" ")}`);
  });
});

test("ASGI: streams and WebSockets count as activity and are not cut; then it rests and wakes again", async () => {
  expect((await kind.get("async")).body).toBe("data: 0\n\n");
  expect((await kind.get("async", "/stream")).body).toBe([0, 1, 2, 3, 4].map((n) => `data: ${n}\n\n`).join(""));
  const client = `import asyncio, websockets
async def main():
    async with websockets.connect("ws://async.alice.test/", host="::1", port=80) as socket:
        await socket.send("hello")
        print(await socket.recv())
asyncio.run(main())`;
  expect(await kind.sh(`python3 -c '${client}'`)).toBe("echo hello\n");
  await expect.poll(() => awake("async"), { interval: 200, timeout: 20_000 }).toBe("inactive");
  expect((await kind.get("async")).body).toBe("data: 0\n\n");
});

test("WSGI: a stream counts as activity; then it rests and wakes again", async () => {
  expect(await kind.get("brief")).toMatchObject({ status: 200, body: "brief" });
  expect((await kind.get("brief", "/stream")).body).toBe("01234");
  await expect.poll(() => awake("brief"), { interval: 200, timeout: 20_000 }).toBe("inactive");
  expect((await kind.get("brief")).body).toBe("brief");
});

test.each([
  ["wrong", "No module named 'nothing'"],
  ["slow", "the program takes no requests after 3 s"],
])("%s: visitors are told in seconds, and the log says why", async (server, words) => {
  const { status, seconds } = await kind.get(server);
  expect(status).toBe(502);
  expect(seconds).toBeLessThan(40);
  await expect.poll(() => kind.log(server)).toContain(words);
});

test("a virtual environment's own packages, with Debian's gunicorn", async () => {
  expect(await kind.get("own")).toMatchObject({ status: 200, body: "/home/alice/venv only here" });
});
