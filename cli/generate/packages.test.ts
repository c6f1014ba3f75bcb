import { expect, test } from "vitest";
import { hostPackages, maskedUnits, packagesWhereUsed } from "../../delivery/protocol/packages.generated.ts";
import { textOfPackages } from "./packages.ts";

test("a package is listed once, with all that need it, apart from those of every host; units that must not run beside it", () => {
  const text = textOfPackages({
    always: [
      ["kind tasks", {}],
      ["bundle folder nginx", { packages: ["nginx"] }],
    ],
    whereUsed: [
      ["server kind php", { packages: ["php-fpm", "lighttpd"], masks: ["php8.4-fpm.service"] }],
      ["server kind static", { packages: ["lighttpd"] }],
    ],
  });
  expect(text).toContain(`hostPackages: readonly string[] = [
  "nginx", // bundle folder nginx
];`);
  expect(text).toContain(`packagesWhereUsed: readonly string[] = [
  "lighttpd", // server kind php, server kind static
  "php-fpm", // server kind php
];`);
  expect(text).toContain(`readonly string[] = [
  "php8.4-fpm.service", // server kind php
];`);
});

test("what is not a name of a package or of a unit is refused, all together: both are words of the bootstrap's shell", () => {
  const tasks = { packages: ["cron; reboot", "tini"], masks: ["cron"] };
  const wrong = () =>
    textOfPackages({ always: [["kind tasks", tasks]], whereUsed: [["engine x", { packages: ["Cron"] }]] });
  expect(wrong).toThrow(
    [
      'kind tasks: "cron; reboot" in `packages` is not a valid name',
      'kind tasks: "cron" in `masks` is not a valid name',
      'engine x: "Cron" in `packages` is not a valid name',
    ].join("\n"),
  );
});

test("the bootstrap tells units from packages by their suffix, so no package may have one", () => {
  expect([...hostPackages, ...packagesWhereUsed].filter((name) => /\.(service|socket|timer|path)$/.test(name))).toEqual(
    [],
  );
  expect(maskedUnits).toContain("lighttpd.service");
});
