/** Takes the passwords out of connection strings in a text, in both of their forms. */
export function redact(text: string): string {
  return text
    .replace(/(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)/gi, '$1*REDACTED*')
    .replace(/(:\/\/[^/?#\s:@]*:)[^@\s]*@/g, '$1*REDACTED*@');
}
