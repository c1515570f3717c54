import { describe, expect, it } from 'vitest';
import { renderStats, renderSummary } from '../../../src/cli/render/stats.ts';
import { report } from '../report.ts';

const PULL = { remoteSource: true, remoteDestination: false };
const counts = { file: 2000, directory: 1, symlink: 3, fifo: 1, socket: 1, device: 4 };

describe('statistics', () => {
  it('have rsync’s lines and a few more', () => {
    const text = renderStats(
      report({
        entries: counts,
        created: { ...counts, file: 1, symlink: 0, fifo: 0, socket: 0, device: 0 },
        transferredFiles: 1,
        transferredBytes: 1500,
        linkedFiles: 1999,
        linkedBytes: 4_000_000,
        comparedFiles: 2,
        comparedBytes: 500,
        totalBytes: 4_001_500,
        scanTime: 1234,
        time: 1500,
      }),
      { ...PULL, deleting: true },
    );
    expect(text).toBe(`
Number of files: 2,010 (reg: 2,000, dir: 1, link: 3, dev: 4, special: 2)
Number of created files: 2 (reg: 1, dir: 1)
Number of deleted files: 0
Number of regular files transferred: 1
Number of files linked to a basis: 1,999
Number of files compared by content: 2
Total file size: 4,001,500 bytes
Total transferred file size: 1,500 bytes
Total linked file size: 4,000,000 bytes
Total compared file size: 500 bytes
Literal data: 1,500 bytes
Matched data: 4,000,000 bytes
File list size: 0
File list generation time: 1.234 seconds
File list transfer time: 0.000 seconds
Total bytes sent: 0
Total bytes received: 2,000

sent 0 bytes  received 2,000 bytes  1,000.00 bytes/sec
total size is 4,001,500  speedup is 2,000.75
`);
  });

  it('tell of deletions only where there could be any', () => {
    const text = renderStats(report({}), { ...PULL, deleting: false });
    expect(text).not.toContain('deleted');
    expect(text).toContain('Number of files: 0\n');
  });

  it('have a speedup also where nothing had to be moved', () => {
    expect(renderSummary(report({ totalBytes: 5 }), PULL)).toContain('speedup is 5.00\n');
  });

  it('count what goes out as sent, between local trees too', () => {
    const facts = report({ transferredBytes: 1000, time: 500, totalBytes: 1000, dryRun: true });
    const text =
      '\nsent 1,000 bytes  received 0 bytes  1,000.00 bytes/sec\ntotal size is 1,000  speedup is 1.00 (DRY RUN)\n';
    expect(renderSummary(facts, { remoteSource: false, remoteDestination: true })).toBe(text);
    expect(renderSummary(facts, { remoteSource: false, remoteDestination: false })).toBe(text);
    expect(renderSummary(facts, { remoteSource: true, remoteDestination: true })).toContain(
      'sent 1,000 bytes  received 1,000 bytes',
    );
  });
});
