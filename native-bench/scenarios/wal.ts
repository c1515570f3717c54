import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { segmentName } from '../../src/postgres/segment.ts';
import { segmentBytes } from '../../test/support/wal-segment.ts';
import type { Bench } from '../bench.ts';
import { OURS } from '../ours.ts';
import { BARMAN, RSYNC, RSYNC_OUR_CIPHER, rival, rsyncOverSsh } from '../rivals.ts';
import type { Contestant, PresentContestant, Scenario } from '../scenario.ts';
import { noise } from '../trees.ts';

const SEGMENT_SIZE = 16 << 20;

/** One segment is brought to where it is archived, once for each start of the program: what `archive_command` does. */
export const walArchiveScenario: Scenario = {
  names: ['m-archive'],
  title: '`wal-archive` of one segment of 16 MiB',
  rounds: 15,
  targets: [{ kind: 'ratio', against: RSYNC, atMost: 0.8 }],
  prepare: async (bench, directory) => {
    const name = segmentName({ timeline: 1, number: 1 }, SEGMENT_SIZE);
    const segment = join(directory, name);
    copyFileSync(join(bench.trees.big(1, SEGMENT_SIZE), '0.bin'), segment);
    const sender = (who: string, command: (to: string) => ReturnType<PresentContestant['command']>) => {
      const to = join(directory, who.replaceAll(/[^a-z0-9]+/g, '-'));
      return {
        name: who,
        reset: () => {
          rmSync(to, { recursive: true, force: true });
          mkdirSync(to);
        },
        command: () => command(`${to}/`),
        check: () =>
          readFileSync(join(to, name)).equals(readFileSync(segment)) ? [] : [`${name} is not what was sent`],
      };
    };
    const over = (cipher?: string) => (to: string) =>
      rsyncOverSsh(bench.remote, cipher, '-a', segment, `:${to}`);
    return {
      notes: ['This program makes sure that file and name are on the disk; `rsync -a` does not.'],
      contestants: [
        bench.ours.absent === undefined
          ? sender(OURS, (to) =>
              bench.ours.over(bench.remote, 'wal-archive', segment, bench.ours.url(bench.remote, to)),
            )
          : { name: OURS, absent: bench.ours.absent },
        rival(RSYNC, ['rsync', 'ssh'], (who) => sender(who, over())),
        rival(RSYNC_OUR_CIPHER, ['rsync', 'ssh'], (who) => sender(who, over(bench.ourCipher))),
      ],
    };
  },
};

/** What arrived is compressed with gzip, at the same level, and entered into the archive. */
export function archiveWalScenario(segments: number): Scenario {
  return {
    names: ['m-wal'],
    title: `\`archive-wal\` of ${segments} segments of 16 MiB with gzip`,
    rounds: 3,
    targets: [{ kind: 'ratio', against: BARMAN, atMost: 0.6 }],
    prepare: async (bench, directory) => {
      const source = join(directory, 'source');
      mkdirSync(source);
      const names = Array.from({ length: segments }, (_, at) =>
        segmentName({ timeline: 1, number: at + 1 }, SEGMENT_SIZE),
      );
      for (const name of names) writeFileSync(join(source, name), likeWal(name));
      return { contestants: [ours(bench, directory, names), barman(directory, names)] };
    },
  };
}

/** Half of each page is rows that compress about as well as text does, a quarter noise, a quarter zeros. */
function likeWal(name: string): Buffer {
  const bytes = segmentBytes(name, SEGMENT_SIZE);
  const random = noise(SEGMENT_SIZE / 2, Number.parseInt(name.slice(16), 16));
  for (let page = 8192, at = 0; page < SEGMENT_SIZE; page += 8192, at += 4096) {
    for (let byte = 0; byte < 4096; byte++)
      bytes[page + byte] = 97 + (((random[at + (byte >> 1)] ?? 0) >> ((byte & 1) * 4)) % 16);
    random.copy(bytes, page + 4096, at, at + 2048);
    bytes.fill(0, page + 6144, page + 8192);
  }
  return bytes;
}

function ours(bench: Bench, directory: string, names: readonly string[]): Contestant {
  if (bench.ours.absent !== undefined) return { name: OURS, absent: bench.ours.absent };
  return archiver(OURS, directory, names, (config) => bench.ours.command('-c', config, 'archive-wal', 'pg'));
}

function barman(directory: string, names: readonly string[]): Contestant {
  return rival(BARMAN, ['barman'], (name) =>
    archiver(name, directory, names, (config) => ({ argv: ['barman', '-c', config, 'archive-wal', 'pg'] })),
  );
}

function archiver(
  name: string,
  directory: string,
  names: readonly string[],
  command: (config: string) => ReturnType<PresentContestant['command']>,
): PresentContestant {
  const root = join(directory, name.replaceAll(/[^A-Za-z0-9]+/g, '-'));
  const config = join(root, 'barman.conf');
  const at = (...parts: readonly string[]): string => join(root, 'home', 'pg', ...parts);
  const wals = at('wals', (names[0] ?? '').slice(0, 16));
  return {
    name,
    reset: () => {
      rmSync(root, { recursive: true, force: true });
      for (const each of ['incoming', 'streaming', 'errors', 'wals', 'base'])
        mkdirSync(at(each), { recursive: true });
      writeFileSync(config, configuration(root));
      for (const each of names) linkSync(join(directory, 'source', each), at('incoming', each));
    },
    command: () => command(config),
    check: () => {
      const problems: string[] = [];
      const index = ['pg-xlog.db', 'xlog.db']
        .map((file) => at('wals', file))
        .find((path) => existsSync(path));
      const lines = index === undefined ? 0 : readFileSync(index, 'utf8').trimEnd().split('\n').length;
      if (lines !== names.length) problems.push(`the index has ${lines} lines`);
      if (readdirSync(at('incoming')).length > 0) problems.push('not all was archived');
      for (const each of names.filter((_, number) => number % 20 === 0)) {
        const content = readFileSync(join(directory, 'source', each));
        if (!gunzipSync(readFileSync(join(wals, each))).equals(content))
          problems.push(`${each} is not the same`);
      }
      return problems;
    },
  };
}

function configuration(root: string): string {
  return `[barman]
barman_user = ${userInfo().username}
barman_home = ${root}/home
log_file = ${root}/log
compression = gzip
archiver = on
backup_method = local-rsync
backup_options = concurrent_backup
[pg]
conninfo = host=127.0.0.1 port=1
`;
}
