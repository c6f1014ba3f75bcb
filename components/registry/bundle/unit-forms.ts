import type { OwnFile } from "./bundle-folder.ts";

/**
 * What units of accounts may say, as one concept knows it: `units` in a `<name>.units.ts` of its folder. `npm run generate` lists them in
 * unit-forms.generated.ts. The forms are not derived from the units that a concept renders: the guard compares these with them, and a renderer
 * that gives an account more, by mistake or in a pull request, would allow it to itself. Add a line only if an account can harm nobody else by it.
 */
export interface UnitForms {
  /** Settings that each service in a sandbox may have because of the concept, whoever's it is. */
  readonly inSandboxes?: readonly RegExp[];
  /** Services in sandboxes that may have more than {@link inSandboxes} of all concepts. */
  readonly services?: readonly (Required<Pick<OwnFile, "lines">> & Pick<OwnFile, "path">)[];
  /** All other files: units outside of sandboxes, sockets, timers, drop-ins, links. */
  readonly files?: readonly OwnFile[];
}

/** What each socket of an account must have: see `socketSlice` in components/account/account-paths.ts. */
const socketSlice = /\[Socket\] Slice=fairhost-sockets-\d+\.slice/;

/** Forms of all files of accounts. */
export function formsOf(all: readonly UnitForms[]): readonly OwnFile[] {
  const common = all.flatMap(({ inSandboxes = [] }) => inSandboxes);
  const services = all.flatMap(({ services = [] }) => services);
  return [
    ...services.map(({ path, lines }) => ({
      path,
      lines: [...common, ...lines],
      needs: ["[Service] Slice=", "[Service] User="],
    })),
    ...all
      .flatMap(({ files = [] }) => files)
      .map((file) =>
        file.lines && file.path.source.endsWith("\\.socket")
          ? { ...file, lines: [...file.lines, socketSlice], needs: [...(file.needs ?? []), "[Socket] Slice="] }
          : file,
      ),
  ];
}
