/**
 * `%(key)s` in values. Barman before 3.10 interpolated once (`%%` is a percent sign), since 3.10 it does so twice
 * (`%%%%` is one) and refuses a lone `%`. Files of both ages are read: one pass fills in the references, a doubled
 * percent sign that is left then becomes one, and a lone one stands for itself.
 */
const REFERENCE = /%(?:%|\(([^)]+)\)s)/g;
const DEEPEST = 10;

export class InterpolationError extends Error {}

/**
 * @param lookup the text a key stands for, itself not yet interpolated, or undefined.
 * @throws InterpolationError for a key nobody knows and for keys that refer to each other without end.
 */
export function interpolate(text: string, lookup: (key: string) => string | undefined): string {
  return fill(text, lookup, 0).replaceAll('%%', '%');
}

function fill(text: string, lookup: (key: string) => string | undefined, depth: number): string {
  if (depth > DEEPEST) throw new InterpolationError('its references lead in a circle');
  return text.replace(REFERENCE, (_match, reference: string | undefined) => {
    if (reference === undefined) return '%';
    const found = lookup(reference.toLowerCase());
    if (found === undefined) throw new InterpolationError(`%(${reference})s refers to a key that is not set`);
    return fill(found, lookup, depth + 1);
  });
}
