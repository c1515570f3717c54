import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { openSession, type SftpSession } from '../../src/ssh/sftp/session.ts';

const PLACES = ['/usr/lib/openssh', '/usr/libexec/openssh', '/usr/lib/ssh', '/usr/libexec'];

/** OpenSSH's sftp-server; undefined where it is not installed. */
export const sftpServer: string | undefined = PLACES.map((place) => `${place}/sftp-server`).find(existsSync);

let told = false;

/** For `describe.skipIf(!requireSftpServer())`: false, with the reason printed; with CI=true an error. */
export function requireSftpServer(): boolean {
  if (sftpServer !== undefined) return true;
  const reason = 'tests that need sftp-server cannot run: not installed';
  if (process.env['CI'] === 'true') throw new Error(reason);
  if (!told) process.stderr.write(`skipped: ${reason}\n`);
  told = true;
  return false;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** The stdio of an sftp-server of its own, as a stream. Destroying it ends the server; `kill` ends it as a crash would. */
export class SftpServerProcess extends Duplex {
  readonly #child: Child;
  /** Every piece written so far, when `record` is set. */
  readonly written: Buffer[] = [];
  record = false;

  constructor(...options: readonly string[]) {
    super();
    if (sftpServer === undefined) throw new Error('guard with requireSftpServer()');
    this.#child = spawn(sftpServer, ['-e', ...options], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#child.stdout.pause();
    });
    this.#child.stdout.on('end', () => this.push(null));
    // Writing to a server that is gone: its end tells as much.
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', (error) => this.destroy(error));
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.record) this.written.push(chunk);
    if (this.#child.stdin.write(chunk)) done();
    else this.#child.stdin.once('drain', done);
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#child.kill('SIGKILL');
    done(error);
  }
}

/** A session with an sftp-server of its own. */
export function openServerSession(...options: readonly string[]): Promise<SftpSession> {
  return openSession(new SftpServerProcess(...options), { host: 'testhost' });
}
