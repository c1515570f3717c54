import { describe, expect, it } from 'vitest';
import { clientLines, clientSummary, showClient } from '../../../src/cli/render/replication.ts';
import type { WalReceiverClient } from '../../../src/postgres/server/replication.ts';

const LSN = 0xd000148n;

const client = (more: Partial<WalReceiverClient>): WalReceiverClient => ({
  pid: 23917,
  user: 'postgres',
  applicationName: 'abc',
  address: '127.0.0.1',
  hostName: undefined,
  port: 53416,
  slot: undefined,
  state: 'streaming',
  syncState: 'async',
  syncPriority: 0,
  sentLsn: LSN,
  writeLsn: LSN,
  flushLsn: LSN,
  replayLsn: undefined,
  startedAt: 1795377621177926,
  backendXmin: undefined,
  ...more,
});

// The lines are those of Barman 3.17.
describe('a client of replication', () => {
  it('that only receives', () => {
    const shown = showClient(client({ slot: 's1', flushLsn: 0xd000000n }), LSN);
    expect(clientLines(shown, 1)).toEqual([
      '  1. Async WAL streamer',
      '     Application name: abc',
      '     Sync stage      : 3/3 Remote write',
      '     Communication   : TCP/IP',
      '     IP Address      : 127.0.0.1 / Port: 53416 / Host: -',
      '     User name       : postgres',
      '     Current state   : streaming (async)',
      '     Replication slot: s1',
      '     WAL sender PID  : 23917',
      '     Started at      : 2026-11-22 20:00:21.177926+00:00',
      '     Sent LSN   : 0/D000148 (diff: 0 B)',
      '     Write LSN  : 0/D000148 (diff: 0 B)',
      '     Flush LSN  : 0/D000000 (diff: -328 B)',
    ]);
    expect(clientSummary(shown, 1)).toBe('  1. W) postgres@127.0.0.1 S:0/D000148 W:0/D000148 P:0 AN:abc');
  });

  it('that replays and is waited for', () => {
    const shown = showClient(client({ replayLsn: LSN, syncState: 'quorum', syncPriority: 1 }), LSN);
    expect(clientLines(shown, 2).slice(0, 3)).toEqual([
      '  2. #1 Quorum standby',
      '     Application name: abc',
      '     Sync stage      : 5/5 Hot standby (max)',
    ]);
    expect(clientSummary(shown, 2)).toBe(
      '  2. Q) postgres@127.0.0.1 S:0/D000148 F:0/D000148 R:0/D000148 P:1 AN:abc',
    );
  });

  it.each([
    [{ replayLsn: 0n }, '4/5 2-safe'],
    [{ replayLsn: 0n, flushLsn: 0n }, '3/5 Remote write'],
    [{ replayLsn: 0n, flushLsn: 0n, writeLsn: 0n }, '2/5 WAL Sent (min)'],
    [{ writeLsn: 0n }, '2/3 WAL Sent (min)'],
    [{ writeLsn: 0n, sentLsn: 0n }, '1/3 1-safe'],
  ])('%s is at stage %s', (more, stage) => {
    expect(showClient(client(more), LSN).stage).toBe(stage);
  });
});
