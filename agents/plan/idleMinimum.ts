const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const dayMinutes = 24 * 60;

/** So many idle agents, always or in a weekly window. */
export interface IdleMinimum {
  count: number;
  window?: { days: ReadonlySet<number>; fromMinute: number; toMinute: number; timeZone: string };
}

/**
 * Reads `2`, `2@Mon-Fri 07:00-19:00 Europe/Berlin`, or several of them separated by `;`. Days are `Mon`, `Mon-Fri`, `Mon,Wed`; a
 * window that ends before it begins ends on the next day; without a time zone it is UTC. Undefined when the text is none of it.
 */
export function readIdleMinimum(text: string): IdleMinimum[] | undefined {
  const entries = text.split(';').map((entry) => readEntry(entry.trim()));
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

/** How many idle agents are wanted now (ms since the epoch): the greatest of the entries that apply. */
export function idleMinimumAt(minimum: readonly IdleMinimum[], now: number): number {
  return Math.max(0, ...minimum.filter((entry) => applies(entry, now)).map(({ count }) => count));
}

function readEntry(text: string): IdleMinimum | undefined {
  const [, count, days, from, to, timeZone = 'UTC'] =
    /^(\d{1,4})(?:@(\S+)\s+(\d{1,2}:\d{2})-(\d{1,2}:\d{2})(?:\s+(\S+))?)?$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  if (days === undefined || from === undefined || to === undefined) return { count: Number(count) };
  const window = { days: readDays(days), fromMinute: readMinute(from), toMinute: readMinute(to), timeZone };
  if (window.days === undefined || window.fromMinute === undefined || window.toMinute === undefined) return undefined;
  if (!isTimeZone(timeZone)) return undefined;
  return {
    count: Number(count),
    window: { days: window.days, fromMinute: window.fromMinute, toMinute: window.toMinute, timeZone },
  };
}

function readDays(text: string): Set<number> | undefined {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first, last] = part.split('-').map(weekday);
    if (first === undefined || first < 0 || last === -1 || part.split('-').length > 2) return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === (last ?? first)) break;
    }
  }
  return days;
}

function weekday(name: string): number {
  return weekdays.findIndex((day) => day.toLowerCase() === name.toLowerCase());
}

function readMinute(text: string): number | undefined {
  const [hour = NaN, minute = NaN] = text.split(':').map(Number);
  const total = hour * 60 + minute;
  return minute < 60 && total <= dayMinutes ? total : undefined;
}

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

function applies({ window }: IdleMinimum, now: number): boolean {
  if (window === undefined) return true;
  const { day, minute } = localTime(now, window.timeZone);
  const { days, fromMinute, toMinute } = window;
  if (fromMinute < toMinute) return days.has(day) && minute >= fromMinute && minute < toMinute;
  // Over midnight: the evening belongs to the day named, the morning to the day after it.
  return (days.has(day) && minute >= fromMinute) || (days.has((day + 6) % 7) && minute < toMinute);
}

function localTime(now: number, timeZone: string): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]));
  return {
    day: weekdays.indexOf(parts.get('weekday') ?? ''),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}
