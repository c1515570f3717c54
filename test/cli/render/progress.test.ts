import { describe, expect, it } from 'vitest';
import { canShowProgress, ProgressLine, progressText } from '../../../src/cli/render/progress.ts';
import type { ProgressEvent } from '../../../src/sync/report.ts';

const event = (facts: Partial<ProgressEvent>): ProgressEvent => ({
  type: 'progress',
  scanned: 0,
  scanEnded: true,
  totalFiles: 0,
  totalBytes: 0,
  files: 0,
  bytes: 0,
  ...facts,
});
const half = event({ totalFiles: 1200, files: 600, totalBytes: 8e9, bytes: 4e9 });

describe('the progress', () => {
  it('tells files, bytes, rate and remaining time', () => {
    expect(progressText(half, 1e8)).toBe(' 50%  600 of 1,200 files  4.00 GB of 8.00 GB  100 MB/s  0:40 left');
    expect(progressText(half, 1e6)).toContain('1:06:40 left');
  });

  it('knows neither share nor remaining time before the totals are exact, nor without a rate', () => {
    expect(progressText({ ...half, scanned: 5000, scanEnded: false }, 1e8)).toBe(
      '5,000 scanned  600 of 1,200 files  4.00 GB of 8.00 GB  100 MB/s',
    );
    expect(progressText(half, 0)).not.toContain('left');
    expect(progressText(half, undefined)).not.toContain('/s');
  });

  it('is complete where there is nothing to do, and not before all is done', () => {
    expect(progressText(event({}), 0)).toBe('100%  0 of 0 files  0 B of 0 B  0 B/s');
    expect(progressText(event({ totalBytes: 1000, bytes: 999 }), 0)).toContain(' 99%');
  });

  it('takes the rate over the last seconds', () => {
    let written = '';
    let now = 0;
    const line = new ProgressLine({ write: (text) => (written = text), columns: 200 }, () => now);
    const at = (time: number, bytes: number): string => {
      now = time;
      line.update(event({ totalBytes: 1e9, bytes }));
      return written;
    };
    expect(at(0, 0)).not.toContain('/s');
    expect(at(999, 1e6)).not.toContain('/s');
    expect(at(2000, 2e6)).toContain('1.00 MB/s');
    expect(at(10_000, 10e6)).not.toContain('/s');
    expect(at(12_000, 30e6)).toContain('10.0 MB/s');
    expect(at(14_000, 30e6)).toContain('5.00 MB/s');
  });

  it('fits the terminal and makes room', () => {
    const written: string[] = [];
    const line = new ProgressLine({ write: (text) => written.push(text), columns: 20 });
    line.clear();
    expect(written).toEqual([]);
    line.update(half);
    line.clear();
    line.clear();
    expect(written).toEqual(['\r 50%  600 of 1,200 \x1b[K', '\r\x1b[K']);
  });

  it('is shown on able terminals only', () => {
    const write = (): void => undefined;
    expect(canShowProgress({ write, isTTY: true }, { TERM: 'xterm' })).toBe(true);
    expect(canShowProgress({ write }, { TERM: 'xterm' })).toBe(false);
    expect(canShowProgress({ write, isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(canShowProgress({ write, isTTY: true }, { TERM: 'xterm', NO_COLOR: '1' })).toBe(false);
  });
});
