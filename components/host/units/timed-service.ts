import type { BundleFile, BundleUnit } from "../../../delivery/protocol/bundle.ts";
import { unitFile } from "../../../lib/systemd/unit-file.ts";

type Section = Parameters<typeof unitFile>[0][string];

interface Timed {
  readonly description: string;
  /** More settings of the service's `[Unit]`. */
  readonly unit?: Section;
  /** Settings of `[Service]`; its type is oneshot. */
  readonly service: Section;
  /** Settings of `[Timer]`. */
  readonly timer: Section;
}

/** What the host does with accounts at times: a service and its timer, both called `name`. */
export function timedService(
  name: string,
  { description, unit, service, timer }: Timed,
): { readonly files: BundleFile[]; readonly units: BundleUnit[] } {
  const [pathOfService, pathOfTimer] = [`systemd/${name}.service`, `systemd/${name}.timer`] as const;
  return {
    files: [
      {
        path: pathOfService,
        content: unitFile({
          Unit: { Description: description, RequiresMountsFor: "/srv/accounts", ...unit },
          Service: { Type: "oneshot", ...service },
        }),
      },
      { path: pathOfTimer, content: unitFile({ Unit: { Description: description }, Timer: timer }) },
      { path: `systemd/timers.target.wants/${name}.timer`, link: `../${name}.timer` },
    ],
    units: [
      { name: `${name}.service`, want: "on-demand", restartOn: [pathOfService] },
      { name: `${name}.timer`, want: "start", restartOn: [pathOfTimer] },
    ],
  };
}
