import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** Sockets of HTTP servers. */
export const units: UnitForms = {
  files: [
    {
      path: /account-(?<number>\d+)-[a-z][a-z0-9-]*\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-http\/account-(?<number>\d+)-[a-z][a-z0-9-]*/,
      ],
    },
  ],
};
