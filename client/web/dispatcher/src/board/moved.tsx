import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import i18next from 'i18next';
import type { Row } from '../api/types.ts';
import { failed } from '../ui/toast.tsx';
import { applied, inverse, type Patch } from './plan.ts';

/** Makes a move, says so, and offers to take it back. */
export async function moved(row: Row, patch: Patch, change: (row: Row, patch: Patch) => Promise<void>): Promise<void> {
  try {
    await change(row, patch);
  } catch (err) {
    failed(err, i18next.t('board.notMoved', { title: row.title }));
    return;
  }
  const id = notifications.show({
    message: (
      <>
        {i18next.t('board.moved', { title: row.title })}{' '}
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => {
            notifications.hide(id);
            change(applied(row, patch), inverse(row, patch)).catch((err: unknown) => failed(err));
          }}
        >
          {i18next.t('undo')}
        </Button>
      </>
    ),
    autoClose: 8000,
    closeButtonProps: { 'aria-label': i18next.t('close') },
  });
}
