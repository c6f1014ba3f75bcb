import { expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, programServer } from "../../testing/fixtures/bundle-fixture.ts";

/** What a visitor writes freely; nginx has looked at $host, $request_method and the lengths. */
const visitors = /^\$(?:http_|arg_|cookie_|args|query_string|request_uri|request$|uri|remote_user|ssl_server_name)/;

const declared = declarationOf([
  { number: 1, name: "a", servers: [programServer("p", ["/bin/true"], { waf: { level: "strong" } })] },
]);
const frontEnds = declared.frontEnds.map((frontEnd) => ({ ...frontEnd, ports: [80, 443] }));
const texts = renderBundle({ ...declared, frontEnds }, "web1").groups.host!.files.flatMap(({ path, content = "" }) =>
  /^(?:nginx|waf)\/nginx\.conf$/.test(path) ? [[path, content] as const] : [],
);
const keys = texts.flatMap(([path, text]) =>
  [...text.matchAll(/^ *map ("[^"]+"|\S+) /gm)].map(([, key]) => [path, key!] as const),
);

test("there are maps of both", () => {
  expect(new Set(keys.map(([path]) => path))).toEqual(new Set(["nginx/nginx.conf", "waf/nginx.conf"]));
});

test.each(keys)(
  "in %s the map of %s has what visitors write at its end: nobody writes a part of the key for another",
  (_, key) => {
    const variables = key.match(/\$\w+/g)!;
    const first = variables.findIndex((variable) => visitors.test(variable));
    const after = first < 0 ? [] : variables.slice(first).filter((variable) => !visitors.test(variable));
    expect(after).toEqual([]);
  },
);

test.each(texts)(
  "each pattern of the maps in %s begins at the beginning: text of an account is never taken for another's",
  (_, text) => {
    const patterns = [...text.matchAll(/^ *"~\*?((?:[^"\\]|\\.)+)" .*;$/gm)].map(([, pattern]) => pattern!);
    expect(patterns.length).toBeGreaterThan(3);
    expect(patterns.filter((pattern) => !/^(?:\(\?s\))?\^/.test(pattern))).toEqual([]);
  },
);

test.each(texts)("%s includes no file of accounts twice: nginx would keep its lines as often", (_, text) => {
  const included = [...text.matchAll(/^ *include (\S*\*\S*);$/gm)].map(([, files]) => files!);
  expect(included.filter((files, index) => included.indexOf(files) !== index)).toEqual([]);
});
