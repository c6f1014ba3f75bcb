import { changed, testRule } from "../../../testing/test-rule.ts";
import { capacityFitsMirror } from "./capacity-fits-mirror.ts";

testRule(capacityFitsMirror, {
  "more than both disks have": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, capacity: { ...host.capacity, diskGb: 1000 } })),
    expect: [
      "host h1 capacity.diskGb: Host h1 offers 1000 GB for accounts, but the smallest disk of mirror data has 960.",
    ],
  },
  "a mirror of unequal disks, sold at the larger one": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        disks: [host.disks[0]!, { ...host.disks[1]!, sizeGb: 480 }],
      })),
    expect: [
      "host h1 capacity.diskGb: Host h1 offers 900 GB for accounts, but the smallest disk of mirror data has 480.",
    ],
  },
});
