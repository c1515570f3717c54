import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeConfiguration } from '../../../src/manager/restore/write-configuration.ts';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import { fromText } from '../../../src/system/byte-string.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cellarman-configuration-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the configuration of a restored server', () => {
  it.each([
    ['postgresql.auto.conf', "port = 1\nrestore_command = 'old'\nrestore_command = 'new'\n", undefined],
    ['recovery.conf', "port = 1\n#BARMAN#restore_command = 'old'\n", "restore_command = 'new'\n"],
  ])('has what recovery needs last, in %s', async (settingsFile, auto, own) => {
    const source = join(directory, 'backup');
    const to = join(directory, 'restored');
    for (const each of [source, to]) mkdirSync(each);
    writeFileSync(join(source, 'postgresql.conf'), '');
    writeFileSync(join(source, 'postgresql.auto.conf'), "port = 1\nrestore_command = 'old'\n");
    const endpoint = localEndpoint(fromText(to));
    const settings = ["restore_command = 'new'"];
    await writeConfiguration({ source, endpoint, settings, settingsFile, signal: undefined });
    await endpoint.close();
    expect(readFileSync(join(to, 'postgresql.auto.conf'), 'utf8')).toBe(auto);
    if (own !== undefined) expect(readFileSync(join(to, settingsFile), 'utf8')).toBe(own);
  });
});
