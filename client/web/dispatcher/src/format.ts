import i18next from 'i18next';

/* Dates and numbers as people of the page's language write them, in the browser's own time zone. */

const made = new Map<string, Intl.DateTimeFormat>();
function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = i18next.language + JSON.stringify(options);
  let format = made.get(key);
  if (!format) made.set(key, (format = new Intl.DateTimeFormat(i18next.language, options)));
  return format;
}

export const time = (at: Date | string): string => dates({ hour: '2-digit', minute: '2-digit' }).format(new Date(at));
export const day = (at: Date | string): string => dates({ weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at));
export const longDay = (at: Date | string): string =>
  dates({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(at));
export const dateTime = (at: Date | string): string =>
  dates({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(new Date(at));
export const precise = (at: Date | string): string => dates({ dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(at));
/** A day that is no moment (a field of type date), as `2026-11-24`. */
export const plainDay = (of: string): string => dates({ dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${of}T00:00:00Z`));

/** "Tue 24 Nov, 09:30" without the day where it is today. */
export function when(at: Date | string, now = new Date()): string {
  const date = new Date(at);
  return isoDay(date) === isoDay(now) ? time(date) : `${day(date)}, ${time(date)}`;
}

/** Names as people look them up: "Team 9" before "Team 10". */
export const byName = (a: string, b: string): number => new Intl.Collator(i18next.language, { numeric: true }).compare(a, b);

const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]];

/** "5 minutes ago"; within a minute "now". */
export function ago(at: Date | string, now = Date.now()): string {
  const past = new Date(at).getTime() - now;
  const format = new Intl.RelativeTimeFormat(i18next.language, { numeric: 'auto', style: 'short' });
  for (const [unit, ms] of steps) if (Math.abs(past) >= ms) return format.format(Math.round(past / ms), unit);
  return format.format(0, 'second');
}

export const count = (n: number): string => new Intl.NumberFormat(i18next.language).format(n);

/** 90 → "1 h 30 min", in the words of the language. */
export function minutes(n: number): string {
  const unit = (of: 'hour' | 'minute', value: number): string =>
    new Intl.NumberFormat(i18next.language, { style: 'unit', unit: of, unitDisplay: 'short' }).format(value);
  const h = Math.floor(n / 60);
  return [h > 0 && unit('hour', h), (n % 60 > 0 || h === 0) && unit('minute', n % 60)].filter(Boolean).join(' ');
}

const sizes = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
export function bytes(n: number): string {
  let i = 0;
  while (n >= 1000 && i < sizes.length - 1) {
    n /= 1000;
    i++;
  }
  return new Intl.NumberFormat(i18next.language, { style: 'unit', unit: sizes[i]!, unitDisplay: 'short', maximumFractionDigits: n < 10 && i > 0 ? 1 : 0 }).format(n);
}

const two = (n: number): string => String(n).padStart(2, '0');

/** The local day as `2026-11-25`. */
export const isoDay = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
/** The local moment as `<input type="datetime-local">` has it. */
export const isoLocal = (at: Date | string): string => {
  const d = new Date(at);
  return `${isoDay(d)}T${two(d.getHours())}:${two(d.getMinutes())}`;
};
/** Midnight at the beginning of a local day, plus some days: by the calendar, not by 24 hours. */
export function startOf(dayIso: string, plus = 0): Date {
  const [y, m, d] = dayIso.split('-').map(Number);
  return new Date(y!, m! - 1, d! + plus);
}
export const addDays = (dayIso: string, n: number): string => isoDay(startOf(dayIso, n));
