import { createRequire, Module } from 'node:module';

type Whole = typeof import('ssh2');

/** What is used of it. */
export interface Ssh2 extends Pick<Whole, 'Client' | 'OpenSSHAgent'> {
  readonly parseKey: Whole['utils']['parseKey'];
}

let library: Promise<Ssh2> | undefined;

/** Loads ssh2 when a host is to be reached and not before: it costs some 50 ms. */
export function loadSsh2(): Promise<Ssh2> {
  library ??= importSsh2();
  return library;
}

async function importSsh2(): Promise<Ssh2> {
  if (abortsWithAddon(process.versions.node)) hideAddon();
  // It is a CommonJS module: `import` takes twice as long, for the names that it looks for in all of its files. Its front
  // door also loads a server.
  const require = createRequire(import.meta.url);
  const { OpenSSHAgent } = require('ssh2/lib/agent.js') as Pick<Whole, 'OpenSSHAgent'>;
  const { parseKey } = require('ssh2/lib/protocol/keyParser.js') as Whole['utils'];
  return { Client: require('ssh2/lib/client.js') as Whole['Client'], OpenSSHAgent, parseKey };
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
