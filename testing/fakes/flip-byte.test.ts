import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { flipByte } from "./flip-byte.ts";

test("each byte becomes another one, and no other byte changes", () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-flip-"));
  try {
    const file = join(directory, "file");
    for (const byte of [0, 10, 37, 92, 127, 128, 255]) {
      writeFileSync(file, Buffer.from([1, byte, 3]));
      execFileSync("sh", ["-c", flipByte(file, 1)]);
      expect([...readFileSync(file)]).toEqual([1, 255 - byte, 3]);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
