import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STATUS_OF_ERROR } from '../../../src/cli/exit-status.ts';
import { sendWal } from '../../../src/manager/wal/send/send.ts';
import type { SendOptions } from '../../../src/manager/wal/send/send-options.ts';
import { checkSegmentHeader } from '../../../src/postgres/wal/segment-header.ts';
import { MAIN } from '../../support/built-cli.ts';
import { postgresAvailable, startPostgres } from '../../support/postgres.ts';
import { requireProgram } from '../../support/programs.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';

const NAME = '000000010000000000000007';
let scratch: string;
let incoming: string;
let wal: string;

beforeEach(() => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'cellarman-send-'));
  incoming = join(scratch, 'incoming');
  fs.mkdirSync(incoming);
  wal = join(scratch, NAME);
  // Not a multiple of any block.
  fs.writeFileSync(wal, Buffer.alloc(3_000_001, 'segment'), { mode: 0o640 });
  fs.utimesSync(wal, 1_700_000_000, 1_700_000_000);
});
afterEach(() => fs.rmSync(scratch, { recursive: true, force: true }));

interface Way {
  readonly at: (path: string) => string;
  readonly options: SendOptions;
}

function behavesOver(way: () => Way): void {
  const send = (path = wal, directory = `${incoming}/`): Promise<void> =>
    sendWal(path, way().at(directory), way().options);
  const arrived = join('incoming', NAME);
  const inScratch = (path: string): string => join(scratch, path);

  it('brings content, time and mode, and leaves nothing else', async () => {
    await send();
    expect(fs.readdirSync(incoming)).toEqual([NAME]);
    expect(fs.readFileSync(inScratch(arrived)).equals(fs.readFileSync(wal))).toBe(true);
    const { mtimeMs, mode } = fs.statSync(inScratch(arrived));
    expect(mtimeMs).toBe(1_700_000_000_000);
    expect((mode & 0o777).toString(8)).toBe('640');
  });

  it('takes a directory without a slash, and a file without content', async () => {
    const history = join(scratch, '00000002.history');
    fs.writeFileSync(history, '');
    await send(history, incoming);
    expect(fs.readdirSync(incoming)).toEqual(['00000002.history']);
  });

  it('is content with the same file, and keeps it', async () => {
    await send();
    const { ino } = fs.statSync(inScratch(arrived));
    await send();
    expect(fs.statSync(inScratch(arrived)).ino).toBe(ino);
    expect(fs.readdirSync(incoming)).toEqual([NAME]);
  });

  it.each([
    ['shorter', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('!')])],
    ['changed in its last byte', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from('!')])],
  ])('refuses to replace a file that is %s', async (_, change) => {
    const other = change(fs.readFileSync(wal));
    fs.writeFileSync(inScratch(arrived), other);
    await expect(send()).rejects.toMatchObject({ code: 'WAL_DIFFERS' });
    expect(fs.readFileSync(inScratch(arrived)).equals(other)).toBe(true);
    expect(fs.readdirSync(incoming)).toEqual([NAME]);
  });

  it('says what is wrong with the file or the directory', async () => {
    await expect(send(wal, join(scratch, 'nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(send(join(scratch, 'notes.txt'))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(send(join(scratch, '000000010000000000000009'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('leaves nothing when it is stopped', async () => {
    const stop = new AbortController();
    const running = sendWal(wal, way().at(incoming), { ...way().options, signal: stop.signal });
    stop.abort();
    await running.catch((error: unknown) => expect(error).toMatchObject({ code: 'ABORTED' }));
    expect(fs.readdirSync(incoming).filter((name) => name !== NAME)).toEqual([]);
  });
}

describe('sendWal to a directory', () => {
  behavesOver(() => ({ at: (path) => path, options: {} }));
});

describe.skipIf(!requireProgram('sshd', 'ssh'))('sendWal over SFTP', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  describe('in the process', () =>
    behavesOver(() => ({
      at: (path) => `sftp://${sshd.user}@${sshd.host}:${sshd.port}${path}`,
      options: { identityFiles: [sshd.identityFile], knownHostsFiles: [sshd.knownHostsFile] },
    })));

  describe('by an SSH command', () =>
    behavesOver(() => ({
      at: (path) => `testhost:${path}`,
      options: { rsh: `ssh -F ${sshd.sshConfigFile}` },
    })));

  it.skipIf(!postgresAvailable())('is what PostgreSQL wants of archive_command', async () => {
    const postgres = await startPostgres({ major: 17, settings: { archive_mode: 'on', archive_timeout: 0 } });
    try {
      // The server runs as somebody who may not read what is ours.
      const own = (file: string): string => {
        const copy = join(postgres.directory, file.slice(file.lastIndexOf('/') + 1));
        fs.copyFileSync(file, copy);
        fs.chownSync(copy, postgres.uid, postgres.gid);
        return copy;
      };
      const location = `sftp://${sshd.user}@${sshd.host}:${sshd.port}${incoming}`;
      const options = `--identity ${own(sshd.identityFile)} --known-hosts ${own(sshd.knownHostsFile)}`;
      const command = (where: string): string =>
        `${process.execPath} ${MAIN} wal-archive ${options} %p ${where}`;
      const set = (where: string): Promise<unknown> =>
        postgres.query(`ALTER SYSTEM SET archive_command = '${command(where)}'`);

      await set(`${location}/nowhere/`);
      await postgres.query('SELECT pg_reload_conf()');
      await postgres.query('SELECT pg_switch_wal()');
      await until(() => postgres.log().includes('archive command failed with exit code'));
      expect(postgres.log()).toMatch(/nowhere\S* does not exist[\s\S]*failed with exit code 23/);

      await set(location);
      await postgres.query('SELECT pg_reload_conf()');
      await until(() => fs.readdirSync(incoming).some((name) => !name.startsWith('.')));
      const [{ system = '' } = {}] = await postgres.query<{ system: string }>(
        'SELECT system_identifier::text AS system FROM pg_control_system()',
      );
      const first = '000000010000000000000001';
      checkSegmentHeader(fs.readFileSync(join(incoming, first)), first, system);
    } finally {
      await postgres.stop();
    }
  });
});

it('ends with no status at which PostgreSQL would restart its archiver', () => {
  expect(Math.max(...Object.values(STATUS_OF_ERROR))).toBeLessThanOrEqual(125);
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 100));
}
