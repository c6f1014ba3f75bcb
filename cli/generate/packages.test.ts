import { expect, test } from "vitest";
import { hostPackages, maskedUnits } from "../../delivery/protocol/packages.generated.ts";
import { textOfPackages } from "./packages.ts";

test("a package is listed once, with all that need it; its units that must not run beside it", () => {
  const text = textOfPackages([
    ["server kind php", { packages: ["php-fpm", "lighttpd"], masks: ["php8.4-fpm.service"] }],
    ["kind tasks", {}],
    ["bundle folder lighttpd", { packages: ["lighttpd"] }],
  ]);
  expect(text).toContain(`readonly string[] = [
  "lighttpd", // server kind php, bundle folder lighttpd
  "php-fpm", // server kind php
];`);
  expect(text).toContain(`readonly string[] = [
  "php8.4-fpm.service", // server kind php
];`);
});

test("what is not a name of a package or of a unit is refused, all together: both are words of the bootstrap's shell", () => {
  const wrong = () => textOfPackages([["kind tasks", { packages: ["cron; reboot", "Cron", "tini"], masks: ["cron"] }]]);
  expect(wrong).toThrow(
    [
      'kind tasks: "cron; reboot" in `packages` is not a valid name',
      'kind tasks: "Cron" in `packages` is not a valid name',
      'kind tasks: "cron" in `masks` is not a valid name',
    ].join("\n"),
  );
});

test("the bootstrap tells units from packages by their suffix, so no package may have one", () => {
  expect(hostPackages.filter((name) => /\.(service|socket|timer|path)$/.test(name))).toEqual([]);
  expect(maskedUnits).toContain("lighttpd.service");
});
