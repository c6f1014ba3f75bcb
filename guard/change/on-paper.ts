import { type FieldChange, fieldChanges } from "../../components/registry/fields/field-changes.ts";
import { type BareMetalHostInputs, kinds } from "../../components/registry/kinds.generated.ts";

/** What a host is said to have more of, although it is the same machine, or has the same disk in a slot. */
export function moreOnPaper(was: BareMetalHostInputs, is: BareMetalHostInputs): FieldChange[] {
  const serials = new Map(was.disks.map((disk) => [disk.slot, disk.serial]));
  const isNew = (slot: string | undefined) =>
    is.disks.some((disk) => disk.slot === slot && serials.get(slot) !== disk.serial);
  return fieldChanges(kinds.hosts.inputs, was, is).filter(({ judged, steps: [of, slot], was: old, is: next }) => {
    if (judged.class !== "capacity" || typeof old !== "number" || typeof next !== "number" || next <= old) return false;
    return of === "disks" ? !isNew(slot) : was.serial === is.serial;
  });
}
