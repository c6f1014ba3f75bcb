import { programBeside, type ServerFixture, type ServerSample } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"python"> = {
  kind: "python",
  name: "shop",
  number: 4,
  application: "shop.wsgi:application",
  interface: "wsgi",
  workers: 2,
  threads: 8,
  directory: "shop",
  environment: { DJANGO_SETTINGS_MODULE: "shop.settings" },
};

const common = { kind: "python", directory: "python", environment: {}, idleSeconds: 300 } as const;
const asgi = `import asyncio
async def app(scope, receive, send):
    if scope["type"] != "http": return
    await asyncio.sleep(4)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"slow"})
`;

export const sample: ServerSample<"python"> = {
  small: {
    server: { ...common, name: "python", application: "small:app", interface: "wsgi", workers: 2, threads: 8 },
    files: {
      "python/small.py":
        'from flask import Flask\napp = Flask(__name__)\n@app.get("/")\ndef index():\n    return "x"\n',
    },
  },
  busy: [
    {
      server: { ...common, name: "wsgi", application: "slow:app", interface: "wsgi", workers: 2, threads: 8 },
      files: {
        "python/slow.py":
          'import time\ndef app(_, start_response):\n    time.sleep(4)\n    start_response("200 OK", [])\n    return [b"slow"]\n',
      },
    },
    {
      server: { ...common, name: "asgi", application: "asynchronous:app", interface: "asgi", workers: 2, threads: 8 },
      files: { "python/asynchronous.py": asgi },
    },
  ],
  telling: [
    {
      server: { ...common, name: "wsgi", application: "tells_wsgi:app", interface: "wsgi", workers: 1, threads: 8 },
      files: { "python/tells_wsgi.py": programBeside(import.meta.dirname, "tells_wsgi.py") },
    },
    {
      server: { ...common, name: "asgi", application: "tells_asgi:app", interface: "asgi", workers: 1, threads: 8 },
      files: { "python/tells_asgi.py": programBeside(import.meta.dirname, "tells_asgi.py") },
      webSockets: true,
    },
  ],
};
