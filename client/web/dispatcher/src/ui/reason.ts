import { ApiError, isReasonCode, type Reason, type ReasonParam } from '@fieldsync/sdk';
import i18next from 'i18next';
import { STATUSES, type Status } from '../api/types.ts';

/** reasonOf is why something was not done, in words for people: what the server says of a request; of its own troubles only that it has them. */
export function reasonOf(error: unknown): string {
  const t = i18next.t;
  if (!(error instanceof ApiError)) return error instanceof Error ? ownReason(error) : String(error);
  if (error.status === 0) return t('failure.unreachable');
  if (error.status === 429 || error.status === 503) return `${t('failure.busy')} ${error.retryAfter ? t('failure.busyFor', { count: error.retryAfter }) : t('failure.busyHint')}`;
  if (error.status >= 500) return `${t('failure.server')} ${t('failure.serverHint')}`;
  return error.fields.length > 0 ? error.fields.map((f) => `${f.field}: ${f.message}`).join('\n') : ownReason(error);
}

/** What the SDK says has a code, and an entry in the catalogue; anything else is said as it is. */
export function ownReason(error: Error & Partial<Reason>): string {
  const { code, params = {} } = error;
  if (typeof code !== 'string' || !isReasonCode(code)) return error.message;
  const t = i18next.t;
  const said = Object.entries(params).map(([name, value]) => [name, (name === 'status' || name === 'to') && STATUSES.includes(value as Status) ? t(`status.${value as Status}`) : value]);
  return t(`reason.${code}`, Object.fromEntries(said) as Record<ReasonParam, string | number>);
}

