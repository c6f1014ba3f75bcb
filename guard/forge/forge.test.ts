import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fakeForge } from "../../testing/fakes/fake-forge.ts";
import { comment, type Forge, withdrawComments } from "./forge.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";

const marker = "<!-- fairhost-guard: inventory/prod -->";
const token = "ghs_very-secret";
const quick = 0.001;

const forges: Readonly<Record<string, (url: string) => Promise<Forge> | Forge>> = {
  github: (url) => github({ GITHUB_TOKEN: token, GITHUB_REPOSITORY: "acme/fleet", GITHUB_API_URL: url }, 7, quick),
  gitlab: (url) =>
    gitlab(
      { GITLAB_TOKEN: token, CI_PROJECT_ID: "12", CI_API_V4_URL: url, CI_MERGE_REQUEST_IID: "7" },
      undefined,
      quick,
    ),
};

test.each(Object.keys(forges))(
  "%s: one comment is created, then rewritten, then left unchanged, on whichever page it is",
  async (name) => {
    await using fake = await fakeForge();
    fake.user = "guard";
    const forge = await forges[name]!(fake.url);
    for (const id of [1, 2, 3]) fake.comments.push({ id, body: `Looks good ${id}`, author: "someone" });
    expect(await comment(forge, `${marker}\nfirst\n`)).toBe("created");
    for (const id of [5, 6]) fake.comments.push({ id, body: "More", author: "someone" });
    expect(await comment(forge, `${marker}\nsecond\n`)).toBe("updated");
    expect(await comment(forge, `${marker}\nsecond\n`)).toBe("unchanged");
    expect(await comment(forge, "<!-- fairhost-guard: inventory/prod second -->\nother cell\n")).toBe("created");
    expect(fake.comments.filter(({ author }) => author === "guard").map(({ body }) => body)).toEqual([
      `${marker}\nsecond\n`,
      "<!-- fairhost-guard: inventory/prod second -->\nother cell\n",
    ]);
    for (const { headers, path, body } of fake.requests) {
      expect(headers[name === "github" ? "authorization" : "private-token"]).toContain(token);
      expect(path + body).not.toContain(token);
    }
  },
);

test.each(Object.keys(forges))(
  "%s: the comment on a cell that is no longer touched is withdrawn, once, and can come back",
  async (name) => {
    await using fake = await fakeForge();
    fake.user = "guard";
    const forge = await forges[name]!(fake.url);
    const of = (cell: string) => `<!-- fairhost-guard: inventory/prod ${cell} -->\nBlocked\n`;
    const kept = [of("main"), `${marker}\nthe whole fleet\n`, of("main").replace("prod", "production"), "By hand"];
    for (const [id, body] of [...kept, of("second")].entries()) fake.comments.push({ id, body, author: "guard" });
    fake.comments.push({ id: 9, body: of("second"), author: "someone" });
    expect(await withdrawComments(forge, "inventory/prod", ["main"])).toBe(1);
    const bodies = fake.comments.map(({ body }) => body);
    expect([bodies.slice(0, 4), bodies[5]]).toEqual([kept, of("second")]);
    expect(bodies[4]).toMatch(/^<!-- fairhost-guard: inventory\/prod second -->\n\n### Nothing to review\n/);
    expect(await withdrawComments(forge, "inventory/prod", ["main"])).toBe(0);
    expect(await comment(forge, of("second"))).toBe("updated");
    expect(await withdrawComments(forge, "inventory/prod", ["main", "second"])).toBe(0);
  },
);

test.each(Object.keys(forges))(
  "%s: another person's comment is never rewritten, even if it begins like the guard's",
  async (name) => {
    await using fake = await fakeForge();
    fake.comments.push({ id: 1, body: `${marker}\nSafe: nothing found`, author: "mallory" });
    fake.user = "guard";
    expect(await comment(await forges[name]!(fake.url), `${marker}\nBlocked`)).toBe("created");
    expect(fake.comments[0]!.body).toBe(`${marker}\nSafe: nothing found`);
  },
);

test("github: with a workflow's own token, comments of a bot are its own", async () => {
  await using fake = await fakeForge();
  fake.comments.push({ id: 1, body: `${marker}\nforged`, author: "mallory" });
  const forge = await forges.github!(fake.url);
  expect(await comment(forge, `${marker}\nfirst`)).toBe("created");
  expect(await comment(forge, `${marker}\nsecond`)).toBe("updated");
  expect(fake.comments.map(({ body }) => body)).toEqual([`${marker}\nforged`, `${marker}\nsecond`]);
});

test("requests to a busy or broken forge are retried, after the time that it demands", async () => {
  await using fake = await fakeForge();
  fake.user = "guard";
  fake.failures.push(
    [429, { "retry-after": "0" }],
    [502],
    [403, { "retry-after": "0" }],
    [503, { "retry-after": new Date().toUTCString() }],
  );
  expect(await comment(await forges.github!(fake.url), `${marker}\nfirst`)).toBe("created");
  expect(fake.requests.map(({ method }) => method)).toEqual(["GET", "GET", "GET", "GET", "GET", "GET", "POST"]);
});

test("a comment that was created although the request failed is not created twice", async () => {
  await using fake = await fakeForge();
  fake.user = "guard";
  const forge = await forges.github!(fake.url);
  fake.failures.push(undefined, undefined, { after: [502] });
  expect(await comment(forge, `${marker}\nonce`)).toBe("unchanged");
  expect(fake.comments).toHaveLength(1);
});

test("a forge that stays broken, or refuses, gives a readable error without the token", async () => {
  await using fake = await fakeForge();
  const forge = await forges.github!(fake.url);
  fake.failures.push(...Array(5).fill([500, {}, `{"message":"boom ${token}"}`]));
  await expect(comment(forge, marker)).rejects.toThrow(
    /^GitHub: answers 500 to GET http:\/\/127.0.0.1:\d+\/user: boom \*\*\*\.$/,
  );
  fake.user = "guard";
  fake.failures.push(
    [200, {}, '{"login":"guard"}'],
    [200, {}, "[]"],
    [403, {}, '{"message":"Resource not accessible by integration"}'],
  );
  await expect(comment(forge, marker)).rejects.toThrow(
    /Resource not accessible by integration\. The token may lack the permission to write comments here\.$/,
  );
  fake.failures.push([401, {}, '{"message":"Bad credentials"}']);
  await expect(comment(forge, marker)).rejects.toThrow(/Bad credentials\. Check the token/);
  await expect(comment(await forges.github!("http://127.0.0.1:9"), marker)).rejects.toThrow(/^GitHub: GET .* failed: /);
});

test("a next page on another server is not followed: the token would be sent there", async () => {
  await using fake = await fakeForge();
  fake.user = "guard";
  fake.failures.push({ after: [200, {}, '{"login":"guard"}'] }, [
    200,
    { link: '<https://evil.example/next>; rel="next"' },
    "[]",
  ]);
  await expect(comment(await forges.github!(fake.url), marker)).rejects.toThrow(
    "The next page of a list is on https://evil.example, not on http://127.0.0.1",
  );
});

test("missing settings are named", async () => {
  const scratch = await mkdtemp(join(tmpdir(), "fairhost-forge-"));
  const event = join(scratch, "event.json");
  await writeFile(event, '{"ref":"refs/heads/main"}');
  try {
    await expect(github({})).rejects.toThrow("GITHUB_TOKEN is not set");
    await expect(github({ GITHUB_TOKEN: token })).rejects.toThrow("GITHUB_REPOSITORY is not set to owner/name");
    const pushed = { GITHUB_TOKEN: token, GITHUB_REPOSITORY: "acme/fleet", GITHUB_EVENT_PATH: event };
    await expect(github(pushed)).rejects.toThrow("this run is not for a pull request");
    expect(() => gitlab({})).toThrow("neither GITLAB_TOKEN nor CI_JOB_TOKEN is set");
    expect(() => gitlab({ CI_JOB_TOKEN: token })).toThrow("CI_API_V4_URL or CI_PROJECT_ID is not set");
    expect(() => gitlab({ CI_JOB_TOKEN: token, CI_API_V4_URL: "x", CI_PROJECT_ID: "1" })).toThrow(
      "not for a merge request",
    );
    await expect(comment({} as Forge, "no marker")).rejects.toThrow("does not begin with the guard's marker line");
  } finally {
    await rm(scratch, { recursive: true });
  }
});

test.each(Object.keys(forges))(
  "%s: the token follows a redirection on the forge's own server, and to no other",
  async (name) => {
    await using own = await fakeForge();
    await using other = await fakeForge();
    own.user = other.user = "guard";
    const forge = await forges[name]!(own.url);
    own.failures.push([307, { location: `${own.url}/user` }]);
    expect(await comment(forge, `${marker}\nfirst\n`)).toBe("created");
    for (const status of [301, 302, 307, 308]) {
      own.failures.push([status, { location: `${other.url}/user` }]);
      await expect(comment(forge, `${marker}\nsecond\n`)).rejects.toThrow(
        /is redirected to .*, another server: the token was not sent/,
      );
    }
    expect(other.requests).toEqual([]);
  },
);
