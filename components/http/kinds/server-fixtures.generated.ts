// Written by `npm run generate` from the files beside it. Do not edit.
import { fixture as nodeFixture } from "./node/node.fixture.ts";
import { fixture as phpFixture } from "./php/php.fixture.ts";
import { fixture as programFixture } from "./program/program.fixture.ts";
import { fixture as proxyFixture } from "./proxy/proxy.fixture.ts";
import { fixture as pythonFixture } from "./python/python.fixture.ts";
import { fixture as redirectFixture } from "./redirect/redirect.fixture.ts";
import { fixture as staticFixture } from "./static/static.fixture.ts";
import type { ServerFixture } from "../../../testing/fixtures/kind-fixture.ts";

/** An example of each kind of HTTP server. */
export const serverFixtures: readonly ServerFixture[] = [
  nodeFixture,
  phpFixture,
  programFixture,
  proxyFixture,
  pythonFixture,
  redirectFixture,
  staticFixture,
];
