import type { Attachment } from '@fieldsync/sdk';

/** Whether a browser can show an attachment as a picture. */
export function isPicture(a: Pick<Attachment, 'media_type'>): boolean {
  return /^image\/(jpeg|png|webp|gif|avif)$/.test(a.media_type ?? '');
}
