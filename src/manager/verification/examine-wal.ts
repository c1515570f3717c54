import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupLabel } from '../../postgres/backup-label.ts';
import { formatLsn, parseLsn } from '../../postgres/lsn.ts';
import { parseSegmentName, segmentName, segmentStart } from '../../postgres/segment.ts';
import { createWalReader } from '../../postgres/wal/reader.ts';
import type { WalRecord } from '../../postgres/wal/record.ts';
import { recoveryEvent } from '../../postgres/wal/recovery-event.ts';
import { checkSegmentHeader } from '../../postgres/wal/segment-header.ts';
import { checkAborted } from '../../system/abort.ts';
import { isFailure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import { archivedPath } from '../wal/archive/archived-path.ts';
import type { Compression } from '../wal/compression/compression.ts';
import type { Findings } from './findings.ts';

export interface WalQuestion {
  readonly layout: Layout;
  readonly backup: Pick<Backup, 'fields'>;
  readonly label: BackupLabel | undefined;
  readonly compression: Compression;
  readonly onRecord: (record: WalRecord, major: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads the WAL that makes the backup consistent: every segment from begin to end, every record's CRC and place, up to
 * the record that ends the backup. Resolves to whether all of it is there and good.
 */
export async function examineWal(question: WalQuestion, findings: Findings): Promise<boolean> {
  const { layout, backup, label, compression, onRecord, signal } = question;
  const { begin_wal, end_wal, begin_xlog, end_xlog, xlog_segment_size, systemid } = backup.fields;
  if (begin_wal === null || end_wal === null || begin_xlog === null || end_xlog === null) {
    findings.add('wal', null, 'the catalogue does not say where its WAL begins and ends');
    findings.end('wal', 'nothing was read');
    return false;
  }
  const size = xlog_segment_size ?? 16 * 1024 * 1024;
  const first = parseSegmentName(begin_wal, size);
  const last = parseSegmentName(end_wal, size);
  const begin = parseLsn(begin_xlog);
  const end = parseLsn(end_xlog);
  const reader = createWalReader();
  let isEnded = label?.from === 'standby';
  let reached = 0n;
  let read = 0;
  let good = true;
  for (let number = first.number; number <= last.number; number++) {
    checkAborted(signal);
    const name = segmentName({ timeline: last.timeline, number }, size);
    const before = segmentName({ timeline: first.timeline, number }, size);
    // Where the timeline changed meanwhile, segments from before that have the old one in their names.
    const found = [name, before].find((candidate) => existsSync(join(layout.wals, archivedPath(candidate))));
    if (found === undefined) {
      findings.add('wal', before, whereElse(layout, before));
      good = false;
    }
    // What comes behind a gap or damage is only looked for.
    if (found === undefined || !good) continue;
    try {
      const bytes = await content(compression, join(layout.wals, archivedPath(found)));
      const { major } = checkSegmentHeader(bytes, found, systemid ?? undefined);
      if (bytes.length !== size) {
        findings.add('wal', found, `has ${bytes.length} of ${size} bytes`);
        good = false;
        continue;
      }
      read++;
      for (const record of reader.segment(bytes, segmentStart(number, size))) {
        if (record.lsn >= end) break;
        reached = record.end;
        onRecord(record, major);
        const event = recoveryEvent(record, major);
        if (event?.kind === 'backup end' && event.start === begin) isEnded = true;
      }
      if (reader.end !== undefined && reader.end.lsn < end) {
        findings.add('wal', found, `is damaged at ${formatLsn(reader.end.lsn)}: ${reader.end.reason}`);
        good = false;
      }
    } catch (error) {
      if (!isFailure(error) || error.code === 'ABORTED') throw error;
      findings.add('wal', found, error.message);
      good = false;
    }
  }
  if (good && reached < end && label?.from !== 'standby') {
    findings.add(
      'wal',
      end_wal,
      `ends at ${formatLsn(reached)}, before the end of the backup at ${end_xlog}`,
    );
    good = false;
  } else if (good && !isEnded) {
    findings.add(
      'wal',
      end_wal,
      'the record that ends the backup is not there: recovery would not become consistent',
    );
    good = false;
  }
  findings.end('wal', `${read} of ${last.number - first.number + 1} segments, ${begin_wal} to ${end_wal}`);
  return good;
}

function whereElse(layout: Layout, name: string): string {
  const waits = [layout.incoming, layout.streaming].some((directory) => existsSync(join(directory, name)));
  return waits
    ? 'is not in the archive yet: it arrived and waits for archive-wal'
    : 'is missing in the archive';
}

async function content(compression: Compression, path: string): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of compression.read(path, await compression.formatOf(path))) parts.push(part);
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}
