import { expect, test } from "vitest";
import type { AppliedHost } from "../../../testing/fakes/applied-host.ts";
import { inside } from "../../../testing/fakes/inside-sandbox.ts";

/** Maps a file anew again and again, which gives it a new time, until it is told that it is enough; then writes to what it has mapped, without a new time. */
const program = `import mmap, os, time
def wait(name, each):
    while not os.path.exists(name):
        each()
        time.sleep(0.02)
def anew():
    global page
    with open("mapped", "r+b") as file:
        page = mmap.mmap(file.fileno(), 4096)
    page[0:5] = b"first"
open("mapped", "wb").write(bytes(4096))
wait("enough", anew)
anew()
open("begun", "w").close()
wait("go-on", lambda: None)
page[0:5] = b"again"
open("ended", "w").close()
`;

/** What restic, which goes by times and size, would leave out; on a host with backups of account 1. */
export function mappedCases(web: () => AppliedHost): void {
  test("a backup has what a program has written to a file that it has mapped, although no time of the file tells it", async () => {
    const home = "/srv/accounts/1/home";
    await inside(
      web().host,
      1,
      `cat >mapped.py <<'END'\n${program}END\nsetsid python3 mapped.py </dev/null >/dev/null 2>&1 &`,
    );
    await web().until(`grep -q first ${home}/mapped`);
    // Its last new time comes after the backup has begun, with the dumps of databases, and before files are read.
    await web().shell(
      `(until test -d /srv/accounts/backups/1; do sleep 0.01; done; touch ${home}/enough) & fairhost-host backup 1; test -e ${home}/begun`,
    );
    const changed = await web().shell(`stat -c %.9Z ${home}/mapped; touch ${home}/go-on`);
    await web().until(`test -e ${home}/ended`);
    expect(await web().shell(`stat -c %.9Z ${home}/mapped; head -c 5 ${home}/mapped`)).toBe(`${changed}\nagain`);
    await web().shell(`fairhost-host backup 1 && rm ${home}/mapped`);
    await web().shell("fairhost-host restore-backup 1 files mapped --in-place");
    expect(
      await web().shell(`head -c 5 ${home}/mapped; cd ${home} && rm mapped mapped.py enough begun go-on ended`),
    ).toBe("again");
  });
}
