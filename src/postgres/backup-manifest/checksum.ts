import { createHash } from 'node:crypto';
import { crc32c } from '../crc32c.ts';
import type { ChecksumAlgorithm } from './types.ts';

/** The checksum of a file for a backup manifest, taken while its content passes by. */
export interface ManifestChecksum {
  update(bytes: Uint8Array): void;
  /** Hexadecimal digits, lower case. */
  digest(): string;
}

export function createManifestChecksum(algorithm: ChecksumAlgorithm): ManifestChecksum {
  if (algorithm === 'CRC32C') {
    let crc = 0;
    return {
      update: (bytes) => {
        crc = crc32c(bytes, crc);
      },
      digest: () => {
        // PostgreSQL prints the bytes of the number as they lie in memory.
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(crc);
        return bytes.toString('hex');
      },
    };
  }
  const hash = createHash(algorithm.toLowerCase());
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}
