import { contains, upload, type Visitor, words } from "./visitor.ts";

/** Debian's lets nobody write until its owner has said who may, in what the account has of /var/lib since the first request. */
const everybodyWrites = (account: string) => `import os, pathlib
state = pathlib.Path("/srv/accounts/${account}/lib/dokuwiki")
acl = state / "acl"
acl.mkdir(exist_ok=True)
(acl / "acl.auth.php").write_text("*\\t@ALL\\t8\\n")
(acl / "users.auth.php").touch()
for path in (acl, *acl.iterdir()):
    os.chown(path, state.stat().st_uid, state.stat().st_gid)`;

/** Shows a page and its style sheets, uploads a file, and reads that. */
export async function visitDokuWiki({ user, get, python }: Visitor): Promise<void> {
  contains(await get("/doku.php?id=start&do=edit"), "DokuWiki");
  await get("/lib/exe/css.php");
  await python(everybodyWrites(user.slice(1)));
  await python(words);
  const sent = { call: "mediaupload", ns: "own", qqfile: "@/root/words.txt;filename=words.zip;type=application/zip" };
  contains(await get("/lib/exe/ajax.php", 200, ...upload(sent)), '"success":true');
  contains(await get("/lib/exe/fetch.php?media=own:words.zip"), "a word ".repeat(500_000));
  // Its .htaccess refuses what it does not want to be read.
  await get("/inc/init.php", 403);
}
