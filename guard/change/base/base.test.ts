import { expect, test } from "vitest";
import { isProgram } from "./base.ts";

test.each([
  "toolchain/providers/command/command-remote.ts",
  "a-new-folder/anything.ts",
  "fairhost.ts",
  "index.ts",
  "package.json",
  "Pulumi.prod.yaml",
  "inventory/load.ts",
  // No fleet has it, so whoever reads it is a program.
  "inventory/prod/settings.yaml",
  "inventory/prod/accounts/deeper/1001-bakery.yaml",
  "components/http/program/run-program.sh",
  ".ci/run",
  // The name of a folder, or of a page beside product code, does not keep a program from reading it.
  "components/remote/golden/host/nginx/nginx.conf",
  "components/http/kinds/golden/golden.server.ts",
  "toolchain/fixtures/provider.ts",
  "fleet/addresses.golden.csv",
  "components/http/error-page.md",
  "components/http/LICENSE.ts",
  "components/http/README.md/page.html",
  "docs/build.ts",
  "docs/reference/table.json",
  "documents/page.md",
  "a/testing/fake.ts",
])("%s is program: it may influence what hosts get, or how that is judged", (file) => {
  expect(isProgram(file)).toBe(true);
});

test.each([
  "inventory/prod/accounts/1001-bakery.yaml",
  "inventory/prod/known_hosts",
  "inventory/prod/README.md",
  "docs/architecture.md",
  "README.md",
  "LICENSE",
  "components/waf/README.md",
  "lab/README.md",
  "policies/rules.test.ts",
  "guard/deploy/deploy.engine.test.ts",
  "docs/how-to/develop/add-a-field.md",
  "components/plan/seeded.cases.ts",
  "components/plan/plan.fixture.ts",
  "testing/fixtures/fixture.ts",
  "testing/corpus/golden/any.txt",
])("%s is not program", (file) => {
  expect(isProgram(file)).toBe(false);
});

test("a fleet may be anywhere in the repository: its files are data, a program beside them is not", () => {
  expect(isProgram("fleets/own/hosts/web1.yaml", "fleets/own")).toBe(false);
  expect(isProgram("fleets/own/hosts/web1.yaml")).toBe(true);
  expect(isProgram("fleets/own/generate.ts", "fleets/own")).toBe(true);
  expect(isProgram(".github/workflows/review.yaml", ".github")).toBe(true);
});
