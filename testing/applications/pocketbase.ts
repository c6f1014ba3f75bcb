import { realtime } from "./scripts.ts";
import { contains, upload, type Visitor, words } from "./visitor.ts";

export const setUpPocketBase = "bin/base superuser upsert kim@example.org 'a long password' --dir data";

/** Makes a collection as its administrator, uploads a file into a record of it, reads that, and gets an event. */
export async function visitPocketBase({ get, python }: Visitor): Promise<void> {
  contains(await get("/api/health"), "API is healthy");
  contains(await get("/_/"), "PocketBase");
  const json = (value: object) => ["-H", "Content-Type: application/json", "-d", JSON.stringify(value)];
  const kim = json({ identity: "kim@example.org", password: "a long password" });
  const { token } = JSON.parse(await get("/api/collections/_superusers/auth-with-password", 200, ...kim)) as {
    token: string;
  };
  const fields = [{ name: "file", type: "file", maxSize: 10_000_000 }];
  const papers = json({ name: "papers", type: "base", createRule: "", viewRule: "", fields });
  await get("/api/collections", 200, "-H", `Authorization: ${token}`, ...papers);
  await python(words);
  const sent = await get("/api/collections/papers/records", 200, ...upload({ file: "@/root/words.txt" }));
  const { id, file } = JSON.parse(sent) as { id: string; file: string };
  contains(await get(`/api/files/papers/${id}/${file}`), "a word ".repeat(500_000));
  contains(await python(realtime), "id:");
}
