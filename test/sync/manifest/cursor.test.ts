import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import { readManifest } from '../../../src/sync/manifest/files.ts';
import { ManifestCursor } from '../../../src/sync/manifest-cursor.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { entry, listing, write } from './support.ts';

describe.skipIf(process.platform !== 'linux')('a cursor that is closed', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cellarman-cursor-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** How often this process has the manifest open. */
  const timesOpen = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === join(directory, 'm');
      } catch {
        return false;
      }
    }).length;

  const many = Array.from({ length: 20_000 }, (_, i) => entry(`f${String(i).padStart(6, '0')}`));
  const manifests = {
    small: [listing('', entry('d', { type: 'directory' })), listing('d'), listing('e')],
    large: [listing('', ...many), listing('d', ...many), listing('e', ...many)],
  };
  for (const [size, listings] of Object.entries(manifests)) {
    for (const wanted of [[], [''], ['', 'd'], ['', 'd', 'e']]) {
      it(`leaves no file open behind ${wanted.length} directories of a ${size} manifest`, async () => {
        writeFileSync(join(directory, 'm'), await write(listings));
        const endpoint = localEndpoint(fromText(directory));
        const cursor = new ManifestCursor(await readManifest(endpoint, byteString('m')));
        for (const path of wanted) await cursor.at(byteString(path));
        await cursor.close();
        expect(timesOpen()).toBe(0);
        await endpoint.close();
      });
    }
  }
});
