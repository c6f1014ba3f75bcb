import { browser, contains, form, found, upload, type Visitor } from "./visitor.ts";

const password = "a-long-password-of-kim";

/** What its documentation says for production; whitenoise serves the static files of the admin site. */
const settings = `
import os
DEBUG = False
ALLOWED_HOSTS = [os.environ["SITE"]]
SECRET_KEY = os.environ["SITE"] * 9
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
STATIC_ROOT = BASE_DIR / "static"
MEDIA_ROOT = BASE_DIR / "media"
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
INSTALLED_APPS.append("documents")
`;
const models = `from django.db import models
class Document(models.Model):
    file = models.FileField(upload_to="kept")
`;
const admin = `from django.contrib import admin
from .models import Document
admin.site.register(Document)
`;
const urls = `
import asyncio, time
from django.http import FileResponse, StreamingHttpResponse
from documents.models import Document
def last(request):
    return FileResponse(Document.objects.last().file.open())
def stream(request):
    def events():
        for n in range(4):
            yield f"{time.time()}\\n"
            time.sleep(1)
    async def later():
        for n in range(4):
            yield f"{time.time()}\\n"
            await asyncio.sleep(1)
    # Of each interface its own kind of generator, as Django's documentation asks.
    return StreamingHttpResponse(later() if hasattr(request, "scope") else events(), content_type="text/event-stream")
urlpatterns += [path("last", last), path("stream", stream)]
`;

/** By paths inside the home: an application beside the project, and what {@link setUpDjango} adds to that. */
export const djangoFiles: Readonly<Record<string, string>> = {
  "documents/__init__.py": "",
  "documents/models.py": models,
  "documents/admin.py": admin,
  "added/settings.py": settings,
  "added/urls.py": urls,
};

/** Makes a project with Django's own commands, in the home, as its owner does over SSH. @param python the interpreter to use */
export const setUpDjango = (python: string): string =>
  [
    `${python} -m django startproject mysite .`,
    "cat added/settings.py >>mysite/settings.py",
    "cat added/urls.py >>mysite/urls.py",
    `export SITE=none DJANGO_SUPERUSER_PASSWORD=${password}`,
    `${python} manage.py makemigrations documents`,
    `${python} manage.py migrate`,
    `${python} manage.py collectstatic --no-input`,
    `${python} manage.py createsuperuser --no-input --username kim --email kim@example.org`,
  ].join(" && ");

/** Says for each line of the stream how long after it was sent it arrived, in whole seconds. */
const reader = `import http.client, sys, time
connection = http.client.HTTPConnection("::1", 80, timeout=20)
connection.request("GET", "/stream", headers={"Host": sys.argv[1]})
answer = connection.getresponse()
for n in range(4):
    sent = float(answer.readline())
    print(int(time.time() - sent))`;

/**
 * Logs in to the admin site over HTTPS, with its static files and checks of origins, uploads a file, reads it and a stream, and finds the session after a rest.
 * @param get over HTTPS
 * @throws with what was seen instead
 */
export async function visitDjango({ site, get, python, rest }: Visitor): Promise<void> {
  const kim = [...browser(site), "-H", `Origin: https://${site}`, "-H", `Referer: https://${site}/`];
  const token = /name="csrfmiddlewaretoken" value="(\w+)"/;
  const start = await get("/admin/login/?next=/admin/", 200, ...kim);
  contains(await get(found(start, /href="([^"]+base\.css)"/)), ":root");
  const login = { csrfmiddlewaretoken: found(start, token), username: "kim", password, next: "/admin/" };
  await get("/admin/login/", 403, ...form(login));
  const answer = await get("/admin/login/", 302, "-i", ...kim, ...form(login));
  found(answer, /(set-cookie: sessionid=.*; secure)/i);
  contains(await get("/admin/", 200, ...kim), "Documents");

  const text = "a line of a document\n".repeat(200_000);
  await python(`open("/root/document.txt", "w").write("a line of a document\\n" * 200_000)`);
  const add = await get("/admin/documents/document/add/", 200, ...kim);
  const sent = { csrfmiddlewaretoken: found(add, token), file: "@/root/document.txt" };
  await get("/admin/documents/document/add/", 302, ...kim, ...upload(sent));
  const kept = await get("/last");
  if (kept.trim() !== text.trim()) throw new Error(`/last has ${kept.length} characters`);

  await rest();
  contains(await get("/admin/documents/document/", 200, ...kim), "Document object (1)");
  const late = await python(reader);
  if (late !== "0\n".repeat(4)) throw new Error(`lines of the stream arrived so many seconds late: ${late}`);
}
