/** A backup is named by the local time of its start on this host, `20261122T151747`; the names sort by age. */
const BACKUP_ID = /^\d{8}T\d{6}$/;

export function isBackupId(text: string): boolean {
  return BACKUP_ID.test(text);
}

const pad = (number: number, digits = 2): string => String(number).padStart(digits, '0');

/**
 * The ID of a backup that starts now. Where the clock stands still or goes back (end of summer time), it is the second
 * after the newest one: IDs only ever grow.
 */
export function newBackupId(now: Date, newest: string | undefined): string {
  const date = `${pad(now.getFullYear(), 4)}${pad(now.getMonth() + 1)}${pad(now.getDate())}`;
  const id = `${date}T${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}`;
  return newest === undefined || id > newest ? id : successor(newest);
}

function successor(id: string): string {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)$/.exec(id)?.map(Number) ?? [];
  const next = new Date(
    Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, (second ?? 0) + 1),
  );
  return next.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}
