const DAY_MS = 86_400_000;
/** Builders that leave out time write 0001, 1970 or 1980-01-01, a second more or less: up to here a date is none. */
const FIRST_REAL_MS = Date.parse('1980-01-03T00:00:00Z');

/** Epoch milliseconds of a date that says when something was made; undefined for none, a placeholder or the future. Pure. */
export function usableDate(written: string | null | undefined, now: number): number | undefined {
  const at = Date.parse(written ?? '');
  return Number.isNaN(at) || at < FIRST_REAL_MS || at > now + DAY_MS ? undefined : at;
}

/** As in `2026-11-19 04:10 UTC`. */
export function shownDate(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** As in `2026-11-19`. */
export function shownDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** As in `3 days ago`; `just now` within the last minute, or ahead of our clock. */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 120) return counted(minutes, 'minute');
  if (minutes < 48 * 60) return counted(Math.floor(minutes / 60), 'hour');
  return counted(Math.floor(minutes / 1440), 'day');
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}
