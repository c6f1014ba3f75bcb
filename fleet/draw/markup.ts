const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escapes text for XML; control characters, which XML does not allow, become `?`. */
export function escaped(text: string): string {
  return text.replace(/\p{Cc}/gu, "?").replace(/[&<>"]/g, (character) => escapes[character]!);
}

/** An XML element. Attributes are escaped, children are markup. Undefined attributes are left out. */
export function tag(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: readonly string[]
): string {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escaped(String(value))}"`],
  );
  const open = `<${name}${given.join("")}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

/** Upper estimate of the width of text in px, because the viewer's font is unknown. @param size font size in px */
export function textWidth(text: string, size: number): number {
  return text.length * size * 0.66;
}

/** One line of text. If it does not fit `width`, it is shortened and the full text becomes its tooltip. */
export function line(
  text: string,
  at: { readonly x: number; readonly y: number; readonly width: number; readonly size: number; readonly class: string },
): string {
  const most = Math.max(1, Math.floor(at.width / textWidth("m", at.size)));
  const short = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  const tooltip = short === text ? [] : [tag("title", {}, escaped(text))];
  return tag("text", { x: at.x, y: at.y, "font-size": at.size, class: at.class }, escaped(short), ...tooltip);
}

/** Text broken into lines of at most `width` px. */
export function wrapped(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(`${last} ${word}`, size) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
