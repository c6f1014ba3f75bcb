// Written by `npm run generate` from the files beside it. Do not edit.
import { fixture as nodeFixture, sample as nodeSample } from "./node/node.fixture.ts";
import { fixture as phpFixture, sample as phpSample } from "./php/php.fixture.ts";
import { fixture as programFixture, sample as programSample } from "./program/program.fixture.ts";
import { fixture as proxyFixture, sample as proxySample } from "./proxy/proxy.fixture.ts";
import { fixture as pythonFixture, sample as pythonSample } from "./python/python.fixture.ts";
import { fixture as redirectFixture, sample as redirectSample } from "./redirect/redirect.fixture.ts";
import { fixture as staticFixture, sample as staticSample } from "./static/static.fixture.ts";
import type { ServerFixture, ServerSample } from "../../../testing/fixtures/kind-fixture.ts";

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

/** Servers of each kind that its tests run. */
export const serverSamples: readonly ServerSample[] = [
  nodeSample,
  phpSample,
  programSample,
  proxySample,
  pythonSample,
  redirectSample,
  staticSample,
];
