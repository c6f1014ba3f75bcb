import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { gaveUp } from "../../lib/systemd/gave-up.ts";
import { environmentLines, unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { commandInside, homeInside } from "../account/account-paths.ts";
import { programSettings } from "../account/sandbox/own-program.ts";
import { sandboxFiles } from "../account/sandbox/render-sandbox.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";

const script = "libexec/run-service";

export const renderer: Renderer<"services"> = {
  key: "services",
  ofHost: () => ({
    files: [{ path: script, content: ownText(import.meta.dirname, "run-service.sh"), mode: 0o755 }],
  }),
  ofElement: (service, { account }) => renderService(account, service),
};

function renderService(
  account: Hostless<"accounts">,
  service: Hostless<"services">,
): { files: BundleFile[]; units: BundleUnit[] } {
  const { name, reload, port, maxFailures, monitor } = service;
  const environment = { ...(port !== undefined && { PORT: `${port}` }), ...service.environment };
  const unit = `account-${account.number}-service-${name}.service`;
  const path = `systemd/${unit}`;
  const check = monitor === undefined ? [] : commandInside(account, monitor.command);
  const words = [`${check.length}`, ...check];
  const content = unitFile({
    Unit: { Description: `Service ${name} of account ${account.number}` },
    Service: {
      ...programSettings(account, { ...service, environment }, { unit: `service-${name}`, script, words }),
      Environment: environmentLines({
        FAIRHOST_RESTART: `${homeInside(account)}/restart-${name}`,
        FAIRHOST_MAX_FAILURES: `${maxFailures}`,
        ...(reload !== undefined && { FAIRHOST_RELOAD: reload }),
        ...(monitor && {
          FAIRHOST_MONITOR: `${monitor.everySeconds} ${monitor.limitSeconds} ${monitor.failures}`,
        }),
      }),
      // The script tries the program again. This is for its own end, whoever killed it.
      Restart: "always",
      RestartPreventExitStatus: `${gaveUp}`,
    },
  });
  return {
    files: [
      { path, content },
      { path: `systemd/fairhost.target.wants/${unit}`, link: `../${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [path, script, ...sandboxFiles(account)] }],
  };
}
