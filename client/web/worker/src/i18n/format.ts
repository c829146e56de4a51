import { locale } from "./index.ts";

// Dates, sizes and durations as the phone's owner reads them. Formatters are costly to make and cheap to use: one of each kind is kept.
const made = new Map<string, Intl.DateTimeFormat>();

function dates(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${locale()} ${key}`;
  let f = made.get(id);
  if (!f) made.set(id, (f = new Intl.DateTimeFormat(locale(), options)));
  return f;
}

/** 9:30 */
export const clock = (ms: number): string => dates("clock", { hour: "numeric", minute: "2-digit" }).format(ms);

/** Wed, 25 Nov */
export const shortDay = (ms: number): string => dates("day", { weekday: "short", day: "numeric", month: "short" }).format(ms);

/** Wednesday, 25 November */
export const longDay = (ms: number): string => dates("long", { weekday: "long", day: "numeric", month: "long" }).format(ms);

/** November 2026 */
export const month = (ms: number): string => dates("month", { month: "long", year: "numeric" }).format(ms);

/** W */
export const weekday = (ms: number): string => dates("weekday", { weekday: "short" }).format(ms);

/** The clock of today, else day and clock. */
export function moment(ms: number, now = Date.now()): string {
  return dayKey(ms) === dayKey(now) ? clock(ms) : dates("moment", { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }).format(ms);
}

/** A day without a time, as `2026-11-25` says it. */
export function plainDay(day: string): string {
  const ms = Date.parse(`${day}T12:00:00`);
  return Number.isNaN(ms) ? day : dates("plain", { day: "numeric", month: "long", year: "numeric" }).format(ms);
}

/** 2026-11-25: the local day, comparable. */
export function dayKey(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`;
}

/** The local midnight that begins the day. */
export function startOfDay(ms: number): number {
  const d = new Date(ms);
  return new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
}

/** The midnight some days on, through changes of the clock. */
export function addDays(ms: number, days: number): number {
  const d = new Date(ms);
  return new Date(d.getFullYear(), d.getMonth(), d.getDate() + days).getTime();
}

/** The first day of the week that the locale begins its weeks with. */
export function startOfWeek(ms: number): number {
  const info = new Intl.Locale(locale()) as Intl.Locale & { getWeekInfo?: () => { firstDay: number }; weekInfo?: { firstDay: number } };
  const first = (info.getWeekInfo?.() ?? info.weekInfo)?.firstDay ?? 1;
  const day = startOfDay(ms);
  return addDays(day, -((new Date(day).getDay() - (first % 7) + 7) % 7));
}

const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** 3.4 MB */
export function bytes(n: number): string {
  let unit = 0;
  let value = n;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(locale(), { style: "unit", unit: units[unit], unitDisplay: unit ? "short" : "long", maximumFractionDigits: value < 10 && unit > 1 ? 1 : 0 }).format(value);
}

/** 20 sec, 6 min, 2 hr */
export function duration(seconds: number): string {
  const [value, unit] = seconds < 90 ? [Math.max(1, Math.round(seconds)), "second"] : seconds < 5400 ? [Math.round(seconds / 60), "minute"] : [Math.round(seconds / 3600), "hour"];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** A number as the locale writes it. */
export const number = (n: number): string => new Intl.NumberFormat(locale(), { maximumFractionDigits: 6 }).format(n);

/** Reads a number that is typed with a point or a comma; undefined: it is none. */
export function parseNumber(text: string): number | undefined {
  const plain = text.trim().replace(/[\s\u00a0\u202f']/g, "").replace(",", ".");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain)) return undefined;
  const n = Number(plain);
  return Number.isFinite(n) ? n : undefined;
}
