import type { Capabilities } from './endpoint.ts';
import type { KeptAttributes } from './manifest/format.ts';
import type { SyncOptions } from './options.ts';
import type { PlanRules } from './plan.ts';

const SECOND = 1_000_000;

/** What of `-a` is on: each part follows `archive` unless it is set itself. */
export function keptParts(options: SyncOptions) {
  const all = options.archive ?? false;
  return {
    recursive: options.recursive ?? all,
    links: options.links ?? all,
    perms: options.perms ?? all,
    times: options.times ?? all,
    group: options.group ?? all,
    owner: options.owner ?? all,
  };
}

/**
 * The rules of a run. Owners are kept only where they can be given away, groups of an ordinary user only where it is a
 * member, as with rsync(1).
 */
export function rulesFor(
  options: SyncOptions,
  sources: readonly Capabilities[],
  destination: Capabilities,
  receiver: { readonly local: boolean; readonly privileged: boolean },
): PlanRules {
  const { perms, times, group, owner } = keptParts(options);
  const finest = Math.max(destination.mtimePrecision, ...sources.map(({ mtimePrecision }) => mtimePrecision));
  const { modifyWindow } = options;
  const wholeSeconds = modifyWindow !== undefined && modifyWindow >= 0;
  const groups = receiver.privileged || !receiver.local ? undefined : new Set(process.getgroups?.());
  return {
    perms,
    times,
    owner: owner && receiver.privileged,
    group: group && (receiver.privileged || receiver.local),
    groups,
    checksum: options.checksum ?? false,
    sizeOnly: options.sizeOnly ?? false,
    ignoreTimes: options.ignoreTimes ?? false,
    update: options.update ?? false,
    precision: wholeSeconds ? Math.max(SECOND, finest) : finest,
    window: wholeSeconds ? modifyWindow * SECOND : 0,
    horizon: Number.POSITIVE_INFINITY,
  };
}

/** The attributes that every entry has from its source: an ordinary user can give away only some groups. */
export function keptInFull({ perms, times, owner, group, groups }: PlanRules): KeptAttributes {
  return { perms, times, owner, group: group && groups === undefined };
}
