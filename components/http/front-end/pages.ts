import { headerSizes } from "../web-site/header-sizes.ts";
import { retryAfter } from "./connections.ts";
import { inVain } from "./places.ts";

/** What the front end answers in a web site's place: what is wrong, and what a visitor can do about it. */
interface Page {
  /** Status in nginx that leads to it; a second one is that of the answer instead. Not 400: nginx cannot lead a request without a path to a page. */
  readonly of: readonly number[];
  readonly name: string;
  readonly title: string;
  /** May have variables of nginx. */
  readonly text: string;
  readonly retryAfter?: number;
}

const pages: readonly Page[] = [
  {
    of: [401],
    name: "password",
    title: "Password needed",
    text: "This site asks for a name and a password. Reload the page to try again, or ask the site's owner for them.",
  },
  {
    of: [413],
    name: "too_large",
    title: "Too large",
    text: "This site takes at most $body_mb MiB at once. Send a smaller file, or several.",
  },
  {
    of: [429],
    name: "too_many_tries",
    title: "Too many requests",
    text: "A site with a password takes only so many requests at once. Try again in a few seconds.",
    retryAfter,
  },
  {
    of: [inVain.visitor, 429],
    name: "share_full",
    title: "Too many requests at once",
    text: "This site works on as many of your requests as it does for one visitor, or for all that share your address. Wait until one of them has ended, and try again.",
    retryAfter,
  },
  {
    of: [494, 400],
    name: "large_headers",
    title: "Headers too large",
    text: `A header of the request is larger than ${headerSizes.one / 1024} KiB, or all of them are larger than ${headerSizes.together / 1024} KiB. If a browser sent it, delete the cookies of this site.`,
  },
  {
    of: [502],
    name: "not_answering",
    title: "Not answering",
    text: "This site's program ended without an answer. If the site is yours, the reason is in admin/logs.",
  },
  {
    of: [503],
    name: "full",
    title: "Too many visitors",
    text: "This site has as many connections as it can serve at once. Try again in a few seconds.",
    retryAfter,
  },
  {
    of: [504],
    name: "too_slow",
    title: "Too slow",
    text: "This site's program did not answer within $answer_seconds s. Try again later.",
  },
];

/** `return` of nginx with a page. @param text without quotes */
export function answer(status: number, title: string, text: string): string {
  return `return ${status} "<!doctype html><title>${title}</title><h1>${title}</h1><p>${text}</p>\\n";`;
}

/**
 * Of a request whose line is too long nginx knows no path, so a named location, which is for one, cannot answer it. A visitor who asks for this path gets 404.
 */
const longAddress = "/.well-known/fairhost/address-too-long";

/** Directives of a server that lead to the pages. */
export const errorPages = `${pages.map(({ of, name }) => `    error_page ${of.join(" =")} @${name};\n`).join("")}    error_page 414 ${longAddress};
`;

/** @param headers directives of every answer, which a location with a header of its own has to repeat */
export const pageLocations = (headers: string) =>
  `${pages
    .map(({ of, name, title, text, retryAfter: after }) => {
      const retry = after === undefined ? "" : `      add_header Retry-After ${after} always;\n${headers}`;
      return `    location @${name} {\n${retry}      ${answer(of.at(-1)!, title, text)}\n    }\n`;
    })
    .join("")}    location = ${longAddress} {
      internal;
      ${answer(414, "Address too long", `The address, with all that stands behind its ?, is longer than ${headerSizes.one / 1024} KiB. If a form sent it, its owner can let the form send its fields in the body (method POST).`)}
    }
`;
