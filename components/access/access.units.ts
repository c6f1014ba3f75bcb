import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** What sessions of users that log in get into their sandboxes (render-access.ts). */
export const units: UnitForms = {
  inSandboxes: [
    /\[Service\] BindPaths=\/var\/lib\/fairhost\/current\/access\/(?<number>\d+):\/opt\/fairhost\/access/,
    /\[Service\] BindPaths=\/var\/lib\/fairhost\/current\/access\/(?<number>\d+)\/users:\/etc\/userdb/,
    /\[Service\] BindPaths=\/var\/lib\/fairhost\/current\/access\/pam\.d:\/etc\/pam\.d/,
  ],
};
