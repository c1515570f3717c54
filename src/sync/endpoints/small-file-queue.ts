import type { SftpSession } from '../../ssh/sftp/session.ts';
import type { SessionPool } from '../../ssh/sftp/session-pool.ts';
import type { CellarmanError } from '../../system/errors.ts';

/** To be called once for each file that was begun; with what ends the run, no more files are begun. */
export type Settled = (failure?: CellarmanError) => void;

export type BeginFile = (session: SftpSession, index: number) => void;

/** Keeps so many small files under way on the sessions of one endpoint, whoever has them. */
export class SmallFileQueue {
  readonly #sessions: SessionPool;
  readonly #most: number;
  readonly #waiting: Job[] = [];
  #underWay = 0;

  constructor(sessions: SessionPool, most: number) {
    this.#sessions = sessions;
    this.#most = most;
  }

  /** Begins `count` files as their turns come. Resolves when all that were begun have settled; rejects with a failure then. */
  run(count: number, prepare: (settled: Settled) => BeginFile): Promise<void> {
    if (count === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const job: Job = {
        begin: prepare((failure) => this.#settle(job, failure)),
        next: 0,
        count,
        underWay: 0,
        failure: undefined,
        resolve,
        reject,
      };
      this.#waiting.push(job);
      this.#pump();
    });
  }

  #settle(job: Job, failure: CellarmanError | undefined): void {
    this.#underWay--;
    job.underWay--;
    if (failure !== undefined) {
      job.failure ??= failure;
      job.next = job.count;
    }
    this.#pump();
    if (job.underWay > 0 || job.next < job.count) return;
    if (job.failure === undefined) job.resolve();
    else job.reject(job.failure);
  }

  #pump(): void {
    for (let job = this.#waiting[0]; job !== undefined; job = this.#waiting[0]) {
      if (job.next === job.count) {
        this.#waiting.shift();
        continue;
      }
      if (this.#underWay >= this.#most) return;
      this.#underWay++;
      job.underWay++;
      job.begin(this.#sessions.pick(), job.next++);
    }
  }
}

/** The files of one caller. */
interface Job {
  readonly begin: BeginFile;
  next: number;
  readonly count: number;
  underWay: number;
  failure: CellarmanError | undefined;
  readonly resolve: () => void;
  readonly reject: (failure: CellarmanError) => void;
}
