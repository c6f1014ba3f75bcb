const form = (text: string) => ["--data", text];

/** Attacks, each with what it must be told apart from: a path and words for curl. */
export const attacks: Readonly<Record<string, readonly [attack: readonly string[], twin: readonly string[]]>> = {
  "SQL in a query": [["/?id=1%27%20OR%20%271%27=%271"], ["/?id=O%27Brien%20or%20Smith"]],
  "a script in a form": [
    ["/", ...form("text=<script>alert(document.cookie)</script>")],
    ["/", ...form("text=a quiet evening")],
  ],
  "a path out of the site in a query": [["/?file=../../../../etc/passwd"], ["/?file=reports/2026.pdf"]],
  "a command of a shell": [["/?host=x;cat%20/etc/passwd"], ["/?host=cat.example"]],
  "SQL in JSON": [
    ["/", "-H", "Content-Type: application/json", ...form('{"id":"1\' UNION SELECT password FROM users--"}')],
    ["/", "-H", "Content-Type: application/json", ...form('{"id":"union of users"}')],
  ],
};

/** Those that level `basic` refuses too. */
export const sure = ["a script in a form", "a path out of the site in a query", "a command of a shell", "SQL in JSON"];
