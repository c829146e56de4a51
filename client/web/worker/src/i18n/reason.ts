import { isReasonCode, type Reason, type ReasonParam } from '@fieldsync/sdk';
import i18next from 'i18next';
import { statusWord } from '../model/words.ts';

/** Why something was not done, in the app's language; text is what is said where the catalogue has no entry, as for what the server says. */
export function reasonText(why: Reason | undefined, text: string): string {
  if (why === undefined || !isReasonCode(why.code)) return text;
  const t = i18next.t;
  const said = Object.entries(why.params ?? {}).map(([name, value]) => [name, (name === 'status' || name === 'to') && typeof value === 'string' ? statusWord(value, t) : value]);
  return t(`reason.${why.code}`, Object.fromEntries(said) as Record<ReasonParam, string | number>);
}

/** The same of what was thrown: errors of the SDK have a code. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return reasonText('code' in error && typeof error.code === 'string' ? (error as Error & Reason) : undefined, error.message);
}
