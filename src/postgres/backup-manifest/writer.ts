import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { toBuffer } from '../../system/byte-string.ts';
import { formatLsn } from '../lsn.ts';
import type { ManifestFile, ManifestHeader, WalRange } from './types.ts';

/**
 * Writes a `backup_manifest` as PostgreSQL does (`backup/backup_manifest.c`, documented under "Backup Manifest
 * Format"): JSON, a line for each file, and at the end the SHA-256 of every byte before the last line. Each call gives
 * the text that comes next, so that a million files need no memory.
 */
export interface ManifestWriter {
  begin(): string;
  file(file: ManifestFile): string;
  /** `ranges`: one for each timeline, the newest first. */
  end(ranges: readonly WalRange[]): string;
}

export function createManifestWriter({ version, systemIdentifier }: ManifestHeader): ManifestWriter {
  const hash = createHash('sha256');
  const hashed = (text: string): string => {
    hash.update(text);
    return text;
  };
  let separator = '';

  return {
    begin: () => {
      const identifier = version === 2 ? `"System-Identifier": ${systemIdentifier},\n` : '';
      return hashed(`{ "PostgreSQL-Backup-Manifest-Version": ${version},\n${identifier}"Files": [`);
    },
    file: (file) => {
      const line = `${separator}\n{ ${fields(file).join(', ')} }`;
      separator = ',';
      return hashed(line);
    },
    end: (ranges) => {
      const lines = ranges.map(
        ({ timeline, start, end }) =>
          `{ "Timeline": ${timeline}, "Start-LSN": "${formatLsn(start)}", "End-LSN": "${formatLsn(end)}" }`,
      );
      const text = hashed(`\n],\n"WAL-Ranges": [\n${lines.join(',\n')}\n],\n`);
      return `${text}"Manifest-Checksum": "${hash.digest('hex')}"}\n`;
    },
  };
}

function fields({ path, size, modified, checksum }: ManifestFile): string[] {
  const bytes = toBuffer(path);
  return [
    isUtf8(bytes)
      ? `"Path": ${JSON.stringify(bytes.toString('utf8'))}`
      : `"Encoded-Path": "${bytes.toString('hex')}"`,
    `"Size": ${size}`,
    `"Last-Modified": "${new Date(modified * 1000).toISOString().slice(0, 19).replace('T', ' ')} GMT"`,
    ...(checksum === undefined
      ? []
      : [`"Checksum-Algorithm": "${checksum.algorithm}"`, `"Checksum": "${checksum.hex}"`]),
  ];
}
