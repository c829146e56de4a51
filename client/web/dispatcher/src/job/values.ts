import i18next from 'i18next';
import type { Field, FieldType } from '../api/types.ts';
import { count, dateTime, plainDay } from '../format.ts';

/** A field's answer in words; empty where there is none. */
export function inWords(value: unknown, type?: string): string {
  const t = i18next.t;
  if (value === null || value === undefined || value === '') return '';
  switch (type as FieldType | undefined) {
    case 'yes_no':
      return value === true ? t('yes') : t('no');
    case 'action':
      return value === true ? t('job.doneTick') : t('job.notDone');
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) ? plainDay(value) : String(value);
    case 'number':
      return typeof value === 'number' ? new Intl.NumberFormat(i18next.language, { maximumFractionDigits: 10 }).format(value) : String(value);
  }
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  if (typeof value === 'number') return count(value);
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? dateTime(value) : value;
  if (Array.isArray(value)) return value.map((v) => inWords(v)).join(', ');
  const of = value as Record<string, unknown>;
  for (const name of ['name', 'text', 'formatted', 'status', 'value']) if (typeof of[name] === 'string') return of[name];
  if (typeof of['minutes'] === 'number') return `${of['minutes']} min`;
  return Object.entries(of)
    .map(([k, v]) => `${k}: ${inWords(v)}`)
    .join(', ');
}

export const isFiles = (field: Field): boolean => ['photo', 'signature', 'file'].includes(field.field_type);
