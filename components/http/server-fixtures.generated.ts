// Written by `npm run generate` from the files beside it. Do not edit.
import { fixture as nodeFixture } from "./kinds/node/node.fixture.ts";
import { fixture as phpFixture } from "./kinds/php/php.fixture.ts";
import { fixture as programFixture } from "./kinds/program/program.fixture.ts";
import { fixture as proxyFixture } from "./kinds/proxy/proxy.fixture.ts";
import { fixture as pythonFixture } from "./kinds/python/python.fixture.ts";
import { fixture as redirectFixture } from "./kinds/redirect/redirect.fixture.ts";
import { fixture as staticFixture } from "./kinds/static/static.fixture.ts";
import type { ServerFixture } from "../../testing/kind-fixture.ts";

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
