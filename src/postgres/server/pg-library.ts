import { createRequire } from 'node:module';

export type Pg = typeof import('pg');

/** Loads pg when a server is to be reached and not before. */
export function loadPg(): Pg {
  const require = createRequire(import.meta.url);
  if ('navigator' in globalThis) return require('pg') as Pg;
  // In Node 20 pg makes an HTTP response to find out whether it runs in a browser's worker, for which Node loads its whole
  // HTTP client: as long as all of pg takes. Newer ones have this object, which answers the question.
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Node.js' }, configurable: true });
  try {
    return require('pg') as Pg;
  } finally {
    Reflect.deleteProperty(globalThis, 'navigator');
  }
}
