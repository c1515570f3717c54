/** A text as one word of a POSIX shell, in which nothing has a meaning. */
export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The same for fish, in whose single quotes a backslash has a meaning. */
export const quoteForFish = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
