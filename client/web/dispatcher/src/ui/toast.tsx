import { notifications } from '@mantine/notifications';
import i18next from 'i18next';
import { reasonOf } from './reason.ts';

/** Says that something was done. */
export function done(message: string): void {
  notifications.show({ message, color: 'green', autoClose: 4000, closeButtonProps: { 'aria-label': i18next.t('close') } });
}

/** Says that something was not done, and why; it stays until somebody has read it. */
export function failed(error: unknown, title: string = i18next.t('failure.notDone')): void {
  notifications.show({ title, message: reasonOf(error), color: 'red', autoClose: false, closeButtonProps: { 'aria-label': i18next.t('close') } });
}
