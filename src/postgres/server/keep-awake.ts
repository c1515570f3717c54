import { failure } from '../../system/errors.ts';
import type { Session } from './session.ts';

export interface Watch {
  /** Aborted, with the error as its reason, when the session is no longer the one it was. */
  readonly lost: AbortSignal;
  stop(): void;
}

/**
 * Keeps a session from being cut off as idle while a backup copies for hours, and notices at once when it is gone, or
 * when a pooler has put another in its place.
 */
export function keepAwake(session: Session, everySeconds = 30): Watch {
  const changed = new AbortController();
  const lost = AbortSignal.any([session.lost, changed.signal]);
  const ping = async (): Promise<void> => {
    try {
      const pid = (await session.one('SELECT pg_catalog.pg_backend_pid() AS pid')).integer('pid');
      if (pid === session.backendPid) return;
      throw failure('POSTGRES_POOLER', { server: session.server, detail: 'it has changed the session' });
    } catch (error) {
      changed.abort(error);
    }
  };
  let timer = setTimeout(tick, everySeconds * 1000);
  let stopped = false;
  function tick(): void {
    void ping().then(() => {
      if (!stopped && !lost.aborted) timer = setTimeout(tick, everySeconds * 1000);
    });
  }
  return {
    lost,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
