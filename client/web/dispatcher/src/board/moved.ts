import i18next from 'i18next';
import type { Row } from '../api/types.ts';
import { failed, undoable } from '../ui/toast.tsx';
import { applied, inverse, type Patch } from './plan.ts';

/** Makes a move, says so, and offers to take it back. */
export async function moved(row: Row, patch: Patch, change: (row: Row, patch: Patch) => Promise<void>): Promise<void> {
  try {
    await change(row, patch);
  } catch (err) {
    failed(err, i18next.t('board.notMoved', { title: row.title }));
    return;
  }
  undoable(i18next.t('board.moved', { title: row.title }), () => void change(applied(row, patch), inverse(row, patch)).catch((err: unknown) => failed(err)));
}
