// visitor FILE HOST: plays the rows of FILE (JSON), all at the same time, each its steps one after another, and prints what came.
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const [file, host] = process.argv.slice(2);

function ask(path, { method = "GET", send = {}, answer = {}, content }) {
  const said = Buffer.from(JSON.stringify(answer)).toString("base64url");
  const headers = {
    Host: host,
    ...send,
    "X-Answer": said,
    ...(content && { "Content-Length": Buffer.byteLength(content) }),
  };
  return new Promise((done) => {
    const begun = request({ host: "::1", port: 80, path, method, headers, agent: false }, (response) => {
      let body = "";
      const end = () =>
        done({ status: response.statusCode, headers: response.headers, body, whole: response.complete });
      response
        .setEncoding("utf8")
        .on("data", (data) => {
          body += data;
        })
        .on("end", end)
        .on("error", end);
    });
    begun.on("error", (error) => done({ status: 0, headers: {}, body: `${error}`, whole: false }));
    begun.end(content);
  });
}

async function play(steps, index) {
  const seen = [];
  for (const step of steps) {
    if (step.wait) await sleep(step.wait * 1000);
    seen.push(await ask(`/${index}${step.path ?? ""}`, step));
  }
  return seen;
}

// Not all in one moment: one visitor may have only so many connections.
const rows = JSON.parse(readFileSync(file, "utf8"));
const results = await Promise.all(rows.map(async (steps, index) => sleep(index * 40).then(() => play(steps, index))));
console.log(JSON.stringify(results));
