import { isUtf8 } from "node:buffer";
import { type Dirent, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { FileKind } from "../../components/registry/file.ts";
import { type FileKey, fileKinds } from "../../components/registry/files.generated.ts";
import { printable } from "../../lib/text/text.ts";
import { nearest, type Problem } from "./problem.ts";
import { mergeConflict, oddCharacter } from "./refuse-text.ts";
import { listSource, readSource, type Source } from "./source.ts";

/** Path of each kind: the only directories and files of a fleet that are read. */
const places = new Map<string, FileKey>(Object.entries(fileKinds).map(([key, { path }]) => [path, key as FileKey]));

/** The kind of a file by its path in the fleet's directory; `undefined` for a path that no fleet has. */
export function kindOfFile(file: string): FileKey | undefined {
  const [, folder] = /^([^/]+\/)[^/]+\.yaml$/.exec(file) ?? [];
  return places.get(folder ?? file);
}

/** Also allowed, but not read: notes. */
const beside = /\.md$/;

/** Maximum size of one file in bytes, about 50,000 lines; a larger file is a mistake. */
export const maxBytes = 4 * 1024 * 1024;

const byteOrderMark = /^\uFEFF/;

export interface FleetFiles {
  readonly sources: readonly { readonly key: FileKey; readonly source: Source }[];
  readonly problems: readonly Problem[];
}

/** What was last read of each file, by its path in the fleet's directory. */
const known = new Map<string, { readonly text: string; readonly read: ReturnType<typeof readSource> }>();

/** Of a file that says the same in another state of the fleet the same source: the guard reads many states, which differ in few files. */
function readAgain(file: string, text: string): ReturnType<typeof readSource> {
  const last = known.get(file);
  if (last?.text === text) return last.read;
  const read = readSource(file, text);
  known.set(file, { text, read });
  return read;
}

/**
 * Reads every file of a fleet's directory, sorted by name; never writes. Files in a wrong place, symlinks and unreadable
 * files are reported as problems. Synchronous, because that is fastest for 1,000 small files.
 */
export function readFleet(directory: string): FleetFiles {
  const sources: { key: FileKey; source: Source }[] = [];
  const problems: Problem[] = [];
  const wrong = (file: string, message: string, fix: string, line = 1): void => {
    problems.push({ file, line, column: 1, path: "", message, fix });
  };

  const root = attempt(() => realpathSync.native(directory));
  const top = root.value === undefined ? root : attempt(() => list(root.value));
  if (root.value === undefined || top.value === undefined) {
    wrong(
      ".",
      `the directory cannot be read (${root.error ?? top.error})`,
      "give the path of the directory that contains network.yaml",
    );
    return { sources, problems };
  }

  const read = (key: FileKey, file: string): void => {
    const text = readText(root.value, file, wrong);
    if (text === undefined) {
      // Keep its name, so that references to it are not reported too.
      sources.push({ key, source: { ...readSource(file, "").source, data: undefined } });
      return;
    }
    const { read: reader } = fileKinds[key] as FileKind;
    if (reader) {
      const refused = mergeConflict(text) ?? oddCharacter(text);
      if (refused) wrong(file, refused.message, refused.fix, text.slice(0, refused.offset).split("\n").length);
      // All that follows from the markers is no mistake of its own.
      sources.push({ key, source: listSource(file, reader(refused ? "" : text)) });
      return;
    }
    const { source, problems: found } = readAgain(file, text);
    sources.push({ key, source });
    problems.push(...found);
  };

  for (const entry of top.value) {
    const { name } = entry;
    const [file, folder] = [places.get(name), places.get(`${name}/`)];
    if (file !== undefined) read(file, name);
    else if (folder !== undefined) readFolder(root.value, name, folder, read, wrong);
    else if (!beside.test(name) && !hidden(name)) {
      const known = [...places.keys()];
      const guess = nearest(entry.isDirectory() ? `${name}/` : name, known);
      const allowed = `allowed: ${known.join(", ")}`;
      wrong(
        name,
        "unexpected file or directory",
        guess ? `did you mean ${guess}? (${allowed})` : `move it out of the fleet directory (${allowed})`,
      );
    }
  }
  for (const { path, title, ...kind } of Object.values(fileKinds) as FileKind[]) {
    if (path.endsWith("/") || "fallback" in kind || top.value.some((entry) => entry.name === path)) continue;
    wrong(
      path,
      "the file is missing",
      `add it: ${title[0]!.toLowerCase()}${title.slice(1)} (docs/reference/inventory.md)`,
    );
  }
  return { sources, problems };
}

type Wrong = (file: string, message: string, fix: string, line?: number) => void;

function readFolder(
  root: string,
  folder: string,
  key: FileKey,
  read: (key: FileKey, file: string) => void,
  wrong: Wrong,
): void {
  const link = isLink(join(root, folder)) ? { error: "it is a symlink" } : undefined;
  const entries = link ?? attempt(() => list(join(root, folder)));
  if (!("value" in entries) || entries.value === undefined) {
    wrong(
      folder,
      `the directory cannot be read (${entries.error})`,
      `make ${folder}/ a readable directory of YAML files`,
    );
    return;
  }
  const known = new Map<string, string>();
  for (const entry of entries.value) {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      wrong(file, "subdirectories are not read", `move its files up into ${folder}/`);
    } else if (entry.name.endsWith(".yaml")) {
      if (printable(entry.name) !== entry.name) {
        wrong(file, "the file's name has characters that do not show, or show another name", "rename the file");
      }
      const same = known.get(folded(entry.name));
      if (same !== undefined) {
        const message = `the file's name differs from ${same} only in case or in how accents are stored: some systems can hold only one of the two`;
        wrong(file, message, "rename one of the two, or remove it if both are the same");
      }
      known.set(folded(entry.name), file);
      read(key, file);
    } else if (!beside.test(entry.name) && !hidden(entry.name)) {
      wrong(file, "the extension is not .yaml, so the file is not read", "rename it to end in .yaml, or remove it");
    }
  }
}

/** A file's name as macOS and Windows tell it from others. */
function folded(name: string): string {
  return name.normalize("NFD").toLowerCase();
}

function list(directory: string): Dirent[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Hidden files of editors and git are ignored, but a hidden file that ends in .yaml is read like any other. */
function hidden(name: string): boolean {
  return name.startsWith(".") && !/\.ya?ml$/.test(name);
}

/** A file behind a symlink has another name, whose history nobody looks up: who wrote an approval, what a limit was. */
function isLink(path: string): boolean {
  return attempt(() => lstatSync(path)).value?.isSymbolicLink() ?? false;
}

/** The text of one file as it is read for a fleet; `undefined` for one that the loader refuses: a symlink, a device, more than `maxBytes`. */
export function textOf(root: string, file: string): string | undefined {
  return readText(root, file, () => {});
}

function readText(root: string, file: string, wrong: Wrong): string | undefined {
  const path = `${root}/${file}`;
  const status = attempt(() => lstatSync(path));
  if (status.value === undefined) {
    wrong(file, `the file cannot be read (${status.error})`, "restore the file");
  } else if (status.value.isSymbolicLink()) {
    wrong(file, "the file is a symlink", "replace the symlink by the file itself");
  } else if (!status.value.isFile()) {
    wrong(file, "not a regular file", "put a YAML file here, or remove it");
  } else if (status.value.size > maxBytes) {
    wrong(
      file,
      `the file has ${status.value.size} bytes, more than ${maxBytes}`,
      "split it, or remove everything that is not part of the inventory",
    );
  } else {
    const content = attempt(() => readFileSync(path));
    if (content.value === undefined) {
      wrong(file, `the file cannot be read (${content.error})`, "allow the user who runs this command to read it");
    } else if (isUtf8(content.value)) {
      const text = content.value.toString("utf8");
      // OpenSSH reads it as part of the first name in known_hosts, and no diff shows it. Whatever else is wrong is said too.
      if (byteOrderMark.test(text))
        wrong(file, "the file begins with a byte order mark (U+FEFF)", "save it as UTF-8 without a byte order mark");
      return text.replace(byteOrderMark, "");
    } else wrong(file, "the text is not UTF-8", "save the file as UTF-8", firstBadLine(content.value));
  }
  return undefined;
}

function firstBadLine(content: Buffer): number {
  let [line, start] = [1, 0];
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, start)) {
    if (!isUtf8(content.subarray(start, end))) return line;
    [line, start] = [line + 1, end + 1];
  }
  return line;
}

type Attempt<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: string };

/** Makes a file system call and returns its error as text for messages: `ENOENT`, `EACCES`, ... with the system's words, without the path. */
function attempt<T>(call: () => T): Attempt<T> {
  try {
    return { value: call() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: message.replace(/, \w+( '.*')?$/, "") };
  }
}
