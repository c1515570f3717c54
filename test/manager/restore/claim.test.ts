import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimDestination } from '../../../src/manager/restore/claim.ts';
import { type Marker, readMarker } from '../../../src/manager/restore/marker.ts';
import type { Endpoint } from '../../../src/sync/endpoint.ts';
import { localSite } from '../../../src/sync/endpoints/local-site.ts';
import { fromText } from '../../../src/system/byte-string.ts';
import { identify } from '../../../src/system/process-identity.ts';

const markerOf = (pid: number): Marker => ({
  server: 'pg',
  backup: '20261122T164948',
  systemIdentifier: '7',
  boot: null,
  synced: true,
  delta: false,
  owner: identify(pid),
  tablespaces: {},
});
const OURS = markerOf(process.pid);
const OTHERS = markerOf(process.ppid);

describe('the claim of a destination', () => {
  let directory: string;
  let endpoint: Endpoint;
  const site = localSite();

  beforeAll(() => {
    expect(process.ppid).toBeGreaterThan(0);
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cellarman-claim-'));
    endpoint = await site.open(fromText(directory));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  afterAll(() => site[Symbol.asyncDispose]());

  const claim = (marker: Marker, kind: 'nothing' | 'other'): Promise<void> =>
    claimDestination(endpoint, directory, { kind }, marker);

  it('is one run’s alone, though both found it empty', async () => {
    await claim(OTHERS, 'nothing');
    await expect(claim(OURS, 'nothing')).rejects.toMatchObject({
      code: 'DESTINATION_IN_USE',
      message: expect.stringContaining(`is being restored to by process ${process.ppid}`),
    });
    expect((await readMarker(endpoint))?.owner?.pid).toBe(process.ppid);
  });

  it('goes to one of many that come at once', async () => {
    const claims = Array.from({ length: 8 }, () => claim(OURS, 'nothing'));
    const outcomes = await Promise.allSettled(claims);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('fails where somebody else put files meanwhile, and leaves those alone', async () => {
    writeFileSync(join(directory, 'theirs'), '');
    await expect(claim(OURS, 'nothing')).rejects.toMatchObject({ code: 'DESTINATION_IN_USE' });
    expect(readdirSync(directory)).toEqual(['theirs']);
  });

  it('goes on with what was left, unless somebody else did so and came to its end', async () => {
    const standing = { kind: 'unfinished', marker: OURS } as const;
    await claim(OURS, 'nothing');
    await claimDestination(endpoint, directory, standing, OURS);
    rmSync(join(directory, '.cellarman-restore'));
    await expect(claimDestination(endpoint, directory, standing, OURS)).rejects.toMatchObject({
      code: 'DESTINATION_IN_USE',
    });
  });

  it('can be made over other files, for a delta restore', async () => {
    writeFileSync(join(directory, 'PG_VERSION'), '17\n');
    await claim(OURS, 'other');
    await expect(claim(OTHERS, 'other')).resolves.toBeUndefined();
  });
});
