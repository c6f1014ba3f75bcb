import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** One comment as the fake forge keeps it. */
export interface Kept {
  readonly id: number;
  body: string;
  readonly author: string;
}

/** A request that arrived. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Answer = readonly [status: number, headers?: Readonly<Record<string, string>>, body?: string];

/** A local HTTP server in place of GitHub's and GitLab's comments, two a page, for tests. */
export interface FakeForge extends AsyncDisposable {
  readonly url: string;
  readonly comments: Kept[];
  readonly requests: Arrived[];
  /** Answers given to the next requests in place of the real ones; `after`: once the request was carried out; `undefined`: the real one. */
  readonly failures: (Answer | { readonly after: Answer } | undefined)[];
  /** Answer of `GET /user`; `undefined`: refused, as for a workflow's token. */
  user: string | undefined;
}

const pageSize = 2;

export async function fakeForge(): Promise<FakeForge> {
  const comments: Kept[] = [];
  const requests: Arrived[] = [];
  const failures: FakeForge["failures"] = [];
  const forge = { comments, requests, failures, user: undefined as string | undefined };
  const shown = ({ id, body, author }: Kept) => ({
    ...{ id, body, system: false },
    user: { login: author, type: author.endsWith("[bot]") ? "Bot" : "User" },
    author: { id: author.length },
  });

  function act({ method, path, body }: Arrived, url: URL): Answer {
    if (path === "/user") {
      return forge.user === undefined
        ? [403, {}, '{"message":"Resource not accessible by integration"}']
        : [200, {}, JSON.stringify({ login: forge.user, id: forge.user.length })];
    }
    const text = body === "" ? "" : (JSON.parse(body) as { body: string }).body;
    if (method === "GET") {
      const page = Number(url.searchParams.get("page") ?? 1);
      const own = comments.slice((page - 1) * pageSize, page * pageSize).map(shown);
      const next = new URL(url);
      next.searchParams.set("page", `${page + 1}`);
      return [
        200,
        page * pageSize < comments.length ? { link: `<${next.href}>; rel="next"` } : {},
        JSON.stringify(own),
      ];
    }
    if (method === "POST") {
      comments.push({ id: comments.length + 1, body: text, author: forge.user ?? "github-actions[bot]" });
      return [201, {}, "{}"];
    }
    const comment = comments.find(({ id }) => path.endsWith(`/${id}`));
    if (!comment) return [404, {}, '{"message":"Not Found"}'];
    comment.body = text;
    return [200, {}, "{}"];
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url!, `http://${request.headers.host}`);
    const arrived = {
      method: request.method!,
      path: url.pathname,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(arrived);
    const failure = failures.shift();
    let answer: Answer;
    if (failure === undefined) answer = act(arrived, url);
    else if ("after" in failure) {
      act(arrived, url);
      answer = failure.after;
    } else answer = failure;
    const [status, headers = {}, body = ""] = answer;
    response.writeHead(status, { ...headers, connection: "close" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(forge, {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}
