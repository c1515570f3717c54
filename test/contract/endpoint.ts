import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Endpoint, WholeFile } from '../../src/sync/endpoint.ts';
import type { Entry, RelPath } from '../../src/sync/entry.ts';
import { joinPath } from '../../src/sync/path.ts';
import { byteString, fromText } from '../../src/system/byte-string.ts';
import { CellarmanError } from '../../src/system/errors.ts';
import { codeOf, readFile, writeFile } from './files.ts';

/** An endpoint on an empty tree of its own that its owner can write. */
export interface Subject {
  readonly endpoint: Endpoint;
  dispose(): Promise<void>;
}

const p = (latin1: string): RelPath => byteString(latin1);
const names = (entries: readonly Entry[]): string[] => entries.map((entry) => entry.name);

const HARD_NAMES = [
  '-rf',
  ' leading and trailing ',
  '*?[a-z]',
  '"\'\\',
  'new\nline',
  '\x01\x1b[31m',
  '\x7f',
  '\xff\xfe',
  '\xc3\xa4',
  fromText('日本'),
  '...',
  'A',
  'B',
  'a',
  'a.b',
  'a-b',
  'n'.repeat(255),
  '\xff'.repeat(255),
];

/** Content that no shift or repetition of itself equals. */
function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const file = (name: RelPath, size: number): Entry => ({
  name,
  type: 'file',
  mode: 0o644,
  size,
  mtime: 0,
  uid: 0,
  gid: 0,
  target: undefined,
  identity: undefined,
});

type Told = { readonly bytes: Buffer; readonly after: Entry } | CellarmanError | undefined;

/** What is told of each file that is read at once, near or far; each must be told once. */
async function gather(endpoint: Endpoint, directory: RelPath, files: readonly Entry[]): Promise<Told[]> {
  const told = new Map<number, Told>();
  const tell = (index: number, what: Told): void => {
    expect(told.has(index)).toBe(false);
    told.set(index, what);
  };
  const take = (index: number, { blocks, after }: WholeFile): void =>
    tell(index, { bytes: Buffer.concat(blocks), after });
  if (endpoint.readWhole === undefined) await endpoint.readMany?.(directory, files, { take, miss: tell });
  else {
    for (const [index, { name, size }] of files.entries()) {
      try {
        const whole = endpoint.readWhole(joinPath(directory, name), size);
        if (whole === undefined) tell(index, undefined);
        else take(index, whole);
      } catch (error) {
        if (!(error instanceof CellarmanError)) throw error;
        tell(index, error);
      }
    }
  }
  expect(told.size).toBe(files.length);
  return files.map((_, index) => told.get(index));
}

interface Wanted {
  readonly name: string;
  readonly by?: string;
  readonly bytes: Buffer | undefined;
}

/** Makes files in one go, near or far; whether each was made. */
async function makeAtOnce(
  endpoint: Endpoint,
  directory: RelPath,
  wanted: readonly Wanted[],
): Promise<boolean[]> {
  const files = wanted.map(({ name, by, bytes }) => ({
    name: byteString(name),
    by: by === undefined ? undefined : byteString(by),
    size: bytes?.length ?? 0,
  }));
  const contents = wanted.map(({ bytes }) =>
    bytes === undefined
      ? undefined
      : {
          blocks: [bytes.subarray(0, 10), bytes.subarray(10)].filter(({ length }) => length > 0),
          attributes: { mode: 0o604, mtime: 1_234_567_890_000_000 },
          sync: true,
        },
  );
  const made = new Map<number, boolean>();
  const tell = (index: number, how: boolean): void => {
    expect(made.has(index)).toBe(false);
    made.set(index, how);
  };
  if (endpoint.writeWhole === undefined) {
    await endpoint.makeMany?.(directory, files, {
      content: (index) => contents[index],
      made: (index) => tell(index, true),
      miss: (index) => tell(index, false),
    });
  } else {
    for (const [index, file] of files.entries()) {
      const content = contents[index];
      try {
        if (content !== undefined) endpoint.writeWhole(directory, file, content);
        tell(index, content !== undefined);
      } catch (error) {
        expect(error).toBeInstanceOf(CellarmanError);
        tell(index, false);
      }
    }
  }
  return wanted.map((_, index) => made.get(index) ?? false);
}

async function contentAndEntry(endpoint: Endpoint, path: RelPath): Promise<{ bytes: Buffer; after: Entry }> {
  const reader = await endpoint.openRead(path);
  const after = await reader.stat();
  await reader.close();
  return { bytes: await readFile(endpoint, path), after };
}

/** Everything `src/sync/endpoint.ts` promises, checked on one implementation. */
export function endpointContract(name: string, makeEndpoint: () => Promise<Subject>): void {
  describe(`the contract of an endpoint: ${name}`, () => {
    let subject: Subject;
    let endpoint: Endpoint;

    beforeEach(async () => {
      subject = await makeEndpoint();
      endpoint = subject.endpoint;
    });
    afterEach(async () => {
      await endpoint.close();
      await subject.dispose();
    });

    const entry = async (path: RelPath): Promise<Entry> => {
      const found = await endpoint.lookup(path);
      expect(found, `entry ${path}`).toBeDefined();
      return found as Entry;
    };

    describe('list', () => {
      test('an empty directory is an empty list', async () => {
        expect(await endpoint.list(p(''))).toEqual([]);
      });

      test('names of any bytes come back as they are, in the order of their bytes', async () => {
        for (const [index, hard] of HARD_NAMES.entries()) await writeFile(endpoint, p(hard), String(index));
        const sorted = [...HARD_NAMES].sort((a, b) =>
          Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
        );
        expect(names(await endpoint.list(p('')))).toEqual(sorted);
        for (const [index, hard] of HARD_NAMES.entries()) {
          expect((await entry(p(hard))).name).toBe(hard);
          expect(String(await readFile(endpoint, p(hard)))).toBe(String(index));
        }
      });

      test('directories of any name can be walked into', async () => {
        let path = '';
        for (const hard of ['\xff\xfe', '-rf', 'new\nline', ' ']) {
          path = path === '' ? hard : `${path}/${hard}`;
          await endpoint.makeDirectory(p(path), 0o700);
          expect(await endpoint.list(p(path))).toEqual([]);
        }
        await writeFile(endpoint, p(`${path}/deep`), 'x');
        expect(names(await endpoint.list(p(path)))).toEqual(['deep']);
      });

      test('entries are what lookup says of them', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await writeFile(endpoint, p('d/file'), 'four', { mode: 0o640, mtime: 1_700_000_000_000_000 });
        await endpoint.makeDirectory(p('d/directory'), 0o750);
        await endpoint.symlink(p('d/symlink'), p('to\xff\nnowhere'));
        const listed = await endpoint.list(p('d'));
        for (const one of listed) expect(one).toEqual(await endpoint.lookup(p(`d/${one.name}`)));
        expect(listed.map(({ name, type, target }) => ({ name, type, target }))).toEqual([
          { name: 'directory', type: 'directory', target: undefined },
          { name: 'file', type: 'file', target: undefined },
          { name: 'symlink', type: 'symlink', target: 'to\xff\nnowhere' },
        ]);
        expect(listed.map(({ size }) => size)).toEqual([0, 4, 0]);
      });

      test('many entries', async () => {
        const many = Array.from({ length: 1500 }, (_, i) => `${i}`);
        for (const one of many) await endpoint.symlink(p(one), p('t'));
        expect(names(await endpoint.list(p('')))).toEqual([...many].sort());
      });

      test('fails on what is no directory', async () => {
        await writeFile(endpoint, p('file'), '');
        expect(await codeOf(endpoint.list(p('missing')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.list(p('missing/below')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.list(p('file')))).toBe('NOT_A_DIRECTORY');
      });
    });

    describe('lookup and follow', () => {
      test('the root is a directory without a name', async () => {
        expect(await endpoint.lookup(p(''))).toMatchObject({ name: '', type: 'directory' });
        expect(await endpoint.follow(p(''))).toMatchObject({ name: '', type: 'directory' });
      });

      test('nothing there is undefined', async () => {
        await writeFile(endpoint, p('file'), '');
        for (const path of ['missing', 'missing/below', 'file/below']) {
          expect(await endpoint.lookup(p(path)), path).toBeUndefined();
          expect(await endpoint.follow(p(path)), path).toBeUndefined();
        }
      });

      test('lookup tells of the link, follow of what it leads to', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await writeFile(endpoint, p('d/file'), 'content');
        await endpoint.symlink(p('d/one'), p('two'));
        await endpoint.symlink(p('d/two'), p('../d/file'));
        await endpoint.symlink(p('directory'), p('d'));
        await endpoint.symlink(p('dangling'), p('nowhere'));
        await endpoint.symlink(p('loop'), p('loop'));
        expect(await endpoint.lookup(p('d/one'))).toMatchObject({ type: 'symlink', target: 'two', size: 0 });
        expect(await endpoint.follow(p('d/one'))).toMatchObject({
          name: 'one',
          type: 'file',
          size: 7,
          target: undefined,
        });
        expect(await endpoint.follow(p('directory'))).toMatchObject({ name: 'directory', type: 'directory' });
        expect(await endpoint.follow(p('dangling'))).toBeUndefined();
        expect(['SYMLINK_LOOP', 'resolved']).toContain(await codeOf(endpoint.follow(p('loop'))));
        expect(await endpoint.lookup(p('loop'))).toMatchObject({ type: 'symlink', target: 'loop' });
      });

      test('identity is known exactly where the capabilities say so', async () => {
        await writeFile(endpoint, p('file'), '');
        const { identity } = await entry(p('file'));
        if (!endpoint.capabilities.identity) expect(identity).toBeUndefined();
        else expect(identity).toMatchObject({ links: 1 });
      });
    });

    describe('files', () => {
      for (const length of [0, 1, 1024, 65_536, 262_145, 1_048_577, 5_000_000]) {
        test(`${length} bytes come back as written`, async () => {
          const bytes = content(length);
          await writeFile(endpoint, p('file'), bytes);
          expect((await entry(p('file'))).size).toBe(length);
          expect((await readFile(endpoint, p('file'))).equals(bytes)).toBe(true);
          expect((await readFile(endpoint, p('file'), 0, length)).equals(bytes)).toBe(true);
        });
      }

      test('a range is read and nothing else, and reading ends where the file does', async () => {
        const bytes = content(600_000);
        await writeFile(endpoint, p('file'), bytes);
        for (const [start, end] of [
          [0, 1],
          [599_999, 600_000],
          [1, 599_999],
          [262_143, 262_145],
          [599_990, 700_000],
          [600_000, 600_001],
          [900_000, 2_000_000],
          [5, 5],
        ] as const) {
          const part = await readFile(endpoint, p('file'), start, end);
          expect(part.equals(bytes.subarray(start, end)), `${start}-${end}`).toBe(true);
        }
      });

      test('a reader may stop early and read another range', async () => {
        const bytes = content(3_000_000);
        await writeFile(endpoint, p('file'), bytes);
        const file = await endpoint.openRead(p('file'));
        for await (const block of file.read(0, 3_000_000)) {
          expect(block.length).toBeGreaterThan(0);
          break;
        }
        const parts: Buffer[] = [];
        for await (const block of file.read(2_999_000, 3_000_000)) parts.push(Buffer.from(block));
        await file.close();
        expect(Buffer.concat(parts).equals(bytes.subarray(2_999_000))).toBe(true);
      });

      test('a file written in pieces out of one buffer', async () => {
        const file = await endpoint.create(p('file'));
        const block = Buffer.alloc(40_000);
        const expected: Buffer[] = [];
        for (let i = 0; i < 100; i++) {
          block.fill(i);
          const part = block.subarray(0, 1 + i * 400);
          expected.push(Buffer.from(part));
          await file.write(part);
        }
        await file.write(new Uint8Array(0));
        await file.sync();
        await file.close();
        expect((await readFile(endpoint, p('file'))).equals(Buffer.concat(expected))).toBe(true);
      });

      test('closing a file once more leaves those alone that were made since', async () => {
        const first = await endpoint.create(p('first'));
        await first.close();
        const second = await endpoint.create(p('second'));
        await first.close();
        const third = await endpoint.create(p('third'));
        await second.write(content(10));
        await second.close();
        await third.write(content(20));
        await third.close();
        expect(await readFile(endpoint, p('first'))).toEqual(content(0));
        expect(await readFile(endpoint, p('second'))).toEqual(content(10));
        expect(await readFile(endpoint, p('third'))).toEqual(content(20));
      });

      test('stat is of the open file, whatever has happened to its name', async () => {
        await writeFile(endpoint, p('file'), 'first');
        const file = await endpoint.openRead(p('file'));
        await writeFile(endpoint, p('other'), 'the second');
        await endpoint.rename(p('other'), p('file'));
        expect(await file.stat()).toMatchObject({ name: 'file', type: 'file', size: 5 });
        await file.close();
        await file.close();
      });

      test('a file that is not there, and what is no file, cannot be read', async () => {
        await endpoint.makeDirectory(p('directory'), 0o700);
        await writeFile(endpoint, p('file'), 'content');
        await endpoint.symlink(p('link'), p('file'));
        expect(await codeOf(endpoint.openRead(p('missing')))).toBe('NOT_FOUND');
        expect(await codeOf(readFile(endpoint, p('directory')))).not.toBe('resolved');
        expect(await codeOf(readFile(endpoint, p('link')))).toBe('SYMLINK_IN_PATH');
      });

      test('create makes a file that is its owner’s alone, and never touches an existing entry', async () => {
        await writeFile(endpoint, p('file'), 'content');
        expect(await entry(p('file'))).toMatchObject({ type: 'file', mode: 0o600 });
        await endpoint.makeDirectory(p('directory'), 0o700);
        await endpoint.symlink(p('dangling'), p('elsewhere'));
        for (const taken of ['file', 'directory', 'dangling']) {
          expect(await codeOf(endpoint.create(p(taken))), taken).toBe('EXISTS');
        }
        expect(await endpoint.lookup(p('elsewhere'))).toBeUndefined();
        expect(String(await readFile(endpoint, p('file')))).toBe('content');
        expect(await codeOf(endpoint.create(p('missing/file')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.create(p('file/below')))).not.toBe('resolved');
      });
    });

    describe('attributes', () => {
      /** What a file of this time says afterwards. */
      const floored = (mtime: number): number => {
        const step = endpoint.capabilities.mtimePrecision;
        return Math.floor(mtime / step) * step;
      };
      const TIMES = [
        0, 1, 999_999, 1_000_000, 1_600_000_000_999_999, 1_700_000_000_123_456, 2_147_483_648_000_001,
        4_000_000_000_654_321,
      ];

      test('of an open file stay after it is closed', async () => {
        for (const [index, mtime] of TIMES.entries()) {
          const path = p(`file${index}`);
          await writeFile(endpoint, path, 'content', { mode: 0o640, mtime });
          expect(await entry(path)).toMatchObject({ mode: 0o640, mtime: floored(mtime), size: 7 });
        }
      });

      test('of an entry', async () => {
        await writeFile(endpoint, p('file'), 'content');
        await endpoint.makeDirectory(p('directory'), 0o700);
        for (const path of [p('file'), p('directory')]) {
          for (const mtime of TIMES) {
            await endpoint.setAttributes(path, { mtime });
            expect((await entry(path)).mtime).toBe(floored(mtime));
          }
          const before = await entry(path);
          await endpoint.setAttributes(path, { mode: 0o751 });
          expect(await entry(path)).toMatchObject({ mode: 0o751, mtime: before.mtime, uid: before.uid });
          await endpoint.setAttributes(path, {});
          expect(await entry(path)).toMatchObject({ mode: 0o751, mtime: before.mtime, uid: before.uid });
        }
        expect(await codeOf(endpoint.setAttributes(p('missing'), { mode: 0o600 }))).toBe('NOT_FOUND');
      });

      test('the root’s own', async () => {
        await endpoint.setAttributes(p(''), { mode: 0o710, mtime: 1_500_000_000_000_000 });
        expect(await entry(p(''))).toMatchObject({ mode: 0o710, mtime: 1_500_000_000_000_000 });
      });

      test('the owner is set before the mode, so that set-id bits survive', async () => {
        await writeFile(endpoint, p('plain'), '');
        const { uid, gid } = await entry(p('plain'));
        for (const mode of [0o4755, 0o2755, 0o6755, 0o1755]) {
          const path = p(`file${mode}`);
          await writeFile(endpoint, path, 'x', { uid, gid, mode, mtime: 1_500_000_000_000_000 });
          expect(await entry(path)).toMatchObject({ uid, gid, mode, mtime: 1_500_000_000_000_000 });
          await endpoint.setAttributes(path, { uid, gid, mode });
          expect((await entry(path)).mode).toBe(mode);
        }
      });

      test('of a symbolic link never reach what it leads to', async () => {
        await writeFile(endpoint, p('file'), 'x', { mode: 0o600, mtime: 1_500_000_000_000_000 });
        await endpoint.symlink(p('link'), p('file'));
        const mtime = 1_400_000_000_000_000;
        const { mode } = await entry(p('link'));
        const code = await codeOf(endpoint.setAttributes(p('link'), { mode: 0o700, mtime }));
        if (endpoint.capabilities.symlinkAttributes) {
          expect(code).toBe('resolved');
          expect(await entry(p('link'))).toMatchObject({ mode, mtime });
        }
        expect(await entry(p('file'))).toMatchObject({ mode: 0o600, mtime: 1_500_000_000_000_000 });
      });
    });

    describe('directories, links and names', () => {
      test('makeDirectory', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        expect(await entry(p('d'))).toMatchObject({ name: 'd', type: 'directory', mode: 0o700 });
        expect(await codeOf(endpoint.makeDirectory(p('d'), 0o700))).toBe('EXISTS');
        expect(await codeOf(endpoint.makeDirectory(p('missing/d'), 0o700))).toBe('NOT_FOUND');
      });

      test('symlink keeps its text, byte for byte', async () => {
        for (const [index, target] of [
          'x',
          '../../etc',
          '/absolute',
          '\xff\n',
          'a//b/./',
          't'.repeat(1000),
        ].entries()) {
          await endpoint.symlink(p(`l${index}`), p(target));
          expect((await entry(p(`l${index}`))).target).toBe(target);
        }
        expect(await codeOf(endpoint.symlink(p('l0'), p('y')))).toBe('EXISTS');
        expect((await entry(p('l0'))).target).toBe('x');
      });

      test('link gives a second name, or says that it cannot', async () => {
        await writeFile(endpoint, p('file'), 'content', { mtime: 1_500_000_000_000_000 });
        await endpoint.makeDirectory(p('d'), 0o700);
        if (!endpoint.capabilities.hardLinks) {
          expect(await codeOf(endpoint.link(p('file'), p('d/name')))).toBe('UNSUPPORTED');
          return;
        }
        await endpoint.link(p('file'), p('d/name'));
        expect(String(await readFile(endpoint, p('d/name')))).toBe('content');
        const [one, two] = [await entry(p('file')), await entry(p('d/name'))];
        expect(two).toEqual({ ...one, name: 'name' });
        if (endpoint.capabilities.identity) expect(one.identity?.links).toBe(2);
        expect(await codeOf(endpoint.link(p('missing'), p('new')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.link(p('file'), p('d/name')))).toBe('EXISTS');
        expect(await codeOf(endpoint.link(p('file'), p('missing/name')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.link(p('d'), p('d2')))).not.toBe('resolved');
      });

      test('many links out of or into a directory that is gone fail one by one', async (context) => {
        if (endpoint.linkAll === undefined) return context.skip('it links them one by one');
        await endpoint.makeDirectory(p('d'), 0o755);
        await writeFile(endpoint, p('d/a'), 'a');
        await writeFile(endpoint, p('d/b'), 'b');
        for (const [from, to] of [
          ['gone', 'd'],
          ['d', 'gone'],
        ] as const) {
          const told: string[] = [];
          await endpoint.linkAll(
            p(from),
            p(to),
            { names: [p('a'), p('b')], sizes: [-1, 1] },
            (name, { code }) => told.push(`${name} ${code}`),
          );
          expect(told).toEqual(['a NOT_FOUND', 'b NOT_FOUND']);
        }
      });

      test('many links leave a file out that has another size than it should', async (context) => {
        if (endpoint.linkAll === undefined) return context.skip('it links them one by one');
        for (const directory of ['from', 'to']) await endpoint.makeDirectory(p(directory), 0o755);
        for (const name of ['a', 'b', '\xe9']) await writeFile(endpoint, p(`from/${name}`), 'four');
        const told: string[] = [];
        const files = { names: [p('a'), p('b'), p('\xe9')], sizes: [4, 5, 3] };
        await endpoint.linkAll(p('from'), p('to'), files, (name, { code }) => told.push(`${name} ${code}`));
        expect(told).toEqual(['b CHANGED_WHILE_READ', '\xe9 CHANGED_WHILE_READ']);
        expect((await endpoint.list(p('to'))).map(({ name }) => name)).toEqual(['a']);
      });

      test('link does not follow a symbolic link', async () => {
        if (!endpoint.capabilities.hardLinks) return;
        await writeFile(endpoint, p('file'), 'content');
        await endpoint.symlink(p('link'), p('file'));
        const code = await codeOf(endpoint.link(p('link'), p('second')));
        if (code === 'resolved')
          expect(await entry(p('second'))).toMatchObject({ type: 'symlink', target: 'file' });
        else expect(await endpoint.lookup(p('second'))).toBeUndefined();
      });

      test('a file with two names keeps its attributes', async () => {
        if (!endpoint.capabilities.hardLinks || !endpoint.capabilities.identity) return;
        await writeFile(endpoint, p('file'), 'content', { mode: 0o640 });
        await endpoint.link(p('file'), p('name'));
        expect(await codeOf(endpoint.setAttributes(p('name'), { mode: 0o600 }))).toBe('SHARED_FILE');
        expect((await entry(p('file'))).mode).toBe(0o640);
        await endpoint.removeFile(p('file'));
        await endpoint.setAttributes(p('name'), { mode: 0o600 });
        expect((await entry(p('name'))).mode).toBe(0o600);
      });

      test('rename moves and replaces a file', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await writeFile(endpoint, p('new'), 'new');
        await writeFile(endpoint, p('d/old'), 'old');
        await endpoint.symlink(p('link'), p('d'));
        await endpoint.rename(p('new'), p('d/old'));
        expect(String(await readFile(endpoint, p('d/old')))).toBe('new');
        expect(await endpoint.lookup(p('new'))).toBeUndefined();
        await endpoint.rename(p('d/old'), p('link'));
        expect(await entry(p('link'))).toMatchObject({ type: 'file', size: 3 });
        expect(await endpoint.list(p('d'))).toEqual([]);
      });

      test('rename of one name of a file to another changes nothing', async () => {
        if (!endpoint.capabilities.hardLinks || !endpoint.capabilities.identity) return;
        await writeFile(endpoint, p('one'), 'content');
        await endpoint.link(p('one'), p('two'));
        await endpoint.rename(p('one'), p('two'));
        expect(names(await endpoint.list(p('')))).toEqual(['one', 'two']);
        expect(String(await readFile(endpoint, p('two')))).toBe('content');
      });

      test('rename moves a symbolic link itself', async () => {
        await writeFile(endpoint, p('file'), 'content');
        await endpoint.symlink(p('link'), p('file'));
        await endpoint.rename(p('link'), p('moved'));
        expect((await entry(p('moved'))).target).toBe('file');
        expect((await entry(p('file'))).size).toBe(7);
      });

      test('rename moves a directory with all that is in it', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await endpoint.makeDirectory(p('d/e'), 0o700);
        await writeFile(endpoint, p('d/e/file'), 'content');
        expect(names(await endpoint.list(p('d/e')))).toEqual(['file']);
        await endpoint.rename(p('d'), p('moved'));
        expect(await endpoint.lookup(p('d/e/file'))).toBeUndefined();
        expect(await codeOf(endpoint.create(p('d/e/other')))).toBe('NOT_FOUND');
        expect(names(await endpoint.list(p('moved/e')))).toEqual(['file']);
        await endpoint.makeDirectory(p('d'), 0o700);
        expect(await endpoint.list(p('d'))).toEqual([]);
      });

      test('rename fails where it must', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await endpoint.makeDirectory(p('full'), 0o700);
        await writeFile(endpoint, p('full/file'), 'content');
        await writeFile(endpoint, p('file'), 'content');
        expect(await codeOf(endpoint.rename(p('missing'), p('x')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.rename(p('file'), p('missing/x')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.rename(p('d'), p('full')))).not.toBe('resolved');
        expect(await codeOf(endpoint.rename(p('file'), p('full')))).not.toBe('resolved');
        expect(await codeOf(endpoint.rename(p('d'), p('file')))).not.toBe('resolved');
        expect(await codeOf(endpoint.rename(p('d'), p('d/below')))).not.toBe('resolved');
        expect(names(await endpoint.list(p('')))).toEqual(['d', 'file', 'full']);
        expect(names(await endpoint.list(p('full')))).toEqual(['file']);
      });

      test('removeFile takes everything but a directory away', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await writeFile(endpoint, p('d/file'), 'content');
        await endpoint.symlink(p('link'), p('d'));
        await endpoint.removeFile(p('link'));
        await endpoint.removeFile(p('d/file'));
        expect(await codeOf(endpoint.removeFile(p('d/file')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.removeFile(p('d')))).not.toBe('resolved');
        expect(names(await endpoint.list(p('')))).toEqual(['d']);
      });

      test('removeDirectory takes an empty directory away and nothing else', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await endpoint.makeDirectory(p('d/e'), 0o700);
        await writeFile(endpoint, p('file'), 'content');
        await endpoint.symlink(p('link'), p('d'));
        expect(await endpoint.list(p('d/e'))).toEqual([]);
        expect(await codeOf(endpoint.removeDirectory(p('d')))).toBe('NOT_EMPTY');
        expect(await codeOf(endpoint.removeDirectory(p('missing')))).toBe('NOT_FOUND');
        expect(await codeOf(endpoint.removeDirectory(p('file')))).not.toBe('resolved');
        expect(await codeOf(endpoint.removeDirectory(p('link')))).not.toBe('resolved');
        await endpoint.removeDirectory(p('d/e'));
        await endpoint.removeDirectory(p('d'));
        expect(names(await endpoint.list(p('')))).toEqual(['file', 'link']);
        // The name is free again for a directory that is another one.
        await endpoint.makeDirectory(p('d'), 0o700);
        await writeFile(endpoint, p('d/new'), 'x');
        expect(names(await endpoint.list(p('d')))).toEqual(['new']);
      });

      test('syncDirectory', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await endpoint.syncDirectory(p('d'));
        await endpoint.syncDirectory(p(''));
        if (endpoint.capabilities.durable) {
          expect(await codeOf(endpoint.syncDirectory(p('missing')))).toBe('NOT_FOUND');
        }
      });

      test('space is plausible where it is known', async () => {
        const space = await endpoint.space();
        if (space === undefined) return;
        expect(space.available).toBeGreaterThan(0);
        expect(space.readOnly).toBe(false);
        await writeFile(endpoint, p('n'.repeat(space.nameMax)), '');
        expect(await codeOf(endpoint.create(p('n'.repeat(space.nameMax + 1))))).not.toBe('resolved');
      });
    });

    describe('what must not lead anywhere', () => {
      test('a symbolic link on the way is never followed', async () => {
        await endpoint.makeDirectory(p('real'), 0o700);
        await endpoint.makeDirectory(p('real/d'), 0o700);
        await writeFile(endpoint, p('real/f'), 'content', { mode: 0o640, mtime: 1_500_000_000_000_000 });
        await writeFile(endpoint, p('mine'), 'mine');
        await endpoint.symlink(p('trap'), p('real'));
        const before = await endpoint.list(p('real'));
        const attempts: Record<string, () => Promise<unknown>> = {
          list: () => endpoint.list(p('trap')),
          'list below': () => endpoint.list(p('trap/d')),
          lookup: () => endpoint.lookup(p('trap/f')),
          openRead: () => endpoint.openRead(p('trap/f')),
          create: () => endpoint.create(p('trap/new')),
          'create below': () => endpoint.create(p('trap/d/new')),
          makeDirectory: () => endpoint.makeDirectory(p('trap/new'), 0o700),
          symlink: () => endpoint.symlink(p('trap/new'), p('x')),
          'link to': () => endpoint.link(p('mine'), p('trap/new')),
          'link from': () => endpoint.link(p('trap/f'), p('new')),
          'rename to': () => endpoint.rename(p('mine'), p('trap/new')),
          'rename from': () => endpoint.rename(p('trap/f'), p('new')),
          setAttributes: () => endpoint.setAttributes(p('trap/f'), { mode: 0o777, mtime: 0 }),
          removeFile: () => endpoint.removeFile(p('trap/f')),
          removeDirectory: () => endpoint.removeDirectory(p('trap/d')),
        };
        for (const [what, attempt] of Object.entries(attempts)) {
          if (what.startsWith('link') && !endpoint.capabilities.hardLinks) continue;
          expect(['SYMLINK_IN_PATH', 'NOT_A_DIRECTORY'], what).toContain(await codeOf(attempt()));
        }
        expect(await endpoint.list(p('real'))).toEqual(before);
        expect(names(await endpoint.list(p('')))).toEqual(['mine', 'real', 'trap']);
      });

      test('a directory that a symbolic link has replaced is not reached any more', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        await endpoint.makeDirectory(p('other'), 0o700);
        await writeFile(endpoint, p('d/file'), 'x');
        await endpoint.rename(p('d'), p('moved'));
        await endpoint.symlink(p('d'), p('other'));
        expect(['SYMLINK_IN_PATH', 'NOT_A_DIRECTORY']).toContain(await codeOf(endpoint.create(p('d/new'))));
        expect(await endpoint.list(p('other'))).toEqual([]);
      });

      test('names that are none', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        for (const path of ['..', '.', 'd/..', 'd/../x', '../x', 'd/', 'd//x', 'nul\0l', 'd/./x']) {
          expect(await codeOf(endpoint.create(p(path))), JSON.stringify(path)).toBe('UNSAFE_NAME');
          expect(await codeOf(endpoint.makeDirectory(p(path), 0o700)), JSON.stringify(path)).toBe(
            'UNSAFE_NAME',
          );
        }
        expect(await endpoint.list(p('d'))).toEqual([]);
      });
    });

    describe('small files at once', () => {
      test('come as they are, each once, and those that are none are told', async (context) => {
        if (endpoint.readWhole === undefined && endpoint.readMany === undefined)
          return context.skip('it reads them one by one');
        await endpoint.makeDirectory(p('d'), 0o755);
        const small = HARD_NAMES.slice(0, 12).map(p);
        for (const [i, name] of small.entries()) {
          const bytes = content([0, 1, 8192, 32768, 200_000][i % 5] ?? 0);
          await writeFile(endpoint, p(`d/${name}`), bytes, { mode: 0o640, mtime: 1_000_000_000_000_000 });
        }
        await endpoint.makeDirectory(p('d/directory'), 0o755);
        await endpoint.symlink(p('d/link'), p('A'));
        const listed = await endpoint.list(p('d'));
        const wanted = [
          ...listed.filter(({ type }) => type === 'file'),
          file(p('missing'), 3),
          file(p('directory'), 3),
          file(p('link'), 3),
          { ...file(p('A'), 5), name: small[2] ?? p('') },
          { ...file(p('A'), 20_000), name: small[2] ?? p('') },
        ];
        const told = await gather(endpoint, p('d'), wanted);
        for (const [i, { name, size }] of wanted.slice(0, small.length).entries()) {
          // More than every server has to give in one packet may be passed over.
          if (size > 32_768 && told[i] === undefined) continue;
          expect(told[i]).toEqual(await contentAndEntry(endpoint, p(`d/${name}`)));
        }
        expect(
          told.slice(small.length).map((one) => (one instanceof CellarmanError ? one.code : one)),
        ).toEqual(['NOT_FOUND', 'IS_A_DIRECTORY', 'SYMLINK_IN_PATH', undefined, undefined]);
      });

      test('of a directory that is gone, or none any more, are told one by one', async (context) => {
        if (endpoint.readWhole === undefined && endpoint.readMany === undefined)
          return context.skip('it reads them one by one');
        await writeFile(endpoint, p('none'), 'x');
        for (const directory of ['gone', 'none']) {
          const told = await gather(endpoint, p(directory), [file(p('a'), 1), file(p('b'), 0)]);
          for (const one of told)
            expect(['NOT_FOUND', 'NOT_A_DIRECTORY']).toContain((one as CellarmanError).code);
        }
      });

      test('are made whole or not at all', async (context) => {
        if (endpoint.writeWhole === undefined && endpoint.makeMany === undefined)
          return context.skip('it makes them step by step');
        await endpoint.makeDirectory(p('d'), 0o755);
        await endpoint.makeDirectory(p('d/taken'), 0o755);
        await writeFile(endpoint, p('d/old'), 'old');
        await writeFile(endpoint, p('d/stays'), 'stays');
        const atOnce = endpoint.capabilities.atomicReplace;
        const wanted: (Wanted & { readonly expected: boolean })[] = [
          { name: 'new', bytes: content(30), expected: atOnce },
          { name: 'empty', bytes: content(0), expected: atOnce },
          { name: 'old', by: '.old.tmp', bytes: content(30), expected: atOnce },
          { name: 'stays', bytes: content(30), expected: false },
          { name: 'x', by: 'stays', bytes: content(30), expected: false },
          { name: 'taken', by: '.taken.tmp', bytes: content(30), expected: false },
          { name: 'unwanted', bytes: undefined, expected: false },
          ...Array.from({ length: 40 }, (_, i) => ({
            name: `many${i}`,
            by: `.many${i}`,
            bytes: content(i * 700),
            expected: atOnce,
          })),
        ];
        expect(await makeAtOnce(endpoint, p('d'), wanted)).toEqual(wanted.map(({ expected }) => expected));
        const stand = wanted.filter(({ expected }) => expected);
        expect(names(await endpoint.list(p('d')))).toEqual(
          [...new Set([...stand.map(({ name }) => name), 'old', 'stays', 'taken'])].sort(),
        );
        for (const { name, bytes } of stand) {
          const found = await contentAndEntry(endpoint, p(`d/${name}`));
          expect(found.bytes).toEqual(bytes);
          expect(found.after).toMatchObject({
            mode: 0o604,
            mtime: 1_234_567_890_000_000,
            size: bytes?.length,
          });
        }
        expect((await readFile(endpoint, p('d/stays'))).toString()).toBe('stays');
      });

      test('are not made in what is no directory', async (context) => {
        if (endpoint.writeWhole === undefined && endpoint.makeMany === undefined)
          return context.skip('it makes them step by step');
        await endpoint.makeDirectory(p('real'), 0o755);
        await endpoint.symlink(p('trap'), p('real'));
        for (const directory of ['gone', 'trap'])
          expect(await makeAtOnce(endpoint, p(directory), [{ name: 'a', bytes: content(9) }])).toEqual([
            false,
          ]);
        expect(await endpoint.list(p('real'))).toEqual([]);
      });
    });

    describe('calls', () => {
      test('may overlap', async () => {
        await endpoint.makeDirectory(p('d'), 0o700);
        const many = Array.from({ length: 60 }, (_, i) => ({
          path: p(`d/f${i}`),
          bytes: content(i * 9_000),
        }));
        await Promise.all(many.map(({ path, bytes }) => writeFile(endpoint, path, bytes)));
        const back = await Promise.all(many.map(({ path }) => readFile(endpoint, path)));
        for (const [i, { bytes }] of many.entries()) expect(back[i]?.equals(bytes), `file ${i}`).toBe(true);
        expect(await endpoint.list(p('d'))).toHaveLength(60);
      });

      test('two readers of one file do not share their blocks', async () => {
        const bytes = content(2_000_000);
        await writeFile(endpoint, p('file'), bytes);
        const [a, b] = [await endpoint.openRead(p('file')), await endpoint.openRead(p('file'))];
        const first = a.read(0, 2_000_000)[Symbol.asyncIterator]();
        const second = b.read(1_000_000, 2_000_000)[Symbol.asyncIterator]();
        const block = (await first.next()).value;
        await second.next();
        expect(Buffer.from(block).equals(bytes.subarray(0, block.length))).toBe(true);
        await first.return?.();
        await second.return?.();
        await Promise.all([a.close(), b.close()]);
      });

      test('reject after close, which can be called again', async () => {
        await endpoint.close();
        await endpoint.close();
        const calls = [
          endpoint.list(p('')),
          endpoint.lookup(p('x')),
          endpoint.create(p('x')),
          endpoint.openRead(p('x')),
          ...(endpoint.readMany === undefined
            ? []
            : [gather(endpoint, p(''), [file(p('x'), 1), file(p('y'), 1)])]),
          ...(endpoint.makeMany === undefined || !endpoint.capabilities.atomicReplace
            ? []
            : [makeAtOnce(endpoint, p(''), [{ name: 'x', bytes: content(9) }])]),
        ];
        for (const call of await Promise.allSettled(calls)) {
          expect(call.status).toBe('rejected');
          if (call.status === 'rejected') expect(call.reason).toBeInstanceOf(CellarmanError);
        }
      });
    });
  });
}
