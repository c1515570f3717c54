import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createManifestChecksum } from '../../../src/postgres/backup-manifest/checksum.ts';
import { type ManifestItem, readBackupManifest } from '../../../src/postgres/backup-manifest/reader.ts';
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  type ManifestFile,
  type ManifestHeader,
  manifestVersion,
  type WalRange,
} from '../../../src/postgres/backup-manifest/types.ts';
import { createManifestWriter } from '../../../src/postgres/backup-manifest/writer.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { postgresAvailable } from '../../support/postgres.ts';
import { serverSideBackup } from '../../support/postgres-base-backup.ts';
import { postgresTool, requirePostgresTool } from '../../support/postgres-tools.ts';

const header: ManifestHeader = { version: 2, systemIdentifier: '7711041483337223012' };
const files: ManifestFile[] = [
  {
    path: byteString('base/1/1259'),
    size: 106_496,
    modified: 1_795_366_752,
    checksum: { algorithm: 'SHA256', hex: 'ab'.repeat(32) },
  },
  { path: fromText('naïve "name"\\\n'), size: 0, modified: 0, checksum: undefined },
  {
    path: byteString('not\xffutf-8'),
    size: 5_000_000_000,
    modified: 1,
    checksum: { algorithm: 'CRC32C', hex: '00000001' },
  },
];
const ranges: WalRange[] = [
  { timeline: 2, start: 0x3000060n, end: 0x3000100n },
  { timeline: 1, start: 0x2000028n, end: 0x3000060n },
];

function write(head = header, entries = files, wal = ranges): string {
  const writer = createManifestWriter(head);
  return writer.begin() + entries.map((file) => writer.file(file)).join('') + writer.end(wal);
}

async function read(content: string | Uint8Array, blockSize = 1000): Promise<ManifestItem[]> {
  const bytes = Buffer.from(content);
  const blocks = [];
  for (let at = 0; at < bytes.length; at += blockSize) blocks.push(bytes.subarray(at, at + blockSize));
  const items = [];
  for await (const item of readBackupManifest(blocks)) items.push(item);
  return items;
}

const items = (head = header): ManifestItem[] => [
  { kind: 'header', ...head },
  ...files.map((file) => ({ kind: 'file', ...file }) as const),
  ...ranges.map((range) => ({ kind: 'wal', ...range }) as const),
];

describe('a backup manifest', () => {
  test.each([1, 3, 64, 1_000_000])(
    'comes back as it was written, in blocks of %i bytes',
    async (blockSize) => {
      expect(await read(write(), blockSize)).toEqual(items());
    },
  );

  test('of version 1 has no system identifier', async () => {
    const old: ManifestHeader = { version: 1, systemIdentifier: undefined };
    const text = write(old);
    expect(text).not.toContain('System-Identifier');
    expect(await read(text)).toEqual(items(old));
  });

  test('may be empty', async () => {
    expect(await read(write(header, [], []))).toEqual([{ kind: 'header', ...header }]);
  });

  // With the checksum over the whole made right again, so that the line itself is what is refused.
  const resealed = (text: string): string => {
    const body = text.slice(0, text.lastIndexOf('"Manifest-Checksum"'));
    return `${body}"Manifest-Checksum": "${createHash('sha256').update(body).digest('hex')}"}\n`;
  };
  test.each([
    ['an unknown version', (text: string) => text.replace('Version": 2', 'Version": 3'), /line 1/],
    [
      'a damaged identifier',
      (text: string) => text.replace('"System-Identifier": 7', '"System-Identifier": x'),
      /line 2/,
    ],
    ['a path that leads out', (text: string) => text.replace('base/1/1259', '../../etc/passwd'), /line 4/],
    ['an absolute path', (text: string) => text.replace('base/1/1259', '/etc/passwd'), /line 4/],
    ['a negative size', (text: string) => text.replace('106496', '-1'), /line 4/],
    ['an unknown algorithm', (text: string) => text.replace('SHA256', 'MD5'), /line 4/],
    ['broken JSON', (text: string) => text.replace('"Size": 0,', '"Size": 0'), /line 5/],
    ['a damaged range', (text: string) => text.replace('"Timeline": 1', '"Timeline": "x"'), /line/],
    ['a line of its own', (text: string) => text.replace('"WAL-Ranges"', '"Other"'), /line/],
  ])('with %s is refused', async (_, damage, message) => {
    await expect(read(resealed(damage(write())))).rejects.toThrow(
      expect.objectContaining({ code: 'BACKUP_MANIFEST', message: expect.stringMatching(message) }),
    );
  });

  test.each([
    ['a changed digit', (text: string) => text.replace('106496', '106497'), /checksum does not match/],
    ['its end cut off', (text: string) => text.slice(0, -100), /cut off/],
    ['its last line feed cut off', (text: string) => text.slice(0, -1), /cut off/],
    ['something behind it', (text: string) => `${text}{}\n`, /more after/],
    ['nothing in it', () => '', /cut off/],
  ])('with %s is refused', async (_, damage, message) => {
    await expect(read(damage(write()))).rejects.toThrow(
      expect.objectContaining({ code: 'BACKUP_MANIFEST', message: expect.stringMatching(message) }),
    );
  });
});

describe.skipIf(!postgresAvailable()).each([15, 17, 18] as const)(
  'the manifest of PostgreSQL %i',
  (major) => {
    test('is read, and written again to the byte', async () => {
      const backup = await serverSideBackup(major);
      try {
        const original = readFileSync(join(backup.directory, 'backup_manifest'), 'utf8');
        const parts = await read(original);
        const head = parts.find((item) => item.kind === 'header');
        expect(head).toMatchObject({
          version: manifestVersion(major),
          systemIdentifier: major >= 17 ? backup.systemIdentifier : undefined,
        });
        if (head?.kind !== 'header') return;
        const copy = write(
          head,
          parts.filter((item) => item.kind === 'file'),
          parts.filter((item) => item.kind === 'wal'),
        );
        expect(copy).toBe(original);
        expect(parts.length).toBeGreaterThan(900);
      } finally {
        backup.remove();
      }
    });
  },
);

describe.skipIf(!postgresAvailable() || !requirePostgresTool('pg_verifybackup', 15))(
  'pg_verifybackup',
  () => {
    let scratch: string;
    let tree: string;
    let entries: ManifestFile[];
    let wal: WalRange[];

    const checksum = (algorithm: ChecksumAlgorithm, bytes: Uint8Array): ManifestFile['checksum'] => {
      const sum = createManifestChecksum(algorithm);
      // In two pieces, as a copy sees them.
      sum.update(bytes.subarray(0, 100));
      sum.update(bytes.subarray(100));
      return { algorithm, hex: sum.digest() };
    };

    beforeAll(async () => {
      scratch = mkdtempSync(join(tmpdir(), 'cellarman-manifest-'));
      tree = join(scratch, 'tree');
      const backup = await serverSideBackup(15);
      try {
        mkdirSync(tree);
        execFileSync('tar', ['-xf', join(backup.directory, 'base.tar'), '-C', tree]);
        const parts = await read(readFileSync(join(backup.directory, 'backup_manifest')));
        wal = parts.filter((item) => item.kind === 'wal');
        entries = parts
          .filter((item) => item.kind === 'file')
          .map(({ path, modified }, index) => {
            const bytes = readFileSync(join(tree, path));
            const algorithm = CHECKSUM_ALGORITHMS[index % CHECKSUM_ALGORITHMS.length] ?? 'SHA256';
            return { path, modified, size: bytes.length, checksum: checksum(algorithm, bytes) };
          });
      } finally {
        backup.remove();
      }
    });
    afterAll(() => rmSync(scratch, { recursive: true, force: true }));

    const verify = (): string => {
      const manifest = write({ version: 1, systemIdentifier: undefined }, entries, wal);
      writeFileSync(join(tree, 'backup_manifest'), manifest);
      const program = postgresTool('pg_verifybackup', 15) ?? '';
      return execFileSync(program, ['-n', tree], { encoding: 'utf8', stdio: 'pipe' });
    };

    test('accepts a manifest with every algorithm', () => {
      expect(verify()).toContain('backup successfully verified');
    });

    test('accepts odd names and files without a checksum', () => {
      const names = ['with "quotes"\\', 'naïve'];
      for (const name of names) writeFileSync(join(tree, name), 'x');
      entries.push(
        ...names.map((name) => ({ path: fromText(name), size: 1, modified: 0, checksum: undefined })),
      );
      writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff])]), 'x');
      entries.push({ path: byteString('\xff'), size: 1, modified: 0, checksum: undefined });
      expect(verify()).toContain('backup successfully verified');
    });

    test('finds a changed byte by our checksum', () => {
      const copy = join(scratch, 'copy');
      const file = join(tree, 'PG_VERSION');
      cpSync(file, copy, { preserveTimestamps: true });
      writeFileSync(file, '16\n');
      expect(statSync(file).size).toBe(3);
      expect(verify).toThrow(/checksum mismatch for file "PG_VERSION"/);
      cpSync(copy, file, { preserveTimestamps: true });
      expect(dirname(file)).toBe(tree);
    });
  },
);
