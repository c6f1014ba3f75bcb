import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** What sessions of users that log in get into their sandboxes (render-access.ts). */
export const units: UnitForms = {
  inSandboxes: [
    /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/access\/(?<number>\d+):\/opt\/fairhost\/access/,
    /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/access\/(?<number>\d+)\/users\/[a-z][a-z0-9_-]*\.user(?:-privileged)?:\/etc\/userdb\/[a-z][a-z0-9_-]*\.user(?:-privileged)?/,
    /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/access\/pam\.d:\/etc\/pam\.d/,
  ],
};
