import { expect, test } from "vitest";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../testing/test-rule.ts";
import { commandsFitUnits } from "./commands-fit-units.ts";

const given = (command: readonly string[], environment: Readonly<Record<string, string>>) =>
  changed(declarationFixture(), "httpServers", "1/api", (server) =>
    server.kind === "program" ? { ...server, command: [...command], environment } : server,
  );
const variables = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}`, value]));

testRule(commandsFitUnits, {
  "300 variables of 4,000 characters, with which systemd does not load the unit": {
    break: () => given(["bin/serve"], variables(300, "x".repeat(4000))),
    expect: [
      "httpServer 1/api environment: HTTP server 1/api gives its program 1174 KiB of arguments and environment variables, more than 128 KiB.",
    ],
  },
  "20 variables and 20 arguments in characters of two bytes each": {
    break: () => given(["bin/serve", ...Array(20).fill("ü".repeat(2000))], variables(20, "ü".repeat(2000))),
    expect: [
      "httpServer 1/api environment: HTTP server 1/api gives its program 157 KiB of arguments and environment variables, more than 128 KiB.",
    ],
  },
});

test("32 variables of 4,000 characters fit", () => {
  expect(commandsFitUnits.check(given(["bin/serve"], variables(32, "x".repeat(4000))), today)).toEqual([]);
});
