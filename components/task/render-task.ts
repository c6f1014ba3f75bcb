import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { execLine, unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { programSettings } from "../account/sandbox/own-program.ts";
import { sandboxFiles } from "../account/sandbox/render-sandbox.ts";
import { confined } from "../host/units/confined.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { thresholds } from "./thresholds.host.ts";

const script = "libexec/run-task";
const counter = "libexec/count-failures";

/** Templates that the end of a run starts; their instance is the task's unit without suffix. */
const ends = { failed: "fairhost-task-failed@", done: "fairhost-task-done@" } as const;

/** Directory of the counters on the host: a file for each task whose last run failed. */
export const failures = "/var/lib/fairhost-tasks";

export const renderer: Renderer<"tasks"> = {
  key: "tasks",
  ofHost: renderCounter,
  ofElement: (task, { account }) => renderTask(account, task),
};

/** Seconds that the script has for ending a run that takes too long, before systemd does it. */
const grace = 20;

function renderTask(
  account: Hostless<"accounts">,
  task: Hostless<"tasks">,
): { files: BundleFile[]; units: BundleUnit[] } {
  const { name, limitSeconds } = task;
  const unit = `account-${account.number}-task-${name}`;
  const service = `${unit}.service`;
  const pathOfService = `systemd/${service}`;
  const trigger = renderTrigger(account, task, unit);
  const description = descriptionOf(account, task);
  return {
    files: [
      {
        path: pathOfService,
        content: unitFile({
          Unit: {
            Description: description,
            OnFailure: `${ends.failed}%N.service`,
            OnSuccess: `${ends.done}%N.service`,
          },
          Service: {
            ...programSettings(account, task, { unit: `task-${name}`, script, words: [`${limitSeconds}`] }),
            // Stopped before the script was ready for it. A program that is killed ends the script with 1.
            SuccessExitStatus: "143",
            // The script runs as the account, which can stop it.
            RuntimeMaxSec: `${limitSeconds + grace}s`,
          },
        }),
      },
      ...trigger.files,
    ],
    units: [
      { name: service, want: "on-demand", restartOn: [pathOfService, script, ...sandboxFiles(account)] },
      ...trigger.units,
    ],
  };
}

const descriptionOf = ({ number }: Hostless<"accounts">, { name }: Hostless<"tasks">) =>
  `Scheduled task ${name} of account ${number}`;

/** What starts a task: a timer, or what watches how much accounts use (render-thresholds.ts). */
function renderTrigger(
  account: Hostless<"accounts">,
  task: Hostless<"tasks">,
  unit: string,
): { files: BundleFile[]; units: BundleUnit[] } {
  const { calendar, timeZone, randomDelaySeconds, persistent, threshold } = task;
  if (threshold !== undefined)
    return {
      files: [{ path: `${thresholds.name}/${unit}`, content: `${threshold.of} ${threshold.percent}\n` }],
      units: [],
    };
  const timer = `${unit}.timer`;
  const path = `systemd/${timer}`;
  return {
    files: [
      {
        path,
        content: unitFile({
          Unit: { Description: descriptionOf(account, task) },
          Timer: {
            OnCalendar: `${calendar} ${timeZone}`,
            // systemd's default of a minute would have all timers of a host elapse together.
            AccuracySec: "1s",
            RandomizedDelaySec: `${randomDelaySeconds}s`,
            FixedRandomDelay: "yes",
            Persistent: persistent ? "yes" : "no",
          },
        }),
      },
      { path: `systemd/fairhost.target.wants/${timer}`, link: `../${timer}` },
    ],
    units: [{ name: timer, want: "start", restartOn: [path] }],
  };
}

/** What counts failed runs: outside of the sandbox, so no account can write its own counter. */
function renderCounter(): { files: BundleFile[]; units: BundleUnit[] } {
  const count = (how: string) => execLine(["/bin/sh", `${currentGeneration}/${counter}`, how]);
  const common = {
    ...confined,
    Type: "oneshot",
    StateDirectory: failures.replace("/var/lib/", ""),
    PrivateNetwork: "yes",
    CapabilityBoundingSet: "",
  };
  const texts = {
    [ends.failed]: unitFile({
      Unit: { Description: "Counts a failure of %i", CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
      Service: { ...common, ExecStart: `${count("failed")} %i` },
    }),
    [ends.done]: unitFile({
      Unit: {
        Description: "Counts no failure of %i any more",
        CollectMode: "inactive-or-failed",
        StartLimitIntervalSec: "0",
        // Most runs succeed after one that did: then nothing is started.
        ConditionPathExists: `${failures}/%i`,
      },
      Service: { ...common, ExecStart: `${count("done")} %i` },
    }),
  };
  return {
    files: [
      ...[script, counter].map((path) => {
        const file = `${path.replace("libexec/", "")}.sh`;
        return { path, content: ownText(import.meta.dirname, file), mode: 0o755 };
      }),
      ...Object.entries(texts).map(([name, content]) => ({ path: `systemd/${name}.service`, content })),
    ],
    units: Object.keys(texts).map((name) => ({
      name: `${name}.service`,
      want: "on-demand",
      restartOn: [`systemd/${name}.service`],
    })),
  };
}
