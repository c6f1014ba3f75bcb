"""Makes files of three registries: make-registry.py DIRECTORY ADDRESS. Each has an application, and what it depends on."""
import base64, hashlib, io, json, os, sys, tarfile, zipfile

directory, address = sys.argv[1:]


def write(path, content):
    path = os.path.join(directory, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def npm(name, files, **manifest):
    manifest = {"name": name, "version": "1.0.0", **manifest}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, content in {"package.json": json.dumps(manifest), **files}.items():
            entry = tarfile.TarInfo("package/" + path)
            entry.size, entry.mode = len(content), 0o755 if path.startswith("bin/") else 0o644
            archive.addfile(entry, io.BytesIO(content.encode()))
    data = data.getvalue()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    dist = {"tarball": f"{address}/tarballs/{name}.tgz", "integrity": integrity}
    write(f"tarballs/{name}.tgz", data)
    write(f"npm/{name}", json.dumps({"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {**manifest, "dist": dist}}}))


def wheel(name, module, content, requires=(), scripts=""):
    info = f"{name}-1.0.dist-info"
    files = {
        f"{module}.py": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + "".join(f"Requires-Dist: {each}\n" for each in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": scripts,
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    file = f"{name}-1.0-py3-none-any.whl"
    write(f"simple/{name.replace('_', '-')}/{file}", data.getvalue())
    write(f"simple/{name.replace('_', '-')}/index.html", f'<a href="{file}">{file}</a>')


def composer(name, files, **manifest):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    file = name.replace("/", "-") + ".zip"
    write(f"composer/{file}", data.getvalue())
    dist = {"type": "zip", "url": f"{address}/composer/{file}", "shasum": hashlib.sha1(data.getvalue()).hexdigest()}
    return name, {"1.0.0": {"name": name, "version": "1.0.0", "dist": dist, **manifest}}


npm("words", {"index.js": 'exports.hello = (whom) => "hello " + whom;\n'})
npm(
    "greeter",
    {
        "server.js": """const { hello } = require("words"), { readFileSync } = require("node:fs");
require("node:http").createServer((_, response) => response.end(hello("from node, " + readFileSync("built", "utf8")))).listen(process.env.PORT);
""",
        "bin/greet.js": '#!/usr/bin/env node\nconsole.log(require("words").hello("shell"));\n',
    },
    bin={"greet": "bin/greet.js"},
    dependencies={"words": "^1.0.0"},
)
wheel("words", "words", "def hello(whom):\n    return 'hello ' + whom\n")
wheel(
    "greeter",
    "greeter",
    """from words import hello
def application(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [hello("from python").encode()]
def main():
    print(hello("shell"))
""",
    ["words"],
    "[console_scripts]\ngreet = greeter:main\n",
)
packages = dict(
    [
        composer("acme/words", {"words.php": "<?php\nfunction hello($whom) { return 'hello ' . $whom; }\n"}, autoload={"files": ["words.php"]}),
        composer(
            "acme/greeter",
            {"src/Greeter.php": "<?php\nnamespace Acme;\nclass Greeter { static function greet() { return hello('from php'); } }\n", "bin/greet": "#!/usr/bin/env php\n<?php require $_composer_autoload_path; echo Acme\\Greeter::greet(), PHP_EOL;\n"},
            autoload={"psr-4": {"Acme\\": "src/"}},
            require={"acme/words": "^1.0"},
            bin=["bin/greet"],
        ),
    ]
)
write("composer/packages.json", json.dumps({"packages": packages}))
