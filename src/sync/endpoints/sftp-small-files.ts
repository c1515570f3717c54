import type { SftpAttributes, SmallFileListener } from '../../ssh/sftp/session.ts';
import type { SessionPool } from '../../ssh/sftp/session-pool.ts';
import type { CellarmanError } from '../../system/errors.ts';
import type { WholeFiles } from '../endpoint.ts';
import type { Entry, RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import { sftpEntry } from './sftp-entry.ts';
import type { SftpPlaces } from './sftp-places.ts';

/** Judges what stands under a name by its LSTAT: a reason not to read it, or undefined. */
export type Judge = (attributes: SftpAttributes, path: RelPath) => CellarmanError | undefined;

/** Keeps so many small files under way on the sessions of one endpoint, whoever asks for them. */
export class SftpSmallFiles {
  readonly #sessions: SessionPool;
  readonly #places: SftpPlaces;
  readonly #judge: Judge;
  readonly #most: number;
  readonly #waiting: Job[] = [];
  #underWay = 0;

  constructor(sessions: SessionPool, places: SftpPlaces, judge: Judge, most: number) {
    this.#sessions = sessions;
    this.#places = places;
    this.#judge = judge;
    this.#most = most;
  }

  read(directory: RelPath, files: readonly Entry[], taker: WholeFiles): Promise<void> {
    if (files.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const ended = (error: CellarmanError | undefined): void => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#waiting.push(new Job(directory, files, taker, this.#judge, () => this.#settled(), ended));
      this.#pump();
    });
  }

  #settled(): void {
    this.#underWay--;
    this.#pump();
  }

  #pump(): void {
    for (let job = this.#waiting[0]; job !== undefined; job = this.#waiting[0]) {
      if (job.isStarted) {
        this.#waiting.shift();
        continue;
      }
      if (this.#underWay >= this.#most) return;
      this.#underWay++;
      const session = this.#sessions.pick();
      const index = job.start();
      const { size } = job.file(index);
      if (size > session.limits.read) job.miss(index);
      else session.readSmall(this.#places.place(job.path(index)), size, index, job);
    }
  }
}

/** The small files that one caller wants of one directory. */
class Job implements SmallFileListener {
  readonly #directory: RelPath;
  readonly #files: readonly Entry[];
  readonly #taker: WholeFiles;
  readonly #judge: Judge;
  readonly #onSettled: () => void;
  readonly #onEnd: (error: CellarmanError | undefined) => void;
  #next = 0;
  #underWay = 0;
  /** What ends all. */
  #failure: CellarmanError | undefined;

  constructor(
    directory: RelPath,
    files: readonly Entry[],
    taker: WholeFiles,
    judge: Judge,
    onSettled: () => void,
    onEnd: (error: CellarmanError | undefined) => void,
  ) {
    this.#directory = directory;
    this.#files = files;
    this.#taker = taker;
    this.#judge = judge;
    this.#onSettled = onSettled;
    this.#onEnd = onEnd;
  }

  /** None of its files is left to be begun. */
  get isStarted(): boolean {
    return this.#next === this.#files.length;
  }

  start(): number {
    this.#underWay++;
    return this.#next++;
  }

  file(index: number): Entry {
    return this.#files[index] as Entry;
  }

  path(index: number): RelPath {
    return joinPath(this.#directory, this.file(index).name);
  }

  refuse(index: number, before: SftpAttributes): CellarmanError | undefined {
    return this.#judge(before, this.path(index));
  }

  arrived(index: number, blocks: readonly Uint8Array[], after: SftpAttributes): void {
    const { name, size } = this.file(index);
    let bytes = 0;
    for (const block of blocks) bytes += block.length;
    if (bytes === size && after.size === size && after.mode !== undefined)
      this.#taker.take(index, { blocks, after: sftpEntry(name, after, undefined) });
    else this.#taker.miss(index, undefined);
    this.#settle();
  }

  miss(index: number): void {
    this.#taker.miss(index, undefined);
    this.#settle();
  }

  failed(index: number, error: CellarmanError): void {
    if (isOfPath(error)) {
      this.#taker.miss(index, error);
    } else {
      this.#failure ??= error;
      this.#next = this.#files.length;
    }
    this.#settle();
  }

  #settle(): void {
    this.#underWay--;
    this.#onSettled();
    if (this.#underWay === 0 && this.isStarted) this.#onEnd(this.#failure);
  }
}
