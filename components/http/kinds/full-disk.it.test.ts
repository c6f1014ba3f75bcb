import { afterAll, beforeAll, expect, test } from "vitest";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import { tellingServers } from "../../../testing/telling-servers.ts";
import { servers as kinds } from "./servers.generated.ts";

/** Servers of an account whose disk is full start and answer. */
const telling = tellingServers.filter(({ server }) => kinds[server.kind].wake !== "front end");

let kind: KindHost;
beforeAll(async () => {
  const files = Object.assign({}, ...telling.map((each) => each.files));
  kind = await bootKind(
    "full-disk",
    telling.map(({ server }) => server),
    files,
  );
  // What the home has, on a file system with no room beside it.
  await kind.sh(`cd /srv/accounts/1 && systemctl stop account-1-http-program.service && cp -a home /root/home
mount -t tmpfs -o size=256k,mode="$(stat -c %a home)" full home && cp -a /root/home/. home/ && chown --reference=/root/home home
dd if=/dev/zero of=home/rest bs=4k 2>/dev/null || systemctl restart fairhost-view.service`);
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test.each(telling.map(({ server }) => server.name))("%s starts and answers", async (name) => {
  expect((await kind.sh("df --output=avail /srv/accounts/1/home | tail -n 1")).trim()).toBe("0");
  await kind.getUntil(name, ({ status }) => status === 200, 60);
});

test("PHP: an upload without room is told to the script", async () => {
  await kind.sh("head -c 300000 /dev/zero >/root/upload");
  // UPLOAD_ERR_CANT_WRITE
  expect((await kind.get("php", "/full", "-F", "file=@/root/upload")).body).toBe("7");
});
