import { segmentAt, segmentName } from '../../postgres/segment.ts';
import { identifyServer } from '../../postgres/server/identity.ts';
import type { Session } from '../../postgres/server/session.ts';
import { checkpoint, insertPosition, switchWal } from '../../postgres/server/wal-position.ts';

/** The segment that was closed; or that nothing had been written to the current one; or that a standby has none. */
export type SwitchOutcome = { readonly closed: string } | 'nothing to switch' | 'standby';

/**
 * Makes a primary begin a new WAL segment. @param force writes a checkpoint first, so that there is something to close.
 * POSTGRES_PRIVILEGE, POSTGRES_QUERY, POSTGRES_CONNECTION_LOST
 */
export async function switchSegment(session: Session, force: boolean): Promise<SwitchOutcome> {
  const { inRecovery, timeline, walSegmentSize } = await identifyServer(session);
  if (inRecovery) return 'standby';
  if (force) await checkpoint(session);
  const current = async (): Promise<string> =>
    segmentName(
      { timeline, number: segmentAt(await insertPosition(session), walSegmentSize) },
      walSegmentSize,
    );
  const before = await current();
  await switchWal(session);
  return before === (await current()) ? 'nothing to switch' : { closed: before };
}
