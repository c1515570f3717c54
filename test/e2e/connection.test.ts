import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Packet } from '../../src/ssh/sftp/protocol.ts';
import type { Outcome } from '../support/built-cli.ts';
import { reportOf, runCli } from '../support/cli-process.ts';
import { bySsh2 } from '../support/reach.ts';
import { BASE, BASIS, CHANGED } from '../support/rsync-trees.ts';
import { type SftpServer, startSftpServer } from '../support/sftp-server.ts';
import { describeTree, plant, type TreeSpec } from '../support/tree.ts';

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;
const OLD = 1_600_000_000;
/** One request's share of a file. */
const REQUESTS = Math.ceil(SIZE / (255 * 1024));
/** Requests that are under way when a connection is cut, and have to be made again: a channel's window full of them. */
const UNDER_WAY = 24;

/** The path in a request that begins with one; `/` is the server's root. */
const pathOf = (packet: Buffer): string => packet.toString('latin1', 9, 9 + packet.readUInt32BE(5));

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cellarman-connection-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Line {
  readonly server: SftpServer;
  /** What the server shows, with `s` and `d`. */
  readonly there: string;
  readonly here: string;
  readonly sync: (args: string, direction?: 'pull' | 'push') => Promise<Outcome>;
}

/** A server of its own, and a directory on either side. */
async function using(test: (line: Line) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(scratch, 'x'));
  const [there, here] = [join(directory, 'there'), join(directory, 'here')];
  for (const side of [there, here]) mkdirSync(side);
  const server = await startSftpServer({ root: there });
  const { options, at } = bySsh2(server);
  const sync: Line['sync'] = (args, direction = 'pull') =>
    runCli([
      'sync',
      ...options,
      ...args.split(' '),
      ...(direction === 'pull' ? [at('/s/'), join(here, 'd')] : [`${join(here, 's')}/`, at('/d')]),
    ]);
  try {
    await test({ server, there, here, sync });
  } finally {
    await server.stop();
  }
}

function plantBig(directory: string, content = randomBytes(SIZE)): Buffer {
  plant(directory, { small: 'x' });
  writeFileSync(join(directory, 'big'), content, { mode: 0o640 });
  utimesSync(join(directory, 'big'), OLD, OLD);
  utimesSync(directory, OLD, OLD);
  return content;
}

/** Cuts the connection at every so manieth request of a type; the result tells how many there were. */
function cutAtEvery(server: SftpServer, type: number, count: number): () => number {
  let seen = 0;
  server.faults.watch = (packet) => {
    if (packet[0] !== type) return undefined;
    seen += 1;
    return seen % count === 0 ? 'cut before' : undefined;
  };
  return () => seen;
}

/** Once, at the so manieth request of a type. */
function atRequest(server: SftpServer, type: number, count: number, act: () => void): void {
  let seen = 0;
  server.faults.watch = (packet) => {
    if (packet[0] === type && ++seen === count) act();
    return undefined;
  };
}

describe.concurrent('a connection that is cut', () => {
  it.each([
    ['pull', Packet.READ],
    ['push', Packet.WRITE],
  ] as const)('again and again in the middle of a file: %s goes on where it was', async (direction, type) => {
    await using(async ({ server, there, here, sync }) => {
      const [source, destination] = direction === 'pull' ? [there, here] : [here, there];
      const content = plantBig(join(source, 's'));
      const requests = cutAtEvery(server, type, 30);
      const outcome = await sync('-a --json', direction);
      const report = reportOf(outcome);
      expect(report).toMatchObject({ status: 0, transferredFiles: 2, transferredBytes: SIZE + 1, failed: 0 });
      const cuts = Number(report['reconnects']);
      expect(cuts).toBeGreaterThanOrEqual(3);
      expect(requests()).toBeLessThan(REQUESTS + 1 + cuts * UNDER_WAY);
      expect(readFileSync(join(destination, 'd/big')).equals(content)).toBe(true);
      expect(statSync(join(destination, 'd/big'))).toMatchObject({ mode: 0o100640, mtimeMs: OLD * 1000 });
      expect(readdirSync(join(destination, 'd')).sort()).toEqual(['big', 'small']);
    });
  });

  it.each(['pull', 'push'] as const)('at each listing: %s', async (direction) => {
    await using(async ({ server, there, here, sync }) => {
      const [source, destination] = direction === 'pull' ? [there, here] : [here, there];
      const entries = { ...BASE, sub: { entries: { a: 'x', b: { entries: { c: 'x' } } } } };
      plant(join(source, 's'), entries);
      plant(join(destination, 'd'), {
        ...CHANGED,
        file: 'something else',
        sub: { entries: { b: { entries: { d: 'x' } } } },
      });
      const cut = new Set<string>();
      server.faults.watch = (packet) => {
        if (packet[0] !== Packet.OPENDIR || cut.has(pathOf(packet))) return undefined;
        cut.add(pathOf(packet));
        return 'cut before';
      };
      const outcome = await sync('-a --delete', direction);
      expect(outcome).toMatchObject({ status: 0, stdout: '' });
      expect(outcome.stderr).toMatch(
        /^(cellarman: the connection to \S+ was lost: .*; connecting again\n)+$/,
      );
      expect(cut.size).toBeGreaterThan(4);
      expect(describeTree(join(destination, 'd')).map(withoutOwner)).toEqual(
        describeTree(join(source, 's')).map(withoutOwner).map(unlinked),
      );
    });
  });

  it('at any request, before or after it was carried out', async () => {
    const run = fc.asyncProperty(
      fc.constantFrom('pull' as const, 'push' as const),
      fc.constantFrom('-a', '-a --delete', '-ac', '-a --link-dest=../p', '-a --copy-dest=../p --delete'),
      fc.infiniteStream(fc.integer({ min: 0, max: 29 })),
      async (direction, args, dice) => {
        await using(async ({ server, there, here, sync }) => {
          const [source, destination] = direction === 'pull' ? [there, here] : [here, there];
          const layout: Record<string, TreeSpec> = { d: CHANGED, p: BASIS };
          plant(join(source, 's'), BASE);
          for (const side of [destination, join(scratch, 'calm')]) {
            for (const [name, spec] of Object.entries(layout)) plant(join(side, name), spec);
          }
          let left = 12;
          server.faults.watch = (packet) => {
            // Whoever is not connected yet may give up.
            if (packet[0] === Packet.INIT || packet[0] === Packet.EXTENDED || left === 0) return undefined;
            const thrown = dice.next().value;
            if (thrown > 1) return undefined;
            left -= 1;
            return thrown === 0 ? 'cut before' : 'cut after';
          };
          const outcome = await sync(args, direction);
          const expected = await runCli([
            'sync',
            ...args.split(' '),
            `${join(source, 's')}/`,
            join(scratch, 'calm/d'),
          ]);
          const shown = (tree: string): string[] => describeTree(tree).map(withoutOwner).map(unlinked);
          expect({ ...outcome, stderr: besides(outcome.stderr) }).toEqual(expected);
          expect(shown(join(destination, 'd'))).toEqual(shown(join(scratch, 'calm/d')));
          rmSync(join(scratch, 'calm'), { recursive: true });
        });
      },
    );
    await fc.assert(run, { numRuns: Number(process.env['FUZZ_RUNS'] ?? 3), seed: 1, endOnFailure: true });
  });

  it('for good ends the run in one sentence, and leaves nothing half-done', async () => {
    await using(async ({ server, there, here, sync }) => {
      plantBig(join(there, 's'));
      plant(join(here, 'd'), { big: 'older' });
      atRequest(server, Packet.READ, 20, () => {
        server.faults.refuseConnections = true;
        server.dropConnections();
      });
      const { status, stderr } = await sync('-a');
      // The last attempt may end before the host says who it is, or later.
      expect([10, 12]).toContain(status);
      expect(stderr.split('\n').filter((line) => !line.endsWith('connecting again'))).toEqual([
        expect.stringMatching(/^cellarman: (cannot reach|the connection to) demo@127\.0\.0\.1:\d+/),
        '',
      ]);
      expect(readFileSync(join(here, 'd/big'), 'utf8')).toBe('older');
      expect(readdirSync(join(here, 'd')).filter((name) => name.startsWith('.'))).toEqual([]);
    });
  });
});

/** What is said besides of connections. */
const besides = (stderr: string): string => stderr.replace(/.*; connecting again\n/g, '');
/** Nobody is root everywhere. */
const withoutOwner = (line: string): string => line.replace(/ \d+:\d+ /, ' ');
/** Without `-H` every name is a file of its own. */
const unlinked = (line: string): string => line.replace(/ =\S+ /, '  ');

describe.concurrent('a host that falls silent', () => {
  it.each(['pull', 'push'] as const)('is given up after --timeout: %s', async (direction) => {
    await using(async ({ server, there, here, sync }) => {
      plantBig(join(direction === 'pull' ? there : here, 's'));
      server.faults.stallAfter = 2 * MIB;
      expect(await sync('-a --timeout=1', direction)).toEqual({
        status: 30,
        stdout: '',
        stderr: 'cellarman: no data came or went for 1 seconds\n',
      });
    });
  });
});

describe.concurrent('a file that changes while it is read', () => {
  interface Change {
    readonly name: string;
    /** Done to the file while it is read for the first time, or each time it is. */
    readonly act: (path: string) => void;
    readonly always?: boolean;
    readonly status: number;
    readonly says: RegExp;
    /** What arrives, given what the file is in the end; undefined: nothing does. */
    readonly content: (now: Buffer) => Buffer | undefined;
  }
  const whole = (now: Buffer): Buffer => now;
  const changes: readonly Change[] = [
    {
      name: 'grows once',
      act: (path) => appendFileSync(path, 'more'),
      status: 0,
      says: /^$/,
      content: whole,
    },
    {
      name: 'shrinks once',
      act: (path) => truncateSync(path, SIZE - MIB),
      status: 0,
      says: /^$/,
      content: whole,
    },
    {
      name: 'grows on and on',
      act: (path) => appendFileSync(path, 'more'),
      always: true,
      status: 0,
      says: /^(cellarman: \S*big changed while it was read\n)+$/,
      content: (now) => now.subarray(0, SIZE),
    },
    {
      name: 'shrinks on and on',
      act: (path) => truncateSync(path, statSync(path).size - MIB),
      always: true,
      status: 23,
      says: /^cellarman: \S*big became shorter while it was read\ncellarman: 1 path could not be transferred\n$/,
      content: (now) => now,
    },
    {
      name: 'is replaced by another one of its size and time',
      act: (path) => {
        writeFileSync(`${path}.new`, randomBytes(SIZE));
        utimesSync(`${path}.new`, OLD, OLD);
        renameSync(`${path}.new`, path);
      },
      status: 0,
      says: /^$/,
      // The open file is the old one, whole.
      content: () => undefined,
    },
  ];

  it.each(changes)('$name, pulled', async ({ act, always = false, status, says, content }) => {
    await using(async ({ server, there, here, sync }) => {
      const before = plantBig(join(there, 's'));
      const path = join(there, 's/big');
      let changed = false;
      let opened = '';
      server.faults.watch = (packet) => {
        if (packet[0] === Packet.OPEN && pathOf(packet) === '/s/big') opened = 'fresh';
        // In the middle: of the end nothing has been read yet.
        if (packet[0] !== Packet.READ || opened === '' || (changed && !always)) return undefined;
        if (packet.readBigUInt64BE(5 + 4 + packet.readUInt32BE(5)) < 2 * MIB) return undefined;
        if (opened === 'changed') return undefined;
        changed = true;
        opened = 'changed';
        act(path);
        return undefined;
      };
      const outcome = await sync('-a');
      expect({ status: outcome.status, stdout: outcome.stdout }).toEqual({ status, stdout: '' });
      expect(outcome.stderr).toMatch(says);
      const arrived = readFileSync(join(here, 'd/big'));
      const expected = content(readFileSync(path)) ?? before;
      expect(arrived.subarray(0, expected.length).equals(expected)).toBe(true);
      expect(readdirSync(join(here, 'd')).sort()).toEqual(['big', 'small']);
    });
  });

  it('vanishes before it is opened', async () => {
    await using(async ({ server, there, here, sync }) => {
      plantBig(join(there, 's'));
      server.faults.watch = (packet) => {
        if (packet[0] === Packet.LSTAT && pathOf(packet) === '/s/big') unlinkSync(join(there, 's/big'));
        if (packet[0] === Packet.OPEN && pathOf(packet) === '/s/big')
          rmSync(join(there, 's/big'), { force: true });
        return undefined;
      };
      expect(await sync('-a')).toEqual({
        status: 24,
        stdout: '',
        stderr: expect.stringMatching(
          /^cellarman: \S+\/s\/big does not exist any more\ncellarman: 1 path vanished before being read\n$/,
        ),
      });
      expect(readdirSync(join(here, 'd'))).toEqual(['small']);
    });
  });

  it('vanishes while the connection is made again', async () => {
    await using(async ({ server, there, here, sync }) => {
      plantBig(join(there, 's'));
      let seen = 0;
      server.faults.watch = (packet) => {
        if (packet[0] !== Packet.READ || ++seen !== 20) return undefined;
        unlinkSync(join(there, 's/big'));
        return 'cut before';
      };
      const { status, stderr } = await sync('-a');
      expect(status).toBe(24);
      expect(stderr).toMatch(/big does not exist/);
      expect(readdirSync(join(here, 'd'))).toEqual(['small']);
    });
  });

  it.each(['pull', 'push'] as const)(
    'is lost with the directory it is copied into: %s fails',
    async (direction) => {
      await using(async ({ server, there, here, sync }) => {
        const [source, destination] = direction === 'pull' ? [there, here] : [here, there];
        plantBig(join(source, 's'));
        const type = direction === 'pull' ? Packet.READ : Packet.WRITE;
        atRequest(server, type, 20, () => rmSync(join(destination, 'd'), { recursive: true }));
        const { status, stderr } = await sync('-a', direction);
        expect(stderr).toMatch(/\/d\S* does not exist\n/);
        expect(stderr).not.toContain('vanished');
        expect(status).toBe(23);
      });
    },
  );

  it('becomes another one while the connection is made again: it is read anew', async () => {
    await using(async ({ server, there, here, sync }) => {
      plantBig(join(there, 's'));
      let seen = 0;
      server.faults.watch = (packet) => {
        if (packet[0] !== Packet.READ || ++seen !== 20) return undefined;
        writeFileSync(join(there, 's/big'), randomBytes(SIZE));
        return 'cut before';
      };
      expect(await sync('-a')).toMatchObject({ status: 0 });
      expect(readFileSync(join(here, 'd/big')).equals(readFileSync(join(there, 's/big')))).toBe(true);
    });
  });

  it('changes while it is pushed', async () => {
    await using(async ({ server, there, here, sync }) => {
      plantBig(join(here, 's'));
      atRequest(server, Packet.WRITE, 20, () => appendFileSync(join(here, 's/big'), 'more'));
      expect(await sync('-a', 'push')).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(readFileSync(join(there, 'd/big')).equals(readFileSync(join(here, 's/big')))).toBe(true);
    });
  });
});
