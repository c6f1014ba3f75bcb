import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** The HTTP cache of an account, whose group opens the sockets of its servers: it sees no others (render-cache.ts). */
export const units: UnitForms = {
  services: [
    {
      path: /account-(?<number>\d+)-cache\.service/,
      lines: [
        /\[Unit\] (?:Wants|After)=account-(?<number>\d+)-http-[a-z0-9-]+\.socket/,
        /\[Service\] Group=www-data/,
        /\[Service\] RuntimeDirectory=fairhost-caches\/(?<number>\d+)/,
        /\[Service\] RuntimeDirectoryMode=0710/,
        /\[Service\] BindPaths=\/run\/fairhost-caches\/(?<number>\d+):\/run\/front/,
        /\[Service\] BindReadOnlyPaths=\/run\/fairhost-cached\/(?<number>\d+):\/run\/fairhost-cached\/\k<number>/,
        /\[Service\] BindPaths=\/var\/lib\/fairhost\/current\/varnish\/(?<number>\d+)\.vcl:\/opt\/fairhost\/account\.vcl/,
        /\[Service\] ExecStart=:\/usr\/bin\/tini -- \/opt\/fairhost\/run-cache \d+ \d+ \d+/,
      ],
    },
  ],
  files: [
    // Of servers behind it.
    {
      path: /account-(?<number>\d+)-[a-z][a-z0-9-]*\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-cached\/(?<number>\d+)\/account-\k<number>-[a-z][a-z0-9-]*/,
      ],
    },
  ],
};
