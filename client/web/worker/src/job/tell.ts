import i18next from 'i18next';
import { notify } from '../app/notices.ts';
import { reasonOf } from '../i18n/reason.ts';

/** Waits for what a tap did; if it failed the person is told why, and the answer is false. */
export async function tell(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    const full = error instanceof DOMException && error.name === 'QuotaExceededError';
    const reason = full ? i18next.t('photo.noSpace') : reasonOf(error);
    notify({ kind: 'warn', text: full ? reason : i18next.t('action.failed', { reason }) });
    return false;
  }
}
