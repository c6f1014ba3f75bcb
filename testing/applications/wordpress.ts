import { browser, contains, form, found, upload, type Visitor } from "./visitor.ts";

/** Debian's packages of WordPress: the program, and the theme of new sites. */
export const wordpressPackages: readonly string[] = ["wordpress", "wordpress-theme-twentytwentyfive"];

/**
 * Unpacks it into the directory `wordpress` of a home, as its makers' archive is: with the libraries that Debian has beside it, and without Debian's
 * settings, which are root's in /etc.
 * @param home its path
 * @returns a command for root
 */
export const unpackWordPress = (home: string): string =>
  `cp -rL /usr/share/wordpress ${home} && rm ${home}/wordpress/wp-config.php ${home}/wordpress/.htaccess`;

const picture = `import struct, zlib
def part(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\\0" + bytes((x ^ y) & 255 for x in range(640) for _ in range(3)) for y in range(480))
head = struct.pack(">IIBBBBB", 640, 480, 8, 2, 0, 0, 0)
with open("/root/picture.png", "wb") as file:
    file.write(b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))`;

/**
 * Installs WordPress by its own pages, logs in, chooses pretty addresses, writes a post, uploads a picture, and finds all of it after a rest, still logged in.
 * @throws with what was seen instead
 */
export async function visitWordPress({ user, get, python, rest }: Visitor): Promise<void> {
  const kim = browser("wordpress");
  const asked = { dbname: `${user}_own`, uname: user, pwd: "any", dbhost: "localhost", prefix: "wp_", language: "" };
  contains(await get("/wp-admin/setup-config.php?step=2", 200, ...form(asked)), "Run the installation");
  const password = "a long password of kim";
  const owner = {
    ...{ weblog_title: "Own site", user_name: "kim", admin_password: password, admin_password2: password },
    ...{ pw_weak: "on", admin_email: "kim@example.org", blog_public: "0", language: "", Submit: "Install WordPress" },
  };
  contains(await get("/wp-admin/install.php?step=2", 200, ...form(owner)), "WordPress has been installed");

  await get("/wp-login.php", 200, ...kim);
  const login = { log: "kim", pwd: password, "wp-submit": "Log In", redirect_to: "/wp-admin/", testcookie: "1" };
  await get("/wp-login.php", 302, ...kim, ...form(login));
  contains(await get("/wp-admin/", 200, ...kim), "Howdy, ");

  const addresses = await get("/wp-admin/options-permalink.php", 200, ...kim);
  const chosen = {
    ...{ _wpnonce: found(addresses, /name="_wpnonce" value="(\w+)"/), selection: "custom" },
    ...{ permalink_structure: "/read/%postname%/", submit: "Save Changes" },
  };
  await get("/wp-admin/options-permalink.php", 302, ...kim, ...form(chosen));
  // Where the browser is sent to: it writes .htaccess.
  await get("/wp-admin/options-permalink.php?settings-updated=true", 200, ...kim);

  const editor = await get("/wp-admin/post-new.php", 200, ...kim);
  const nonce = found(editor, /createNonceMiddleware\( "(\w+)" \)/);
  const post = {
    title: "Own post",
    content: "<!-- wp:paragraph --><p>Hello.</p><!-- /wp:paragraph -->",
    status: "publish",
  };
  const json = ["-H", "Content-Type: application/json", "-H", `X-WP-Nonce: ${nonce}`, "-d", JSON.stringify(post)];
  const { link } = JSON.parse(await get("/wp-json/wp/v2/posts", 201, ...kim, ...json)) as { link: string };
  contains(link, "/read/own-post/");

  await python(picture);
  const library = await get("/wp-admin/media-new.php", 200, ...kim);
  const sent = {
    ...{ name: "picture.png", action: "upload-attachment", "async-upload": "@/root/picture.png;type=image/png" },
    _wpnonce: found(library, /"multipart_params":\{[^}]*"_wpnonce":"(\w+)"/),
  };
  const media = await get("/wp-admin/async-upload.php", 200, ...kim, ...upload(sent));
  const { data } = JSON.parse(media) as { data: { sizes: Record<string, { url: string }> } };
  const medium = new URL(data.sizes.medium!.url).pathname;

  await rest();
  contains(await get("/wp-admin/edit.php", 200, ...kim), "Own post");
  contains(await get("/read/own-post/"), "Own post");
  contains(await get(medium, 200, "-I"), "image/png");
  const comment = {
    comment: "Well said.",
    author: "Lee",
    email: "lee@example.org",
    comment_post_ID: "1",
    comment_parent: "0",
  };
  await get("/wp-comments-post.php", 302, ...form(comment));
  await get("/read/nothing/", 404);
  await get("/wp-cron.php");
  const call = `<?xml version="1.0"?><methodCall><methodName>wp.getUsersBlogs</methodName><params><param><value>kim</value></param><param><value>${password}</value></param></params></methodCall>`;
  contains(await get("/xmlrpc.php", 200, "-H", "Content-Type: text/xml", "-d", call), "Own site");
}
