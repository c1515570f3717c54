import {
  closeSync,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { type Command, measure, runOrThrow } from '../measure.ts';
import { OURS } from '../ours.ts';
import { rival, XXHSUM } from '../rivals.ts';
import type { Contestant, Scenario } from '../scenario.ts';

export interface VerifyScenario extends Omit<Scenario, 'prepare'> {
  readonly tree: (bench: Bench) => string;
}

/** The lists of the rival are cut finely, so that no core of it idles at the end. */
const LISTS_PER_CORE = 4;

/** All content is hashed again and compared with what is on record. */
export function verifyScenario(scenario: VerifyScenario): Scenario {
  return {
    ...scenario,
    prepare: async (bench, directory) => {
      const source = scenario.tree(bench);
      return { contestants: [ours(bench, directory, source), xxhsum(directory, source)] };
    },
  };
}

function ours(bench: Bench, directory: string, source: string): Contestant {
  if (bench.ours.absent !== undefined) return { name: OURS, absent: bench.ours.absent };
  const repository = join(directory, 'repository');
  const verify = bench.ours.command('verify', repository);
  return {
    name: OURS,
    prepare: async () => {
      mkdirSync(repository);
      await runOrThrow(bench.ours.command('snapshot', `${source}/`, repository));
    },
    command: () => verify,
    check: () => {
      const snapshot = readdirSync(repository).find((name) => /^\d{8}T\d{6}/.test(name));
      return snapshot === undefined
        ? ['there is no snapshot']
        : noticesDamage(join(repository, snapshot), verify);
    },
  };
}

function xxhsum(directory: string, source: string): Contestant {
  const cores = availableParallelism();
  const lists = join(directory, 'lists');
  const check: Command = {
    argv: ['sh', '-c', 'printf "%s\\n" "$0"/*.xxh | xargs -P "$1" -n 1 xxhsum -c -q', lists, String(cores)],
  };
  return rival(XXHSUM, ['xxhsum', 'xargs'], (name) => ({
    name,
    prepare: async () => {
      mkdirSync(lists);
      const files = filesBelow(source);
      const parts = Math.min(files.length, cores * LISTS_PER_CORE);
      for (let part = 0; part < parts; part++) {
        const names = join(lists, `${part}.names`);
        writeFileSync(names, files.filter((_, index) => index % parts === part).join('\n'));
        // XXH64, the hash of our manifests.
        await runOrThrow({
          argv: ['sh', '-c', 'xargs xxhsum -H1 < "$0" > "$1"', names, join(lists, `${part}.xxh`)],
        });
      }
    },
    command: () => check,
    check: () => noticesDamage(source, check),
  }));
}

/** Flips a bit of one file, whose time stays as it was: the command has to fail. */
async function noticesDamage(tree: string, command: Command): Promise<readonly string[]> {
  const files = filesBelow(tree);
  const file = files[files.length >> 1];
  if (file === undefined) return ['there are no files'];
  flipBit(file);
  try {
    const { status } = await measure(command);
    return status === 0 ? [`did not notice that ${file} is damaged`] : [];
  } finally {
    flipBit(file);
  }
}

function flipBit(file: string): void {
  const fd = openSync(file, 'r+');
  const { atime, mtime } = fstatSync(fd);
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, 4097);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(fd, byte, 0, 1, 4097);
  futimesSync(fd, atime, mtime);
  closeSync(fd);
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
