import { randomBytes } from 'node:crypto';

/** Hidden, and with an ending that Barman passes over as well: `.NAME.RANDOM.tmp`. */
export function temporaryName(name: string): string {
  return `.${name}.${randomBytes(6).toString('hex')}.tmp`;
}
