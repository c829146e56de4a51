import { ApiError } from '@fieldsync/sdk';
import i18next from 'i18next';

/** reasonOf is why something was not done, in words for people: what the server says of a request; of its own troubles only that it has them. */
export function reasonOf(error: unknown): string {
  const t = i18next.t;
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t('failure.unreachable');
  if (error.status === 429 || error.status === 503) return `${t('failure.busy')} ${error.retryAfter ? t('failure.busyFor', { count: error.retryAfter }) : t('failure.busyHint')}`;
  if (error.status >= 500) return `${t('failure.server')} ${t('failure.serverHint')}`;
  return error.fields.length > 0 ? error.fields.map((f) => `${f.field}: ${f.message}`).join('\n') : error.message;
}
