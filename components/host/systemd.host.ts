import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";
import { unitForms } from "../registry/bundle/unit-forms.generated.ts";

/** Units, drop-ins and `.wants` links. What those of accounts may say stands in the folder of each concept: `<name>.units.ts`. */
export const systemd = {
  name: "systemd",
  routers: "all",
  link: "/usr/local/lib/systemd/system",
  validator: "units",
  takesEffect: { by: "daemon-reload" },
  showsNobody: true,
  shown: true,
  ofAccount: unitForms,
} as const satisfies BundleFolder;
