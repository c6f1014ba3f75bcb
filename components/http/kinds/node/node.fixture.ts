import { programBeside, type ServerFixture, type ServerSample } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"node"> = {
  kind: "node",
  name: "chat",
  number: 5,
  main: "server.js",
  arguments: ["--quiet"],
  nodeOptions: ["--max-old-space-size=200"],
  directory: "chat",
  environment: {},
};

const common = {
  kind: "node",
  directory: "node",
  arguments: [],
  nodeOptions: [],
  environment: {},
  idleSeconds: 300,
} as const;

export const sample: ServerSample<"node"> = {
  small: {
    server: { ...common, name: "node", main: "small.js" },
    files: {
      "node/small.js": 'require("node:http").createServer((_, answer) => answer.end("x")).listen(process.env.PORT);',
    },
  },
  busy: [
    {
      server: { ...common, name: "node", main: "slow.js" },
      files: {
        // Threads of libuv have work too.
        "node/slow.js": `require("node:http").createServer((_, answer) => {
  require("node:crypto").pbkdf2("a", "b", 1000, 64, "sha512", () => setTimeout(() => answer.end("slow"), 4000));
}).listen(process.env.PORT);
`,
      },
    },
  ],
  telling: [
    {
      server: { ...common, name: "node", main: "tells.cjs" },
      files: { "node/tells.cjs": programBeside(import.meta.dirname, "tells.cjs") },
      webSockets: true,
    },
  ],
};
