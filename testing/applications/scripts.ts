/** Starts a kernel, has it compute, and waits for the answer: the protocol of Jupyter over HTTP, a WebSocket and ZeroMQ. */
export const kernel = `import asyncio, json, sys, urllib.request, uuid, websockets
name = sys.argv[1]
request = urllib.request.Request("http://[::1]/api/kernels", b"{}", {"Host": name, "Content-Type": "application/json"})
started = json.load(urllib.request.urlopen(request, timeout=60))["id"]
async def main():
    async with websockets.connect(f"ws://{name}/api/kernels/{started}/channels", host="::1", port=80, open_timeout=60) as socket:
        message = str(uuid.uuid4())
        header = {"msg_id": message, "username": "", "session": message, "msg_type": "execute_request", "version": "5.3"}
        content = {"code": "import sys; print(6 * 7, sys.prefix)", "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        await socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}))
        while True:
            answer = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if answer["parent_header"].get("msg_id") == message and answer["msg_type"] in ("stream", "error"):
                return print(answer["content"])
asyncio.run(main())`;

/** The event stream of PocketBase: its first event arrives while it goes on. */
export const realtime = `import http.client, sys
connection = http.client.HTTPConnection("::1", 80, timeout=20)
connection.request("GET", "/api/realtime", headers={"Host": sys.argv[1]})
print(connection.getresponse().readline())`;

/** A WebSocket that Node-RED's editor opens. */
export const comms = `import asyncio, sys, websockets
async def main():
    async with websockets.connect(f"ws://{sys.argv[1]}/comms", host="::1", port=80) as socket:
        print(await asyncio.wait_for(socket.recv(), 30))
asyncio.run(main())`;

/** An upload and a stream, as its guides have them. */
export const express = `const express = require("express"), upload = require("multer")({ dest: "kept" });
const app = express();
app.set("trust proxy", true);
app.get("/", (request, response) => response.send("Hello"));
app.post("/upload", upload.single("file"), (request, response) => response.send(request.file.size + " " + request.protocol));
app.get("/stream", async (request, response) => {
  for (let n = 0; n < 3; n++) {
    response.write("data: " + n + "\\n\\n");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  response.end();
});
app.listen(process.env.PORT);
`;

/** A stream, as a route of Next.js. */
export const nextStream = `export const dynamic = "force-dynamic";
export function GET() {
  const text = new TextEncoder();
  const body = new ReadableStream({
    async start(stream) {
      for (let n = 0; n < 3; n++) {
        stream.enqueue(text.encode("data: " + n + "\\n\\n"));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      stream.close();
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}
`;
