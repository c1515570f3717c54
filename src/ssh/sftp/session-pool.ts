import { failure } from '../../system/errors.ts';
import type { SftpSession } from './session.ts';

/**
 * Content under way on the least busy session from which another one is worth having: a channel's window is 2 MiB, and
 * of small files being made a session takes 1 MiB less what the next one did not fit by.
 */
const BUSY = 768 * 1024;
/** What a request counts for beside its content, bytes. */
const REQUEST = 4096;

/**
 * Sessions of one connection, to spread work over: each is a channel with a window of its own, which at a distance bounds
 * what it can carry, and a process of its own on the server. Further ones are opened when all that are there are busy.
 */
export class SessionPool {
  readonly #sessions: SftpSession[];
  readonly #openAnother: () => Promise<SftpSession>;
  #maximum: number;
  #opening = false;
  #closed = false;

  /** `first` is open already; `openAnother` is called until there are `maximum`, and not again once it has failed. */
  constructor(first: SftpSession, openAnother?: () => Promise<SftpSession>, maximum = 1) {
    this.#sessions = [first];
    this.#openAnother =
      openAnother ?? (() => Promise.reject(failure('INTERNAL', { detail: 'no more sessions' })));
    this.#maximum = openAnother === undefined ? 1 : maximum;
    this.first = first;
  }

  /** The session that tells what all of them can do. */
  readonly first: SftpSession;

  /** The least busy session. When all have failed, one of these: it says why. */
  pick(): SftpSession {
    let best = this.first;
    let least = Number.MAX_SAFE_INTEGER;
    for (const session of this.#sessions) {
      if (session.failure !== undefined) continue;
      const load = session.load + session.waiting * REQUEST;
      if (load < least) {
        best = session;
        least = load;
      }
    }
    if (best.load >= BUSY && this.#sessions.length < this.#maximum && !this.#opening) this.#grow();
    return best;
  }

  close(): void {
    this.#closed = true;
    for (const session of this.#sessions) session.close();
  }

  #grow(): void {
    this.#opening = true;
    this.#openAnother().then(
      (session) => {
        this.#opening = false;
        this.#sessions.push(session);
        if (this.#closed) session.close();
      },
      () => {
        // The server allows no more: what is there has to do.
        this.#opening = false;
        this.#maximum = this.#sessions.length;
      },
    );
  }
}
