/**
 * The sentences of `retention_policy`: `REDUNDANCY 3` and `RECOVERY WINDOW OF 4 WEEKS`. A month is 31 days.
 */
export type RetentionPolicy =
  | { readonly kind: 'redundancy'; readonly copies: number }
  | {
      readonly kind: 'recovery window';
      readonly amount: number;
      readonly unit: WindowUnit;
      readonly milliseconds: number;
    };

export type WindowUnit = 'DAY' | 'WEEK' | 'MONTH';

const DAY = 86_400_000;
const UNITS: Readonly<Record<WindowUnit, number>> = { DAY, WEEK: 7 * DAY, MONTH: 31 * DAY };

const REDUNDANCY = /^\s*redundancy\s+(\d+)\s*$/i;
const WINDOW = /^\s*recovery\s+window\s+of\s+(\d+)\s+(day|month|week)s?\s*$/i;

export function parseRetentionPolicy(text: string): RetentionPolicy | undefined {
  const copies = REDUNDANCY.exec(text)?.[1];
  if (copies !== undefined) return { kind: 'redundancy', copies: Number(copies) };
  const [, amount, word] = WINDOW.exec(text) ?? [];
  if (word === undefined) return undefined;
  // The expression lets only these three through.
  const unit = word.toUpperCase() as WindowUnit;
  return {
    kind: 'recovery window',
    amount: Number(amount),
    unit,
    milliseconds: Number(amount) * UNITS[unit],
  };
}

/** The policy in Barman's spelling, as `status` and `show-servers` print it. */
export function formatRetentionPolicy(policy: RetentionPolicy): string {
  return policy.kind === 'redundancy'
    ? `REDUNDANCY ${policy.copies}`
    : `RECOVERY WINDOW OF ${policy.amount} ${policy.unit}S`;
}
