import { isUtf8 } from "node:buffer";
import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type { FileKind } from "../../components/file.ts";
import { type FileKey, fileKinds } from "../../components/files.generated.ts";
import { nearest, type Problem } from "./problem.ts";
import { readSource, type Source } from "./source.ts";

/** Where each kind lies: the only directories and files a fleet has. */
const places = new Map<string, FileKey>(Object.entries(fileKinds).map(([key, { path }]) => [path, key as FileKey]));

/** The kind of a file by its path in the fleet's directory; `undefined` for a path that no fleet has. */
export function kindOfFile(file: string): FileKey | undefined {
  const [, folder] = /^([^/]+\/)[^/]+\.yaml$/.exec(file) ?? [];
  return places.get(folder ?? file);
}

/** Allowed beside them and not read here: the hosts' public SSH keys, and notes for people. */
const beside = /^(?:known_hosts|.*\.md)$/;

/** Most bytes of one file: 50,000 lines of a human's; more is a slip, and would only cost time. */
const maxBytes = 4 * 1024 * 1024;

export interface FleetFiles {
  readonly sources: readonly { readonly key: FileKey; readonly source: Source }[];
  readonly problems: readonly Problem[];
}

/**
 * Reads every file of a fleet's directory, in the order of their names; never writes. Files in a wrong place, links out
 * of the directory and unreadable files are problems, not surprises. Synchronous: for 1,000 small files that is the quickest.
 */
export function readFleet(directory: string): FleetFiles {
  const sources: { key: FileKey; source: Source }[] = [];
  const problems: Problem[] = [];
  const wrong = (file: string, message: string, mend: string, line = 1): void => {
    problems.push({ file, line, column: 1, path: "", message, mend });
  };

  const root = attempt(() => realpathSync.native(directory));
  const top = root.value === undefined ? root : attempt(() => list(root.value));
  if (root.value === undefined || top.value === undefined) {
    wrong(
      ".",
      `the directory cannot be read (${root.error ?? top.error})`,
      "name the directory that holds network.yaml",
    );
    return { sources, problems };
  }

  const read = (key: FileKey, file: string): void => {
    const text = readText(root.value, file, wrong);
    if (text === undefined) {
      // Its name is taken all the same: what refers to it is not wrong as well.
      sources.push({ key, source: { ...readSource(file, "").source, data: undefined } });
      return;
    }
    const { source, problems: found } = readSource(file, text);
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
      const allowed = `a fleet has ${known.join(", ")}`;
      wrong(
        name,
        "nothing of this name belongs here",
        guess ? `did you mean ${guess}? ${allowed}` : `move it: ${allowed}`,
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

type Wrong = (file: string, message: string, mend: string, line?: number) => void;

function readFolder(
  root: string,
  folder: string,
  key: FileKey,
  read: (key: FileKey, file: string) => void,
  wrong: Wrong,
): void {
  const inside = outside(root, folder) ? { error: "it leads out of the fleet's directory" } : undefined;
  const entries = inside ?? attempt(() => list(join(root, folder)));
  if (!("value" in entries) || entries.value === undefined) {
    wrong(
      folder,
      `the directory cannot be read (${entries.error})`,
      `make ${folder}/ a readable directory of YAML files`,
    );
    return;
  }
  for (const entry of entries.value) {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      wrong(file, "a directory inside is not looked into", `move its files up into ${folder}/`);
    } else if (entry.name.endsWith(".yaml")) read(key, file);
    else if (!beside.test(entry.name) && !hidden(entry.name)) {
      wrong(
        file,
        "the extension is not .yaml, so the file would not be read",
        "rename it to end in .yaml, or remove it",
      );
    }
  }
}

function list(directory: string): Dirent[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Editors and git keep hidden files; one that ends in .yaml may have been meant and is read as any other. */
function hidden(name: string): boolean {
  return name.startsWith(".") && !/\.ya?ml$/.test(name);
}

function outside(root: string, file: string): boolean {
  const real = attempt(() => realpathSync.native(join(root, file))).value;
  return real !== undefined && !real.startsWith(root + sep);
}

function readText(root: string, file: string, wrong: Wrong): string | undefined {
  const path = join(root, file);
  const status = attempt(() => statSync(path));
  if (status.value === undefined) {
    wrong(
      file,
      `the file cannot be read (${status.error})`,
      "restore the file, or remove the link that points nowhere",
    );
  } else if (outside(root, file)) {
    wrong(
      file,
      "the link leads out of the fleet's directory",
      "put the file itself here: a fleet is whole in one directory",
    );
  } else if (!status.value.isFile()) {
    wrong(file, "not a regular file", "put a YAML file here, or remove it");
  } else if (status.value.size > maxBytes) {
    wrong(
      file,
      `the file has ${status.value.size} bytes, more than ${maxBytes}`,
      "split it, or remove what is no inventory",
    );
  } else {
    const content = attempt(() => readFileSync(path));
    if (content.value === undefined) {
      wrong(file, `the file cannot be read (${content.error})`, "give the user who runs this the right to read it");
    } else if (isUtf8(content.value)) {
      return content.value.toString("utf8").replace(/^\uFEFF/, "");
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

/** A file system call whose failure is said to people: `ENOENT`, `EACCES`, ... with the system's words, without the path. */
function attempt<T>(call: () => T): Attempt<T> {
  try {
    return { value: call() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: message.replace(/, \w+( '.*')?$/, "") };
  }
}
