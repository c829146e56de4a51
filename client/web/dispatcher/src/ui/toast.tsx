import { ApiError } from '@fieldsync/sdk';
import { notifications } from '@mantine/notifications';
import i18next from 'i18next';

/** Says that something was done. */
export function done(message: string): void {
  notifications.show({ message, color: 'green', autoClose: 4000, closeButtonProps: { 'aria-label': i18next.t('close') } });
}

/** Says that something was not done, and why; it stays until somebody has read it. */
export function failed(error: unknown, title: string = i18next.t('failure.notDone')): void {
  let message = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError) {
    if (error.status === 0) message = i18next.t('failure.unreachable');
    else if (error.fields.length > 0) message = error.fields.map((f) => `${f.field}: ${f.message}`).join('\n');
  }
  notifications.show({ title, message, color: 'red', autoClose: false, closeButtonProps: { 'aria-label': i18next.t('close') } });
}
