import { afterEach, expect, test } from "vitest";
import { type NeighboredRouter, neighboredRouter, plan } from "../../../testing/fakes/neighbored-router.ts";
import { routerSystems } from "./router-systems.generated.ts";

/** A router from its files alone: a Debian with ports that nobody has set up gets what is rendered, starts, and routes. */
let on: NeighboredRouter | undefined;
afterEach(() => on?.router.stop());

test.each([
  ["bird", "bird.service"],
  ["frr", "frr.service"],
])(
  "a router of %s comes up from its files alone, and forwards both families",
  async (manufacturer, unit) => {
    const system = routerSystems.find((each) => each.manufacturer === manufacturer)!;
    on = await neighboredRouter();
    const { router, sh } = on;
    await router.writeFile(system.file, system.render(plan));
    for (const { path, content } of system.others(plan)) await router.writeFile(path, content);
    await sh(`/usr/lib/systemd/systemd-sysctl; systemctl start systemd-networkd.service; systemctl restart ${unit}`);

    await on.allEstablished();
    await on.forwards();
    // Each kernel parameter has its value, on every link.
    const other =
      await sh(`sed -n 's/^\\([a-z].*\\) = \\(.*\\)/\\1 \\2/p' /etc/sysctl.d/60-fairhost.conf | while read -r key value; do
      for each in /proc/sys/$(echo "$key" | tr . /); do [ "$(cat "$each")" = "$value" ] || echo "$each: $(cat "$each")"; done
    done`);
    expect(other).toBe("");
    // Nothing that was said is a word that systemd-networkd does not know.
    expect(await sh("journalctl -b -u systemd-networkd -o cat")).not.toMatch(/unknown|failed to parse|ignor/i);
  },
  240_000,
);
