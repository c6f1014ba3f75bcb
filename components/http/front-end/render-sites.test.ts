import { expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { withCertificates } from "../../../testing/acme-ca.ts";
import {
  declarationOf,
  type FixtureServer,
  programServer,
  staticServer,
} from "../../../testing/fixtures/bundle-fixture.ts";

/** Files of names of account 1, by name. */
function names(servers: readonly FixtureServer[], change: object = {}, secured = false): Record<string, string[]> {
  const accounts = [{ number: 1, name: "alice", servers, ...change }];
  const declared = secured ? withCertificates(accounts) : declarationOf(accounts);
  const { files } = renderBundle(declared, "web1").groups["account-1"]!;
  return Object.fromEntries(
    files.flatMap(({ path, content = "" }) => {
      const [, name] = /^sites\/names\/([^:]+)$/.exec(path) ?? [];
      return name === undefined ? [] : [[name, content.trimEnd().split("\n")]];
    }),
  );
}

test("a name has a file, with all paths below it and what their servers have chosen", () => {
  const app = {
    ...programServer("app", ["/bin/true"], { bodyMaxMb: 8, headers: { Link: 'a "b"' } }),
    hostnames: ["a.test", "*.a.test"],
  };
  const blog = {
    ...programServer("blog", ["/bin/true"]),
    hostnames: [],
    addresses: ["a.test/Blog/new"],
    trimPath: true,
  };
  const choices = ["choice 8-300-headers", 'chosen_link a "b"'].map(
    (choice) => `unix:/run/fairhost-http/account-1-http-app ${choice}`,
  );
  const leads = "/ 1/unix:/run/fairhost-http/account-1-http-app";
  expect(names([app, blog])).toEqual({
    "*.a.test": [leads, ...choices],
    "a.test": [leads, ...choices, "/blog/new 1/unix:/run/fairhost-http/account-1-http-blog /Blog/new"],
  });
});

test("the files of a web site with a form of logs of its own have its name", () => {
  const app = { ...programServer("app", ["/bin/true"], { logFormat: "json" }), hostnames: ["a.test"] };
  const plain = { ...staticServer("plain"), hostnames: ["b.test"] };
  expect(names([app, plain])).toEqual({
    "a.test": [
      "/ 1/unix:/run/fairhost-http/account-1-http-app",
      "unix:/run/fairhost-http/account-1-http-app log_file app-json",
    ],
    "b.test": ["/ 1/kept/unix:/run/fairhost-http/account-1-http-plain"],
  });
});

test("all names of a suspended account say so, and nothing else", () => {
  const suspended = { since: "2026-11-22", reason: "unpaid" };
  expect(names([programServer("app", ["/bin/true"], { bodyMaxMb: 8 })], { suspended })).toEqual({
    "app.alice.test": ["/ 1/suspended"],
  });
});

test("a name below a wildcard that sends visitors on to HTTPS is not what the wildcard is", () => {
  const site = (name: string, hostnames: string[], httpsOnly: boolean) => ({
    ...staticServer(name),
    hostnames,
    https: true,
    httpsOnly,
  });
  const about = names([site("a", ["*.a.test"], true), site("b", ["b.a.test"], false)], {}, true);
  expect(about["*.a.test"]?.slice(1)).toEqual(["certificate *.a.test", "https_only *.a.test 0"]);
  expect(about["b.a.test"]?.slice(1)).toEqual(["certificate b.a.test", "https_only -"]);
});
