/** How a status looks: its name, and for a finished job how it ended. */
export type Look = 'scheduled' | 'published' | 'en_route' | 'started' | 'paused' | 'finished' | 'finishedUnsuccessfully' | 'cancelled' | 'unknown';

const known: readonly string[] = ['scheduled', 'published', 'en_route', 'started', 'paused', 'finished', 'cancelled'];

/** The look of a status. A finished job whose resolution says that it was no success is red; a status that a later version wrote is unknown. */
export function statusLook(status: string, successful?: boolean): Look {
  if (!known.includes(status)) return 'unknown';
  return status === 'finished' && successful === false ? 'finishedUnsuccessfully' : (status as Look);
}
