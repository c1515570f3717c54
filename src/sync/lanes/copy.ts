import { checkAborted } from '../../system/abort.ts';
import { toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { ReadFile } from '../endpoint.ts';
import type { Entry } from '../entry.ts';
import { joinPath, nameOf, parentOf } from '../path.ts';
import type { LaneContext } from './context.ts';
import type { Copied, CopyOrder } from './copy-order.ts';
import { hasChanged } from './has-changed.ts';
import { hashFile } from './hash-file.ts';
import { SteadyWriter } from './steady-writer.ts';
import { goneFrom } from './vanished.ts';

/** Files up to this size come in one read request of every endpoint, bytes. */
const ONE_GO = 32 * 1024;

/**
 * Copies one file's content and attributes. A file that changes meanwhile is read again, up to `rereads` times; what
 * keeps changing is kept as read and marked torn. The new file appears under its name only when it is whole, unless
 * the whole tree is still unfinished.
 */
export async function copyFile(context: LaneContext, order: CopyOrder): Promise<Copied> {
  let current = order;
  for (let attempt = 0; ; attempt++) {
    const copied = await copyOnce(context, current, attempt >= context.options.rereads);
    if (copied !== undefined) return copied;
    const entry = (await order.from.lookup(order.fromPath)) ?? current.entry;
    // The time to set is the one seen before reading: whatever changes later makes the file differ again next time.
    const mtime = order.attributes.mtime === undefined ? undefined : entry.mtime;
    current = { ...order, entry, attributes: { ...order.attributes, mtime } };
  }
}

/** Undefined when the file changed and shall be read once more. */
async function copyOnce(
  context: LaneContext,
  order: CopyOrder,
  keepTorn: boolean,
): Promise<Copied | undefined> {
  const { destination, options, signal } = context;
  const readAt = Date.now();
  const gone = goneFrom(order.from, context);
  const reader = await order.from.openRead(order.fromPath, order.entry).catch(gone);
  const direct = options.direct && !order.replaces;
  const path = direct ? order.to : joinPath(parentOf(order.to), context.temporaryName(nameOf(order.to)));
  let writer: SteadyWriter | undefined;
  let made = false;
  try {
    writer = await SteadyWriter.create(destination, path, (start, end) => readAgain(order, gone, start, end));
    made = true;
    const hash = context.newHash();
    const inspector = context.inspect?.(order.path, order.entry);
    let bytes = 0;
    let after: Promise<Entry> | undefined;
    const blocks = reader.read(0, order.entry.size)[Symbol.asyncIterator]();
    for (let next = blocks.next(); ; next = blocks.next()) {
      // Asked for in one go with the content, answered behind it: a small file costs no further round trip.
      after ??= order.entry.size <= ONE_GO ? statBehind(reader) : undefined;
      const { done, value } = await next.catch(gone);
      if (done === true) break;
      checkAborted(signal);
      hash.update(value);
      inspector?.block(value, bytes);
      if (context.bandwidth !== undefined) await context.bandwidth.pass(value.length, signal);
      await writer.write(value);
      bytes += value.length;
      context.onBytes(value.length);
    }
    const now = await (after ?? reader.stat()).catch(gone);
    const torn = bytes !== order.entry.size || hasChanged(order.entry, now);
    if (torn && !keepTorn) return undefined;
    await writer.setAttributes(order.attributes);
    if (options.fsync) await writer.sync();
    await writer.close();
    const { resumed } = writer;
    writer = undefined;
    const digest = hash.digest();
    if (resumed && (await hashFile(destination, path, bytes, context.newHash(), signal)) !== digest) {
      if (keepTorn) throw failure('CONTENT_LOST', { path: toText(order.to) });
      return undefined;
    }
    if (!direct) await destination.rename(path, order.to);
    made = false;
    const short = bytes < order.entry.size;
    const entry = short ? { ...order.entry, size: bytes } : order.entry;
    return { entry, hash: digest, readAt, finding: inspector?.finish(), torn, short };
  } finally {
    await reader.close();
    await writer?.abandon();
    if (made) await destination.removeFile(path).catch(() => {});
  }
}

async function* readAgain(
  { from, fromPath }: CopyOrder,
  gone: (error: unknown) => never,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  const reader = await from.openRead(fromPath).catch(gone);
  try {
    yield* reader.read(start, end);
  } finally {
    await reader.close();
  }
}

function statBehind(reader: ReadFile): Promise<Entry> {
  const stat = reader.stat();
  // The content's own error is the one to report; this one is awaited only when the content has come.
  stat.catch(() => {});
  return stat;
}
