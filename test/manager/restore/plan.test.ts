import { describe, expect, it } from 'vitest';
import { followChain } from '../../../src/manager/restore/chain.ts';
import { planWal, type WalQuestion } from '../../../src/manager/restore/plan.ts';
import { chooseTimeline } from '../../../src/manager/restore/timeline-choice.ts';
import type { ArchivedSegment, WalArchive } from '../../../src/manager/restore/wal-archive.ts';
import { parseLsn } from '../../../src/postgres/lsn.ts';
import { parseSegmentName } from '../../../src/postgres/segment.ts';
import { isFailure } from '../../../src/system/errors.ts';

const SIZE = 16 * 1024 * 1024;

function archiveOf(names: readonly string[]): WalArchive {
  const segments = names.map((text): ArchivedSegment => {
    const name = text.replace('.partial', '');
    return { name, ...parseSegmentName(name, SIZE), path: `/wals/${text}`, partial: text !== name };
  });
  return {
    segmentSize: SIZE,
    find: (timeline, number) => segments.find((one) => one.timeline === timeline && one.number === number),
    newest: (timeline) =>
      Math.max(-1, ...segments.filter((one) => one.timeline === timeline).map(({ number }) => number)),
    histories: [],
    history: async () => undefined,
    historyPath: () => '',
  };
}

const name = (timeline: number, number: number): string =>
  `0000000${timeline}00000000000000${number.toString(16).toUpperCase().padStart(2, '0')}`;
const run = (timeline: number, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => name(timeline, from + i));
const backup = { begin: parseLsn('0/2000028'), end: parseLsn('0/3000100'), timeline: 1, endTime: undefined };
const question = (archive: WalArchive, rest: Partial<WalQuestion> = {}): WalQuestion => ({
  backup,
  target: { kind: 'immediate' },
  exclusive: false,
  timeline: undefined,
  archive,
  histories: new Map(),
  ...rest,
});
const noReading = async (): Promise<Uint8Array> => new Uint8Array(0);

describe('the chain of segments', () => {
  it('ends where nothing more is archived', () => {
    const chain = followChain(
      [{ timeline: 1, begin: 0n, end: undefined }],
      backup.begin,
      archiveOf(run(1, 1, 5)),
    );
    expect(chain.segments.map((one) => one.name)).toEqual(run(1, 2, 5));
    expect(chain).toMatchObject({ missing: name(1, 6), gap: false });
  });

  it('ends at a gap, which it tells from the end', () => {
    const archive = archiveOf([...run(1, 2, 3), ...run(1, 5, 7)]);
    const chain = followChain([{ timeline: 1, begin: 0n, end: undefined }], backup.begin, archive);
    expect(chain).toMatchObject({ missing: name(1, 4), gap: true });
    expect(chain.segments).toHaveLength(2);
  });

  it("takes the new timeline's file of the segment in which the old one was left", () => {
    const archive = archiveOf([...run(1, 2, 6), ...run(2, 4, 5)]);
    const spans = [
      { timeline: 1, begin: 0n, end: parseLsn('0/4000200') },
      { timeline: 2, begin: parseLsn('0/4000200'), end: undefined },
    ];
    const chain = followChain(spans, backup.begin, archive);
    expect(chain.segments.map((one) => one.name)).toEqual([...run(1, 2, 3), ...run(2, 4, 5)]);
    expect(chain).toMatchObject({ missing: name(2, 6), gap: false });
  });

  it('ends with the segment that was given up half-written', () => {
    const archive = archiveOf([...run(1, 2, 4), `${name(1, 5)}.partial`]);
    const chain = followChain([{ timeline: 1, begin: 0n, end: undefined }], backup.begin, archive);
    expect(chain.segments.at(-1)).toMatchObject({ name: name(1, 5), partial: true });
    expect(chain).toMatchObject({ missing: name(1, 6), gap: false });
  });
});

describe('the timeline', () => {
  const histories = new Map([
    [2, '1\t0/4000200\tno recovery target specified\n'],
    [3, '1\t0/2000200\tbefore the backup\n'],
    [4, '1\t0/4000200\tx\n2\t0/6000000\ty\n'],
    [5, 'nonsense'],
  ]);
  const end = { timeline: 1, end: backup.end };

  it("is the backup's own without a wish, and the later ones are known", () => {
    expect(chooseTimeline(end, undefined, histories)).toMatchObject({ timeline: 1, later: [2, 4] });
    expect(chooseTimeline(end, 'current', histories).timeline).toBe(1);
  });

  it('is the newest one that the backup is part of', () => {
    const lineage = chooseTimeline(end, 'latest', histories);
    expect(lineage.timeline).toBe(4);
    expect(lineage.spans.map(({ timeline }) => timeline)).toEqual([1, 2, 4]);
  });

  it.each([
    [3, /not part of the history of timeline 3/],
    [5, /history file of timeline 5 is damaged/],
    [9, /no 00000009\.history/],
  ])('cannot be %i', (timeline, text) => {
    expect(() => chooseTimeline(end, timeline, histories)).toThrow(text);
  });
});

describe('the plan', () => {
  it('takes no more than the backup needs to be consistent', async () => {
    const plan = await planWal(question(archiveOf(run(1, 2, 9))), noReading);
    expect(plan.segments.map((one) => one.name)).toEqual(run(1, 2, 3));
  });

  it('names the segment without which the backup is worth nothing', async () => {
    const refused = planWal(question(archiveOf([name(1, 2), ...run(1, 4, 9)])), noReading);
    await expect(refused).rejects.toSatisfy(
      (error) => isFailure(error, 'WAL_MISSING') && error.facts['name'] === name(1, 3),
    );
  });

  it('refuses what lies before the end of the backup', async () => {
    const archive = archiveOf(run(1, 2, 9));
    const lsn = question(archive, { target: { kind: 'lsn', lsn: parseLsn('0/3000000') } });
    await expect(planWal(lsn, noReading)).rejects.toThrow(
      /before 0\/3000100, where the backup becomes consistent/,
    );
    const time = question(archive, {
      target: { kind: 'time', time: { epoch: 999, offset: 0 } },
      backup: { ...backup, endTime: 1000 },
    });
    await expect(planWal(time, noReading)).rejects.toThrow(/becomes consistent/);
  });
});
