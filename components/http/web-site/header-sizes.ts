/**
 * Bytes of a request's line and headers, from the visitor to a server: each part takes at least what the part before it lets through, so what is too large is
 * always refused by the front end, with a page. A test checks the order. Tokens of single sign-on (Kerberos, JWT) take up to 16 KiB in one header.
 */
export const headerSizes = {
  /** The line, or one header. */
  one: 16 * 1024,
  /** All together, in whatever sizes: nginx never divides one between two of its buffers, so of three, any two neighbours hold more than one buffer's size. */
  together: 32 * 1024,
  /** Buffers of {@link headerSizes.one}, and so what nginx lets through at most. */
  buffers: 3,
  /** That the front end adds for the server at most: names and address of the visitor, web site, path that was taken away. */
  added: 8 * 1024,
  /** Of one header of the kind `php`: what Apache passes on to FastCGI has 16 KiB with its name as a variable; with more it would leave it out without a word. */
  php: 16 * 1024 - 16,
} as const;

/** Of the configuration's `http`. */
export const headerSizesHttp = `  large_client_header_buffers ${headerSizes.buffers} ${headerSizes.one / 1024}k;
`;
