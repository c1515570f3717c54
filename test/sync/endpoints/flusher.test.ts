import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../../src/ssh/connection.ts';
import { resolveSshCommand } from '../../../src/ssh/ssh-command.ts';
import type { Flusher, Proof } from '../../../src/sync/endpoints/flusher.ts';
import { localSite } from '../../../src/sync/endpoints/local-site.ts';
import { adoptedLine } from '../../../src/sync/endpoints/remote.ts';
import { remoteFlusher } from '../../../src/sync/endpoints/remote-flusher.ts';
import { targetSite } from '../../../src/sync/endpoints/remote-site.ts';
import { fromText, toFsPath } from '../../../src/system/byte-string.ts';
import { requireProgram } from '../../support/programs.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';

const isPossible = process.platform === 'linux' && requireProgram('sync') && requireProgram('sshd');
const BOOT = process.platform === 'linux' && readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
const CONTENT = Buffer.from('{"a":"proof"}\n');

let directory: string;
let bin: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cellarman-flusher-'));
  return () => rmSync(directory, { recursive: true, force: true });
});

const proofIn = (folder: string, content: Uint8Array = CONTENT): Proof => {
  const path = fromText(join(folder, '.proof'));
  writeFileSync(toFsPath(path), CONTENT);
  return { path, content };
};

/** A program that is found before the machine's own, by shells of the host and by this process. */
function stub(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

describe.skipIf(!isPossible)('on a host', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    bin = mkdtempSync(join(tmpdir(), 'cellarman-bin-'));
    chmodSync(bin, 0o755);
    sshd = await startSshd({ config: [`SetEnv PATH=${bin}:/usr/bin:/bin`] });
  });
  afterAll(async () => {
    await sshd?.stop();
    rmSync(bin, { recursive: true, force: true });
  });
  beforeEach(() => () => {
    for (const name of ['sync', 'xargs', 'env']) rmSync(join(bin, name), { force: true });
  });

  const flusherOf = async (
    proof: Proof,
    { server = sshd, transport = 'ssh2' as 'ssh2' | 'command', signal = new AbortController().signal } = {},
  ): Promise<Flusher | undefined> => {
    const target = await resolveSshCommand(`ssh -F ${server.sshConfigFile} testhost`, { transport });
    await using site = targetSite(target, signal, () => {});
    return await site.flusher(proof);
  };

  it.each(['ssh2', 'command'] as const)('the shell of the account flushes, by %s', async (transport) => {
    const log = join(directory, 'log');
    stub('sync', `printf '%s\\n' "$@" >>${log}; exec /usr/bin/sync "$@"`);
    // What a shell would make something of.
    const odd = join(directory, `a'b"c $(touch ${directory}/x) \n*`);
    mkdirSync(odd, { recursive: true });
    await using flusher = await flusherOf(proofIn(odd), { transport });
    expect(flusher?.boot).toBe(BOOT);
    rmSync(log);
    await flusher?.flush([fromText(odd), fromText(directory)]);
    expect(readFileSync(log, 'utf8')).toBe(`-f\n${odd}\n${directory}\n`);
  });

  it('a shell that says something as it starts does not matter', async () => {
    stub('env', 'echo welcome; exec /usr/bin/env "$@"');
    await using flusher = await flusherOf(proofIn(directory));
    expect(flusher?.boot).toBe(BOOT);
  });

  it.each([
    ['has no shell', ['ForceCommand internal-sftp']],
    ['has a shell that does nothing', ['ForceCommand true']],
    ['answers whatever is asked with yes', ['ForceCommand yes']],
  ])('there is none where the account %s', async (_, config) => {
    await using server = { ...(await startSshd({ config })), [Symbol.asyncDispose]: () => server.stop() };
    expect(await flusherOf(proofIn(directory), { server })).toBeUndefined();
  });

  it('there is none where the shell sees another tree under the name', async () => {
    expect(await flusherOf(proofIn(directory, Buffer.from('{"a":"other"}\n')))).toBeUndefined();
    expect(await flusherOf({ path: fromText(`${directory}/none`), content: CONTENT })).toBeUndefined();
  });

  it.each([
    ['ignores its arguments', 'exit 0'],
    ['does not know the option', `echo "sync: invalid option -- 'f'" >&2; exit 1`],
    ['is missing', 'exec no-such-program'],
  ])('there is none where sync %s', async (_, script) => {
    stub('sync', script);
    expect(await flusherOf(proofIn(directory))).toBeUndefined();
  });

  it('there is none without xargs', async () => {
    stub('xargs', 'exec no-such-program');
    expect(await flusherOf(proofIn(directory))).toBeUndefined();
  });

  it('tells what the disk did not take, at once or later', async () => {
    const proof = proofIn(directory);
    const lost = `case "$2" in */.) exit 1;; esac; echo "sync: error syncing '$2': Input/output error" >&2; exit 1`;
    stub('sync', lost);
    await expect(flusherOf(proof)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('Input/output error'),
    });
    rmSync(join(bin, 'sync'));
    await using flusher = await flusherOf(proof);
    stub('sync', lost);
    await expect(flusher?.flush([fromText(directory)])).rejects.toMatchObject({ code: 'IO' });
    stub('sync', 'kill -9 $$');
    await expect(flusher?.flush([fromText(directory)])).rejects.toMatchObject({ code: 'IO' });
  });

  it('connects again when the connection was lost', async () => {
    await using flusher = await flusherOf(proofIn(directory));
    sshd.dropConnections();
    const log = join(directory, 'log');
    stub('sync', `echo "$@" >>${log}; exec /usr/bin/sync "$@"`);
    await flusher?.flush([fromText(directory)]);
    expect(readFileSync(log, 'utf8')).toBe(`-f ${directory}\n`);
  });

  it('a flush that takes long is given up when the run is', async () => {
    const stop = new AbortController();
    await using flusher = await flusherOf(proofIn(directory), { signal: stop.signal });
    stub('sync', 'exec sleep 600');
    const flushing = flusher?.flush([fromText(directory)]);
    setTimeout(() => stop.abort(), 200);
    await expect(flushing).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

it('a host that leaves the request without an answer does not hold up who gives up', async () => {
  const never = () => new Promise<never>(() => {});
  const close = async (): Promise<void> => {};
  const silent: Connection = {
    ...{ host: 'host', maxChannels: 1, openChannel: never, run: never },
    ...{ close, [Symbol.asyncDispose]: close },
  };
  const stop = new AbortController();
  const proof = { path: fromText('/x'), content: CONTENT };
  const looking = remoteFlusher(adoptedLine(silent), proof, stop.signal);
  setTimeout(() => stop.abort(), 50);
  await expect(looking).rejects.toMatchObject({ code: 'ABORTED' });
});

describe.skipIf(!isPossible)('on this machine', () => {
  beforeEach(() => {
    bin = join(directory, 'bin');
    mkdirSync(bin);
    return () => vi.unstubAllEnvs();
  });

  it('is the program sync', async () => {
    await using flusher = await localSite().flusher(proofIn(directory));
    expect(flusher?.boot).toBe(BOOT);
    stub('sync', `/usr/bin/readlink "$2" >>${directory}/log`);
    vi.stubEnv('PATH', bin);
    await flusher?.flush([fromText(directory), fromText(bin)]);
    expect(readFileSync(join(directory, 'log'), 'utf8')).toBe(`${directory}\n${bin}\n`);
  });

  it('there is none without it', async () => {
    vi.stubEnv('PATH', bin);
    expect(await localSite().flusher(proofIn(directory))).toBeUndefined();
  });

  it('is missed when it goes', async () => {
    await using flusher = await localSite().flusher(proofIn(directory));
    vi.stubEnv('PATH', bin);
    await expect(flusher?.flush([fromText(directory)])).rejects.toMatchObject({ code: 'IO' });
  });
});
