import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** Timers. Counters of the host get the name of a task and how it ended (render-task.ts). */
export const units: UnitForms = {
  inSandboxes: [/\[Unit\] On(?:Failure=fairhost-task-failed|Success=fairhost-task-done)@%N\.service/],
  files: [
    // Without Unit= a timer starts the service of its own name.
    {
      path: /account-(?<number>\d+)-[a-z][a-z0-9-]*\.timer/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Timer\] OnCalendar=.+/,
        /\[Timer\] (?:AccuracySec|RandomizedDelaySec)=\d+s/,
        /\[Timer\] (?:FixedRandomDelay|Persistent)=(?:yes|no)/,
      ],
    },
  ],
};
