import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import type { Bench } from './bench.ts';
import type { Table } from './table.ts';

/** What the numbers depend on. */
export function describeMachine(bench: Bench): Table {
  return [
    ['', ''],
    ['processor', `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ['kernel', `Linux ${release()}`],
    ['file system', fileSystem(bench.work)],
    ['node', process.version],
    ['cellarman', says(['git', 'describe', '--always', '--dirty'])],
    ['rsync', says(['rsync', '--version'])],
    ['ssh, sshd', says(['ssh', '-V'])],
    ['Barman', says(['barman', '--version'])],
    ['xxhsum', says(['xxhsum', '--version'])],
    ['cipher of cellarman ("our cipher")', bench.ciphers.ours],
    ['default cipher of rsync over ssh', bench.ciphers.rsync],
  ];
}

/** The first line a program says about its version, wherever it says it. */
function says(argv: readonly [string, ...string[]]): string {
  const [program, ...args] = argv;
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: import.meta.dirname });
  return error === undefined ? ((stdout.trim() || stderr.trim()).split('\n')[0] ?? '').trim() : 'absent';
}

/** The type of the mount that holds a path: the longest mount point that is above it. */
function fileSystem(path: string): string {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, point = '', type = '']) => ({ point, type }))
    .filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`));
  return mounts.sort((a, b) => b.point.length - a.point.length)[0]?.type ?? 'unknown';
}
