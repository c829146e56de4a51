import { Button } from '@mantine/core';
import { notifications, type NotificationData } from '@mantine/notifications';
import i18next from 'i18next';
import { reasonOf } from './reason.ts';

/* Times in milliseconds: to read a line, and to read it and reach for its button. */
const toRead = 6_000;
const toPress = 12_000;

/** Shows a message below the page. It does not go while the pointer is on it, or the focus in it. */
function show(message: NotificationData, stays: number | false): string {
  const id = notifications.show({
    ...message,
    role: 'group', // of itself it is an alert, which breaks into what a screen reader says
    autoClose: stays,
    closeButtonProps: { 'aria-label': i18next.t('close') },
    onFocus: () => notifications.update({ id, message: message.message, autoClose: false }),
    onBlur: () => notifications.update({ id, message: message.message, autoClose: stays }),
  });
  return id;
}

/** Says that something was done. */
export function done(message: string): void {
  show({ message, color: 'green' }, toRead);
}

/** Says that something was done, and offers to take it back. */
export function undoable(message: string, undo: () => void): void {
  const id = show(
    {
      message: (
        <>
          {message}{' '}
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              notifications.hide(id);
              undo();
            }}
          >
            {i18next.t('undo')}
          </Button>
        </>
      ),
    },
    toPress,
  );
}

/** Says that something was not done, and why; it stays until somebody has read it. */
export function failed(error: unknown, title: string = i18next.t('failure.notDone')): void {
  show({ title, message: reasonOf(error), color: 'red' }, false);
}
