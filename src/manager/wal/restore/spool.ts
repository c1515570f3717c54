import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextSegmentName } from '../../../postgres/segment.ts';
import { isFailure } from '../../../system/errors.ts';
import { type Fetched, fetchWal } from './fetch.ts';
import type { WalSupply } from './supply.ts';

/** Bytes that may lie in the spool; one segment may, whatever its size. */
const ROOM = 512 * 1024 * 1024;
/** Segments that are fetched at a time, beside the one that is waited for. */
const LANES = 3;
/** Seconds before each new attempt to reach a host. */
const PAUSES = [0.5, 2, 5, 10];

export interface SpoolOptions {
  readonly open: () => Promise<WalSupply>;
  /** Empty, and used by nobody else. */
  readonly directory: string;
  /** Segments to fetch before they are asked for. */
  readonly ahead: number;
}

/**
 * Gives files of an archive one by one over one connection, and fetches the segments that follow meanwhile. Nothing that
 * was not there is remembered: it may be there the next time.
 */
export class Spool implements AsyncDisposable {
  readonly #options: SpoolOptions;
  /** Fetched before they were asked for. */
  readonly #files = new Map<string, Promise<Fetched | undefined>>();
  /** Fetched because they were asked for. */
  readonly #awaited = new Set<Promise<Fetched | undefined>>();
  #fetched = 0;
  #supply: Promise<WalSupply> | undefined;
  /** What is worth fetching, in order. */
  #window: readonly string[] = [];
  #busy = 0;
  #closed = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /**
   * The path of a file, which whoever asked moves away, and nobody else is given; undefined where it is not there. The
   * codes of `fetchWal`.
   */
  async get(name: string, partial: boolean): Promise<string | undefined> {
    const file = (await this.#take(name)) ?? (await this.#fetchNow(name, partial));
    if (file?.segmentSize !== undefined) this.#lookAhead(name, file.segmentSize);
    return file?.path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#window = [];
    await this.#hangUp();
    await Promise.allSettled([...this.#files.values(), ...this.#awaited]);
  }

  /** What was fetched before it was asked for. */
  async #take(name: string): Promise<Fetched | undefined> {
    const file = this.#files.get(name);
    const fetched = await file?.catch(() => undefined);
    if (fetched === undefined || this.#files.get(name) !== file) return undefined;
    this.#files.delete(name);
    return existsSync(fetched.path) ? fetched : undefined;
  }

  async #fetchNow(name: string, partial: boolean): Promise<Fetched | undefined> {
    for (const pause of [...PAUSES, undefined]) {
      const attempt = this.#fetch(name, partial);
      this.#awaited.add(attempt);
      try {
        return await attempt;
      } catch (error) {
        if (pause === undefined || this.#closed || !mayPass(error)) throw error;
        await sleep(pause * 1000);
      } finally {
        this.#awaited.delete(attempt);
      }
    }
    return undefined;
  }

  async #fetch(name: string, partial: boolean): Promise<Fetched | undefined> {
    try {
      this.#supply ??= this.#options.open();
      const prefix = join(this.#options.directory, `${name}.${this.#fetched++}`);
      return await fetchWal(await this.#supply, name, partial, prefix);
    } catch (error) {
      if (mayPass(error)) await this.#hangUp();
      throw error;
    }
  }

  /** Segments behind the one that was just given; all others are of no use any more. */
  #lookAhead(name: string, segmentSize: number): void {
    const most = Math.min(this.#options.ahead, Math.max(1, Math.floor(ROOM / segmentSize)));
    const window: string[] = [];
    for (let next = name; window.length < most; window.push(next)) next = nextSegmentName(next, segmentSize);
    this.#window = window;
    for (const [other, file] of this.#files) {
      if (window.includes(other)) continue;
      this.#files.delete(other);
      void file.then((fetched) => fetched && rmSync(fetched.path, { force: true })).catch(() => undefined);
    }
    this.#fill();
  }

  #fill(): void {
    for (const name of this.#window) {
      if (this.#busy >= LANES) return;
      if (this.#files.has(name)) continue;
      this.#busy++;
      const file = this.#fetch(name, false);
      this.#files.set(name, file);
      void file
        .catch(() => undefined)
        .then((fetched) => {
          this.#busy--;
          if (fetched !== undefined) return this.#fill();
          // Here the archive ends, for now; or something is wrong that is told when this file is asked for.
          this.#files.delete(name);
          this.#window = [];
        });
    }
  }

  async #hangUp(): Promise<void> {
    const supply = this.#supply;
    this.#supply = undefined;
    await supply?.then((open) => open[Symbol.asyncDispose]()).catch(() => undefined);
  }
}

/** Whether another attempt may fare better. */
function mayPass(error: unknown): boolean {
  return isFailure(
    error,
    'CONNECTION_LOST',
    'HOST_UNREACHABLE',
    'TIMEOUT',
    'PROTOCOL',
    'SHRANK_WHILE_READ',
    'WAL_INCOMPLETE',
  );
}
