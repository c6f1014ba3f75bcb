import { describe, expect, test } from "vitest";
import type { KindHost } from "../../../testing/kind-host.ts";

/**
 * Sizes that docs/reference/web-sites.md promises for every web site, also where a server of the kind's own stands between front end and
 * program.
 * @param server answers `path` with `count` headers X-Large-0, X-Large-1, ... of `size` bytes, as the query says
 * @param longest bytes of one header of an answer
 */
export function headerSizeCases(kind: () => KindHost, server: string, path: string, longest = 60_000): void {
  const query = (size: number, count = 1) => `${path}?size=${size}&count=${count}`;
  const long = (bytes: number) => "a".repeat(bytes);

  describe("header sizes that the front end lets through", () => {
    test.each([
      [5000, 1],
      [longest, 1],
      [7500, 8],
    ])("%i bytes in a header of an answer, %i times, arrive", async (size, count) => {
      const { status, headers } = await kind().get(server, query(size, count));
      const seen = Object.entries(headers).filter(([name]) => name.startsWith("x-large-"));
      expect({ status, sizes: seen.map(([, value]) => value.length) }).toEqual({
        status: 200,
        sizes: Array.from({ length: count }, () => size),
      });
    });

    test("a request's line of 16 KiB, and 31 KiB of headers in any sizes, reach the program", async () => {
      expect(await kind().get(server, `${query(1)}&own=${long(16_200)}`)).toMatchObject({ status: 200 });
      for (const sizes of [
        [7700, 7700, 7700, 7700],
        [9000, 9000, 9000],
        [16_200, 15_000],
        [1000, 16_300, 14_000],
      ]) {
        const words = sizes.flatMap((size, name) => ["-H", `X-Own-${name}: ${long(size)}`]);
        expect(await kind().get(server, query(1), ...words), `${sizes}`).toMatchObject({ status: 200 });
      }
    });

    test("a request's 900 headers reach the program", async () => {
      const words = Array.from({ length: 900 }, (_, number) => ["-H", `X-${number}: a`]).flat();
      expect(await kind().get(server, query(1), ...words)).toMatchObject({ status: 200 });
    });
  });
}
