/** A text in which roff finds nothing but a text: `-` and quotes stay what a shell wants to have pasted. */
export function inline(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/[^\n -~]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
      return `\\[u${code.padStart(4, '0')}]`;
    })
    .replace(/^\./gm, '\\&.');
}

export const bold = (text: string): string => `\\fB${inline(text)}\\fR`;
export const italic = (text: string): string => `\\fI${inline(text)}\\fR`;

/** The head of a page. Without a date: the same sources make the same page. */
export const head = (title: string, section: number, version: string): string =>
  `.TH ${inline(title)} ${section} "" "cellarman ${inline(version)}" "Cellarman manual"\n.nh\n.ad l\n`;

export const section = (title: string): string => `.SH ${inline(title)}\n`;
export const subsection = (title: string): string => `.SS ${inline(title)}\n`;
export const paragraph = (text: string): string => `.PP\n${inline(text)}\n`;

/** `tag` is roff already, `text` is not. */
export const tagged = (tag: string, text: string): string => `.TP\n${tag}\n${inline(text)}\n`;

/** Lines that stay as they are. */
export const literal = (lines: readonly string[]): string =>
  `.PP\n.RS 4\n.nf\n${inline(lines.join('\n'))}\n.fi\n.RE\n`;

/** `-j, --jobs <n>` or `<server_name...>` as synopses show them: names bold, placeholders in italics. */
export function syntax(text: string): string {
  return text
    .split(/(<[^>]+>|\[[^\]]+\]|-[\w@-]+|[A-Z_]{2,}|[ ,]+)/)
    .map((part) => {
      const placeholder = /^[<[](.+?)(\.\.\.)?[>\]]$/.exec(part);
      if (placeholder !== null) {
        const [, name = '', more = ''] = placeholder;
        const shown = `${italic(name === 'options' ? name : name.toUpperCase())}${more === '' ? '' : ' ...'}`;
        return part.startsWith('[') ? `[${shown}]` : shown;
      }
      return part.startsWith('-') ? bold(part) : /^[A-Z_]+$/.test(part) ? italic(part) : inline(part);
    })
    .join('');
}

/** A page of its parts. Headings begin a paragraph by themselves. */
export const pageOf = (parts: readonly string[]): string =>
  parts.join('').replace(/^(\.S[HS] .*\n)\.PP\n/gm, '$1');
