import { programBeside, type ServerFixture, type ServerSample } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"php"> = {
  kind: "php",
  name: "wiki",
  number: 3,
  root: "wiki",
  fallback: "index.php",
  workers: 8,
  ini: { memory_limit: "256M", max_execution_time: 60 },
  environment: { APPLICATION: "live" },
};

const common = {
  kind: "php",
  name: "php",
  root: "php",
  fallback: "index.php",
  ini: {},
  environment: {},
  idleSeconds: 300,
} as const;

export const sample: ServerSample<"php"> = {
  small: { server: { ...common, workers: 8 }, files: { "php/index.php": "<?php echo 1;" } },
  busy: [{ server: { ...common, workers: 16 }, files: { "php/index.php": "<?php sleep(4); echo 'slow';" } }],
  telling: [
    {
      server: { ...common, workers: 4 },
      files: { "php/index.php": programBeside(import.meta.dirname, "tells.php") },
    },
  ],
};
