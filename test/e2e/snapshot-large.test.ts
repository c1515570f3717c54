import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportOf, runCli } from '../support/cli-process.ts';
import { requireProgram } from '../support/programs.ts';
import { bySsh2 } from '../support/reach.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

const DIRECTORIES = 40;
const FILES = 500;
const OLD = 1_600_000_000;

describe.skipIf(!requireProgram('sshd', 'ssh-keygen'))('a tree of 20,000 files on a server', () => {
  let sshd: Sshd;
  let work: string;
  let source: string;
  let repository: string;

  beforeAll(async () => {
    sshd = await startSshd();
    work = mkdtempSync(join(tmpdir(), 'cellarman-large-'));
    source = join(work, 'source');
    repository = join(work, 'repository');
    for (let d = 0; d < DIRECTORIES; d++) {
      const directory = join(source, `${d}`);
      mkdirSync(directory, { recursive: true, mode: d % 2 === 0 ? 0o755 : 0o700 });
      for (let f = 0; f < FILES; f++) {
        const file = join(directory, `${f}`);
        writeFileSync(file, `${d * FILES + f}`.padStart(8), { mode: f % 3 === 0 ? 0o600 : 0o644 });
        utimesSync(file, OLD + f, OLD + f);
      }
      symlinkSync('0', join(directory, 'link'));
      utimesSync(directory, OLD + d, OLD + d);
    }
  });
  afterAll(async () => {
    await sshd.stop();
    rmSync(work, { recursive: true });
  });

  async function snapshot(): Promise<Record<string, unknown>> {
    const { options, at } = bySsh2(sshd);
    const outcome = await runCli(['snapshot', '--json', ...options, at(source), repository]);
    expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status: 0, stderr: '' });
    return reportOf(outcome);
  }

  /** The first path in which a snapshot is not as the source, or but for `changed` no other name of the file in `basis`. */
  function difference(id: unknown, basis?: unknown, changed?: string): string | undefined {
    const tree = join(repository, String(id));
    for (const path of ['', ...readdirSync(source, { recursive: true, encoding: 'utf8' })]) {
      const [there, here] = [lstatSync(join(source, path)), lstatSync(join(tree, path))];
      const equal =
        here.mode === there.mode &&
        here.size === there.size &&
        Math.floor(here.mtimeMs / 1000) === Math.floor(there.mtimeMs / 1000);
      if (!equal) return path;
      if (!there.isFile()) continue;
      if (!readFileSync(join(tree, path)).equals(readFileSync(join(source, path)))) return path;
      if (basis === undefined || path === changed) continue;
      if (lstatSync(join(repository, String(basis), path)).ino !== here.ino) return path;
    }
    return readdirSync(tree, { recursive: true }).length === DIRECTORIES * (FILES + 2) ? undefined : 'more';
  }

  it('is snapshotted, linked, and caught at a change within the second', async () => {
    const all = DIRECTORIES * FILES;
    const changed = join(source, '7', '7');
    writeFileSync(changed, 'aaaaaaaa');
    // A file that is modified all the time: whenever it is read, that is not after this.
    const moment = Math.floor(Date.now() / 1000) + 60;
    utimesSync(changed, moment, moment);
    const first = await snapshot();
    expect(first).toMatchObject({ transferredFiles: all, transferredBytes: 8 * all });
    expect(difference(first['id'])).toBe(undefined);

    expect(await snapshot()).toMatchObject({ transferredFiles: 0, linkedFiles: all, comparedFiles: 1 });

    writeFileSync(changed, 'aaaaaaab');
    utimesSync(changed, moment, moment);
    const third = await snapshot();
    expect(third).toMatchObject({ transferredFiles: 1, linkedFiles: all - 1 });
    expect(difference(third['id'], first['id'], '7/7')).toBe(undefined);
  });
});
