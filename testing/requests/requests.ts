/** Requests as browsers and programs send them. */

export interface OrdinaryRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type Fields = Readonly<Record<string, string>>;

const browser = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language": "de-CH,de;q=0.8,en-US;q=0.5,en;q=0.3",
  "Accept-Encoding": "gzip, deflate, br",
  Connection: "close",
};

const query = (fields: Fields) => new URLSearchParams(fields).toString();
export const page = (path: string, fields: Fields = {}, headers: Fields = {}): OrdinaryRequest => ({
  name: `page ${path} ${query(fields)}`,
  method: "GET",
  path: Object.keys(fields).length === 0 ? path : `${path}?${query(fields)}`,
  headers: { ...browser, ...headers },
});
export const form = (path: string, fields: Fields, headers: Fields = {}): OrdinaryRequest => ({
  name: `form ${path} ${JSON.stringify(fields).slice(0, 80)}`,
  method: "POST",
  path,
  headers: { ...browser, "Content-Type": "application/x-www-form-urlencoded", ...headers },
  body: query(fields),
});
export const json = (method: string, path: string, value: unknown, headers: Fields = {}): OrdinaryRequest => ({
  name: `${method} ${path} ${JSON.stringify(value).slice(0, 80)}`,
  method,
  path,
  headers: { ...browser, Accept: "application/json", "Content-Type": "application/json", ...headers },
  body: JSON.stringify(value),
});
export const upload = (
  path: string,
  file: string,
  type: string,
  content: string,
  fields: Fields = {},
): OrdinaryRequest => {
  const boundary = "----geckoformboundary51d8bb7d4cfa";
  const parts = [
    ...Object.entries(fields).map(([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`),
    `Content-Disposition: form-data; name="file"; filename="${file}"\r\nContent-Type: ${type}\r\n\r\n${content}`,
  ];
  return {
    name: `upload ${path} ${file}`,
    method: "POST",
    path,
    headers: { ...browser, "Content-Type": `multipart/form-data; boundary=${boundary}` },
    body: `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("")}--${boundary}--\r\n`,
  };
};
