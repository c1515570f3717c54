import type { ServerOptions } from '../../config/options.ts';

/** How an archived file is stored; the words `xlog.db` has in its fourth column. */
export type WalFormat = 'gzip' | 'bzip2' | 'xz' | 'zstd' | 'lz4' | 'snappy' | 'custom';

/** The first bytes of each, in hex. Names of archived files tell nothing: they have no suffix. */
const MAGIC: readonly (readonly [format: WalFormat, bytes: string])[] = [
  ['gzip', '1f8b08'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['lz4', '04224d18'],
  ['snappy', 'ff060000734e61507059'],
];

/** Bytes that {@link identify} looks at. */
export const MAGIC_SIZE = 32;

export type CustomFormat = Pick<
  ServerOptions,
  'custom_compression_filter' | 'custom_decompression_filter' | 'custom_compression_magic'
>;

/**
 * Whether a file is an OpenPGP message, which is what Barman's `encryption = gpg` makes of WAL: RFC 4880, 4.2 and 5. It
 * begins with the packet of a session key that was encrypted by a key (tag 1, version 3 or 6) or a passphrase (tag 3,
 * version 4 to 6). No file that PostgreSQL archives begins so.
 */
export function isOpenPgp(start: Uint8Array): boolean {
  const text = Buffer.from(start).toString('latin1');
  if (text.startsWith('-----BEGIN PGP MESSAGE-----')) return true;
  const first = text.charCodeAt(0);
  const isOld = (first & 0xc0) === 0x80;
  const tag = isOld ? (first >> 2) & 0xf : first & 0x3f;
  if ((first & 0x80) === 0 || (tag !== 1 && tag !== 3)) return false;
  const lengthBytes = isOld ? 1 << (first & 3) : text.charCodeAt(1) < 192 ? 1 : 2;
  const version = text.charCodeAt(1 + lengthBytes);
  return tag === 1 ? version === 3 || version === 6 : version >= 4 && version <= 6;
}

/**
 * Null for what is none of these, such as WAL itself. Without a magic of its own, `compression = custom` is, as with
 * Barman, what everything else is stored as.
 */
export function identify(
  start: Uint8Array,
  { compression, custom_compression_magic }: CustomFormat & Pick<ServerOptions, 'compression'>,
): WalFormat | null {
  const hex = Buffer.from(start).toString('hex');
  const known = MAGIC.find(([, bytes]) => hex.startsWith(bytes));
  if (known !== undefined) return known[0];
  const own = custom_compression_magic?.toLowerCase().replace(/^0x/, '') ?? '';
  const isCustom = own === '' ? compression === 'custom' && !isPlain(start) : hex.startsWith(own);
  return isCustom ? 'custom' : null;
}

/**
 * Whether a file begins as PostgreSQL writes it: with the long header of a segment's first page, as a label or a timeline
 * history, or not at all.
 */
function isPlain(start: Uint8Array): boolean {
  const bytes = Buffer.from(start);
  if (bytes.length < 16) return /^$|^\d+\t/.test(bytes.toString('latin1'));
  if (bytes[1] === 0xd1 && bytes.readUInt16LE(2) < 16 && (bytes.readUInt16LE(2) & 2) !== 0)
    return bytes.readBigUInt64LE(8) % 4096n === 0n;
  return /^START WAL LOCATION: |^\d+\t[0-9A-F]+\//.test(bytes.toString('latin1'));
}

/** What the values of `compression` write: some name only another program for the same. */
export function formatOf(compression: NonNullable<ServerOptions['compression']>): WalFormat {
  switch (compression) {
    case 'pygzip':
    case 'pigz':
      return 'gzip';
    case 'pybzip2':
      return 'bzip2';
    default:
      return compression;
  }
}
