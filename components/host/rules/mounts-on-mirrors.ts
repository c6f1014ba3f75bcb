import type { BareMetalHostInputs } from "../../registry/kinds.generated.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule, type Found } from "../../rule.ts";

/** Mount points that must survive the loss of a disk: the system, and the accounts' data. */
const mounts = ["/", "/srv/accounts"];

export const mountsOnMirrors = defineRule({
  name: "mounts-on-mirrors",
  theme: "redundancy",
  severity: "critical",
  scope: "resource",
  waivable: true,
  description: "On every host, `/` and `/srv/accounts` are each on one RAID1 of at least two of the host's disks.",
  reason:
    "Data that is not mirrored is lost with the first disk that fails, and a host whose `/` is not mirrored does not boot then.",
  fix: "Under `mirrors`, define one mirror for each of the two mount points, with `level: raid1` and the slots of two disks of the host.",
  *find({ hosts }) {
    for (const host of hosts) {
      for (const mount of mounts) yield* judgeMount(host, mount);
      yield* judgeMirrors(host);
    }
  },
});

function* judgeMount(host: BareMetalHostInputs, mount: string): Generator<Found> {
  const names = host.mirrors.filter((mirror) => mirror.mount === mount).map((mirror) => mirror.name);
  if (names.length === 1) return;
  const found = names.length === 0 ? "no mirror" : `${names.length} mirrors (${names.join(", ")})`;
  yield { subject: subject.host(host, "mirrors"), message: `Host ${host.name} has ${found} for ${mount}.` };
}

function* judgeMirrors(host: BareMetalHostInputs): Generator<Found> {
  const slots = new Set(host.disks.map((disk) => disk.slot));
  for (const [index, mirror] of host.mirrors.entries()) {
    const path = `mirrors.${index}`;
    const name = `Mirror ${mirror.name} of host ${host.name}`;
    if (mirror.level !== "raid1") {
      yield { subject: subject.host(host, `${path}.level`), message: `${name} is ${mirror.level}, not raid1.` };
    }
    const members = new Set(mirror.disks);
    if (members.size < 2) {
      yield {
        subject: subject.host(host, `${path}.disks`),
        message: `${name} has ${members.size === 0 ? "no disk" : `one disk (${[...members].join()})`}.`,
      };
    }
    for (const [position, slot] of mirror.disks.entries()) {
      if (slots.has(slot)) continue;
      yield {
        subject: subject.host(host, `${path}.disks.${position}`),
        message: `${name} names disk ${slot}, which the host does not have.`,
      };
    }
  }
}
