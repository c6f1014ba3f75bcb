/** Cases of h2spec that may fail, in groups with one reason (decision 72). */
export interface Accepted {
  /** What a client sees, and why that is accepted. */
  readonly reason: string;
  /** Titles of cases, by their section. */
  readonly cases: Readonly<Record<string, readonly string[]>>;
}

const withHeaders = (what: string) => `Sends a HEADERS frame ${what}`;

export const accepted: readonly Accepted[] = [
  {
    reason:
      "The client gets the answer 400 in place of a stream error. The request is refused and reaches no server; the connection goes on.",
    cases: {
      "http2/8.1.2": [withHeaders("that contains the header field name in uppercase letters")],
      "http2/8.1.2.1": [
        withHeaders("that contains a unknown pseudo-header field"),
        withHeaders("that contains the pseudo-header field defined for response"),
      ],
      "http2/8.1.2.3": [
        withHeaders('with empty ":path" pseudo-header field'),
        ...[":method", ":scheme", ":path"].flatMap((field) => [
          withHeaders(`that omits "${field}" pseudo-header field`),
          withHeaders(`with duplicated "${field}" pseudo-header field`),
        ]),
      ],
    },
  },
  {
    reason:
      "The client gets the answer 400, or the server's if that comes before the body. Bodies are passed on as they arrive, so the server gets the request, with the length that the client names; a request hidden in the body is not read as one.",
    cases: {
      "http2/8.1.2.6": [
        withHeaders('with the "content-length" header field which does not equal the DATA frame payload length'),
        withHeaders(
          'with the "content-length" header field which does not equal the sum of the multiple DATA frames payload length',
        ),
      ],
    },
  },
  {
    reason:
      "The client gets the answer to its request. Fields of the connection mean nothing in HTTP/2; what goes on to the server is a request of HTTP/1.1 that nginx writes anew.",
    cases: {
      "http2/8.1.2.1": [
        withHeaders("that contains a pseudo-header field that appears in a header block after a regular header field"),
      ],
      "http2/8.1.2.2": [
        withHeaders("that contains the connection-specific header field"),
        withHeaders('that contains the TE header field with any value other than "trailers"'),
      ],
    },
  },
  {
    reason:
      "The client gets the answer to its request: nginx decodes compressed headers more leniently than it has to.",
    cases: {
      "hpack/4.2": ["Sends a dynamic table size update at the end of header block"],
      "hpack/5.2": ["Sends a Huffman-encoded string literal representation with padding longer than 7 bits"],
    },
  },
  {
    reason:
      "The client gets no error: nginx skips frames for streams that are not open, and the connection goes on. No server gets such a frame.",
    cases: {
      "http2/5.1": [
        "idle: Sends a DATA frame",
        "idle: Sends a RST_STREAM frame",
        "idle: Sends a WINDOW_UPDATE frame",
        "closed: Sends a DATA frame after sending RST_STREAM frame",
        "closed: Sends a DATA frame",
      ],
      "http2/6.4": ["Sends a RST_STREAM frame on a idle stream"],
    },
  },
  {
    reason:
      "The client gets the answer to its request, 431 if its headers are too large. nginx announces the largest frame size that the protocol knows: h2spec's frames do not exceed it.",
    cases: {
      "http2/4.2": [
        "Sends a large size DATA frame that exceeds the SETTINGS_MAX_FRAME_SIZE",
        "Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE",
      ],
    },
  },
  {
    reason:
      "A limitation: nginx 1.26 takes no trailers of requests, and ends the connection with GOAWAY. Browsers cannot send any; a program that does can use HTTP/1.1.",
    cases: { "generic/4": ["Sends a POST request with trailers"] },
  },
];
