import type { ServerFixture } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"python"> = {
  kind: "python",
  name: "shop",
  number: 4,
  application: "shop.wsgi:application",
  interface: "wsgi",
  workers: 2,
  threads: 8,
  directory: "shop",
  environment: { DJANGO_SETTINGS_MODULE: "shop.settings" },
};
