import { programBeside, type ServerFixture, type ServerSample } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"program"> = {
  kind: "program",
  name: "api",
  number: 2,
  command: ["/usr/bin/python3", "serve.py"],
  directory: "api",
  socketActivation: false,
  environment: { LANG: "C.UTF-8" },
};

const common = {
  kind: "program",
  name: "program",
  directory: "program",
  socketActivation: false,
  environment: {},
  idleSeconds: 300,
} as const;

export const sample: ServerSample<"program"> = {
  small: {
    server: { ...common, command: ["/usr/bin/node", "small.js"] },
    files: {
      "program/small.js": 'require("node:http").createServer((_, answer) => answer.end("x")).listen(process.env.PORT);',
    },
  },
  busy: [
    {
      server: { ...common, command: ["/usr/bin/python3", "slow.py"] },
      files: {
        // One task, as the kind says.
        "program/slow.py": `import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.1)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`,
      },
    },
  ],
  telling: [
    {
      // Never asleep: the proxy's sample asks it past its socket.
      server: { ...common, command: ["/usr/bin/node", "tells.cjs"], idleSeconds: 0 },
      files: { "program/tells.cjs": programBeside(import.meta.dirname, "../node/tells.cjs") },
      webSockets: true,
    },
  ],
};
