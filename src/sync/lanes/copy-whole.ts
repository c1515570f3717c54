import { checkAborted } from '../../system/abort.ts';
import type { Endpoint, WholeFile } from '../endpoint.ts';
import { nameOf } from '../path.ts';
import type { LaneContext } from './context.ts';
import type { Copied, CopyOrder } from './copy-order.ts';
import { hasChanged } from './has-changed.ts';
import { goneFrom } from './vanished.ts';

/** Files up to this size come in one read request of every endpoint, bytes. */
export const ONE_GO = 32 * 1024;

/**
 * Copies a small file between endpoints that take and give such files at once: most of a tree's files are small, and then
 * the steps of a copy cost more than its bytes. Undefined where the file has to go the long way: it is large, changed
 * meanwhile, or an endpoint does not offer it.
 */
export async function copyWhole(context: LaneContext, order: CopyOrder): Promise<Copied | undefined> {
  const { destination, options, bandwidth, signal } = context;
  const { from, entry } = order;
  if (entry.size > ONE_GO || bandwidth !== undefined || !takesWhole(destination)) return undefined;
  const readAt = Date.now();
  const whole = await from.readWhole?.(order.fromPath, entry).catch(goneFrom(from, context));
  if (whole === undefined || hasChanged(entry, whole.after)) return undefined;
  checkAborted(signal);
  const { hash, finding } = digest(context, order, whole);
  const direct = options.direct && !order.replaces;
  await destination.writeWhole(order.to, {
    blocks: whole.blocks,
    attributes: order.attributes,
    by: direct ? undefined : context.temporaryName(nameOf(order.to)),
    sync: options.fsync,
  });
  context.onBytes(entry.size);
  return { entry, hash, readAt, finding, torn: false, short: false };
}

function digest(
  context: LaneContext,
  order: CopyOrder,
  { blocks }: WholeFile,
): { hash: string; finding: unknown } {
  const hash = context.newHash();
  const inspector = context.inspect?.(order.path, order.entry);
  let offset = 0;
  for (const block of blocks) {
    hash.update(block);
    inspector?.block(block, offset);
    offset += block.length;
  }
  return { hash: hash.digest(), finding: inspector?.finish() };
}

function takesWhole(endpoint: Endpoint): endpoint is Endpoint & Required<Pick<Endpoint, 'writeWhole'>> {
  return endpoint.writeWhole !== undefined;
}
