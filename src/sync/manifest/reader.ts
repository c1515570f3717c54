import { isFailure } from '../../system/errors.ts';
import { loadXxh64 } from '../../system/xxh64.ts';
import { gunzipped, wholeLines } from './blocks.ts';
import type { ByteSource } from './bytes.ts';
import type { ManifestHeader, ManifestTotals } from './format.ts';
import { ManifestParser } from './parser.ts';
import type { RecordedListing } from './record.ts';

/**
 * A manifest that is being read: listings in the order written. Can be gone through once. Who does not even
 * begin has to dispose of it: the source is open.
 */
export interface ManifestReader extends AsyncIterable<RecordedListing>, AsyncDisposable {
  readonly header: ManifestHeader;
  /** Undefined until the last listing was taken: only then is it known that the manifest is whole. */
  readonly totals: ManifestTotals | undefined;
}

/**
 * Reads as far as the header. Listings are handed out before the end has proven them: whoever acts on them must be able
 * to take it back when MANIFEST_DAMAGED comes at the end.
 * @param name of the manifest, for errors
 */
export async function openManifest(source: ByteSource, name: string): Promise<ManifestReader> {
  const sum = (await loadXxh64())();
  const parser = new ManifestParser(name);
  const blocks = wholeLines(gunzipped(source));

  async function* read(): AsyncGenerator<RecordedListing[]> {
    try {
      for await (const block of blocks) {
        if (block.at(-1) !== 0x0a) throw parser.damaged('a line has no end');
        const listings = parser.push(block);
        sum.update(parser.end === undefined ? block : block.subarray(0, parser.end.at));
        yield listings;
      }
    } catch (error) {
      throw asDamage(error, parser);
    }
    if (parser.end === undefined) throw parser.damaged('its end is missing');
    if (parser.end.sum !== sum.digest()) throw parser.damaged('its checksum does not match its content');
  }

  const batches = read();
  let first: RecordedListing[] = [];
  while (parser.header === undefined) first = (await batches.next()).value ?? [];
  const { header } = parser;
  let proven = false;

  return {
    header,
    get totals() {
      return proven ? parser.end?.totals : undefined;
    },
    async *[Symbol.asyncIterator]() {
      try {
        yield* first;
        for await (const listings of batches) yield* listings;
        proven = true;
      } finally {
        // Who leaves within the first block leaves before the loop, which would see to it.
        await batches.return(undefined);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await batches.return(undefined);
    },
  };
}

function asDamage(error: unknown, parser: ManifestParser): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isFailure(error) || !code.startsWith('Z_')) return error;
  return parser.damaged(`it cannot be unpacked (${(error as Error).message})`);
}
