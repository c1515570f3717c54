import { createRequire, Module } from 'node:module';

export type Ssh2 = typeof import('ssh2');

let library: Promise<Ssh2> | undefined;

/** Loads ssh2 when a host is to be reached and not before: it costs some 50 ms. */
export function loadSsh2(): Promise<Ssh2> {
  library ??= importSsh2();
  return library;
}

async function importSsh2(): Promise<Ssh2> {
  if (abortsWithAddon(process.versions.node)) hideAddon();
  // It is a CommonJS module: `import` takes twice as long, for the names that it looks for in all of its files.
  return createRequire(import.meta.url)('ssh2') as Ssh2;
}

/**
 * Node 24 from 24.19 on aborts the whole process when it collects an object of ssh2's optional native cipher addon
 * (mscdex/ssh2#1511, nodejs/node#65446); without the addon ssh2 does the same work with node:crypto.
 */
export function abortsWithAddon(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === 24 && minor >= 19;
}

/** Puts an empty module in the addon's place, which ssh2 takes as "not built". */
function hideAddon(): void {
  const require = createRequire(import.meta.url);
  try {
    const path = require.resolve('ssh2/lib/protocol/crypto/build/Release/sshcrypto.node');
    const empty = new Module(path);
    empty.exports = undefined;
    empty.loaded = true;
    require.cache[path] = empty;
  } catch {
    // It was never built.
  }
}
