import type { Location } from '@fieldsync/sdk';
import type { Place } from '../app/place.ts';

/** The option that stamps an action with a place; nothing where there is none. */
export function stamped(place: Place | undefined): { location?: Location } {
  return place ? { location: { latitude: place.latitude, longitude: place.longitude, accuracy_m: place.accuracy_m, captured_at: new Date(place.captured_at).toISOString() } } : {};
}
