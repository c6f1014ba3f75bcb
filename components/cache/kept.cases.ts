import { describe, expect, test } from "vitest";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A visitor of the account alice, whose program says how often it was asked (testing/programs/cacheable.mjs). */
interface Visitor {
  /** Asks the front end, with more words for curl. */
  get(address: string, ...words: readonly string[]): Promise<Answer>;
  body(address: string, ...words: readonly string[]): Promise<string>;
  /** The header Cache-Status, without how long it lives. */
  seen(address: string, ...words: readonly string[]): Promise<string | undefined>;
}

export const minute = "Cache-Control=max-age=60";
export const header = (line: string) => ["-H", line];
export const kept = "fairhost; fwd=miss; stored";
export const hit = "fairhost; hit; ttl";

/** What a cache keeps, and for whom. */
export function keptCases({ get, body, seen }: Visitor): void {
  describe("what is kept", () => {
    test.each([
      ["what says how long", `${minute}`],
      ["what says it for shared caches", "Cache-Control=max-age=0,s-maxage=60"],
      ["what says when it ends", `Expires=${new Date(Date.now() + 3_600_000).toUTCString().replaceAll(" ", "%20")}`],
      ["an answer without its length", `${minute}&chunked=200000`],
      ["an answer for the disk", `${minute}&bytes=2000000`],
    ])("%s", async (what, query) => {
      const address = `app.alice.test/kept/${what.replaceAll(" ", "-")}?${query}`;
      expect(await seen(address)).toBe(kept);
      const again = await get(address);
      expect(again.headers["cache-status"]).toMatch(/^fairhost; hit; ttl=\d+$/);
      expect(again.headers.age).toMatch(/^\d$/);
      expect(again.body).toMatch(/1$/);
    });

    test.each([
      ["what says nothing", "q=1"],
      ["what has only a date", "Last-Modified=Thu,%2001%20Jan%202026%2000:00:00%20GMT"],
      ["what is private", "Cache-Control=private,max-age=60"],
      ["what must not be stored", "Cache-Control=no-store,max-age=60"],
      ["what sets a cookie", `${minute}&Set-Cookie=a=b`],
      ["what differs by everything", `${minute}&Vary=*`],
      ["what is larger than a quarter of the cache", `${minute}&bytes=9000000`],
      ["what has a validator alone", "ETag=%22x%22"],
      ["a stream of events", `${minute}&Content-Type=text/event-stream`],
    ])("not %s", async (what, query) => {
      const address = `app.alice.test/not/${what.replaceAll(" ", "-")}?${query}`;
      for (const number of [1, 2]) {
        const answer = await get(address);
        expect(answer.headers["cache-status"]).not.toMatch(/hit|stored/);
        expect(answer.body.endsWith(`${number}`)).toBe(true);
      }
    });

    test("not what turns out to be larger, which arrives whole, and is not tried again each time", async () => {
      const address = `app.alice.test/grows?${minute}&chunked=40000000`;
      for (const number of [2, 3]) {
        const answer = await get(address);
        expect(answer.headers["cache-status"]).not.toMatch(/hit|stored/);
        expect([answer.body.length, answer.body.at(-1)]).toEqual([40_042_496, `${number}`]);
      }
    });

    test("not for a visitor with a password of the program, or with a cookie unless it is public", async () => {
      const own = `app.alice.test/own?${minute}`;
      expect(await seen(own)).toBe(kept);
      expect(await body(own, ...header("Authorization: Bearer x"))).toBe("app GET 2");
      expect(await body(own, ...header("Cookie: session=1"))).toBe("app GET 3");
      expect(await body(own)).toBe("app GET 1");
      const everybody = "app.alice.test/public?Cache-Control=public,max-age=60";
      expect(await body(everybody, ...header("Cookie: session=1"))).toBe("app GET 1");
      expect(await body(everybody, ...header("Cookie: session=2"))).toBe("app GET 1");
    });

    test("each form of what differs by a header, apart", async () => {
      const address = `app.alice.test/vary?${minute}&Vary=Accept-Language&echo=Accept-Language`;
      expect(await body(address, ...header("Accept-Language: de"))).toBe("app GET 1 de");
      expect(await body(address, ...header("Accept-Language: fr"))).toBe("app GET 2 fr");
      expect(await body(address, ...header("Accept-Language: de"))).toBe("app GET 1 de");
    });

    test("parts and conditions are answered of what is kept; without it, a part comes from the program alone", async () => {
      const address = `app.alice.test/part?${minute}&ETag=%22x%22&bytes=1000`;
      expect(await seen(address, "-r", "5-9")).toBe("fairhost; fwd=miss");
      expect(await seen(address)).toBe(kept);
      expect(await get(address, "-r", "5-9")).toMatchObject({
        status: 206,
        headers: { "content-range": "bytes 5-9/1000" },
      });
      expect(await get(address, ...header('If-None-Match: "x"'))).toMatchObject({ status: 304, body: "" });
    });

    test("what is stale is given while it is fetched, or if that fails, only where it says so", async () => {
      const stale = (name: string, control: string) =>
        `app.alice.test/${name}?Cache-Control=max-age=1${control}&status=500`;
      const [meanwhile, failing, never] = [
        stale("meanwhile", ",stale-while-revalidate=60"),
        stale("failing", ",stale-if-error=60"),
        stale("never", ""),
      ];
      for (const each of [meanwhile, failing, never]) expect(await body(each)).toBe("app GET 1");
      await expect.poll(() => get(never), { timeout: 10_000 }).toMatchObject({ status: 500 });
      expect(await get(meanwhile)).toMatchObject({ status: 200, body: "app GET 1" });
      expect(await get(failing)).toMatchObject({ status: 200, body: "app GET 1" });
      expect((await get(failing)).headers["cache-status"]).toMatch(/^fairhost; hit; ttl=(?:-\d+|0)$/);
    });

    // A fetch in the background never waits for a thread (varnishd: `bgfetch_no_thread`): without a free one it is given up, on a quiet web site each time.
    test("what is stale is fetched anew by the one visitor who asks, and nobody else", async () => {
      const address = "app.alice.test/anew?Cache-Control=max-age=1,stale-while-revalidate=3600";
      expect(await body(address)).toBe("app GET 1");
      await expect.poll(() => body(address), { interval: 1500, timeout: 15_000 }).toBe("app GET 2");
    });

    test("no longer once something has changed it, or a visitor wants it fresh", async () => {
      const address = `app.alice.test/changed?${minute}`;
      expect(await body(address)).toBe("app GET 1");
      expect(await body(address, "-X", "POST", "-d", "x")).toBe("app POST 2");
      expect(await body(address)).toBe("app GET 3");
      expect(await body(address, ...header("Cache-Control: no-cache"))).toBe("app GET 4");
      expect(await body(address)).toBe("app GET 4");
    });
  });
}
