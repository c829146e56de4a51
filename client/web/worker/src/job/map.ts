import type { Address } from '@fieldsync/sdk';
import type { Platform } from '../app/storage.ts';

/** A link that opens the phone's own map at an address: geo: on Android, Apple's on an iPhone, OpenStreetMap elsewhere. undefined: there is no address. */
export function mapLink(address: Address, platform: Platform): string | undefined {
  const place = address.geolocation;
  const name = address.formatted ?? '';
  if (!place && !name) return undefined;
  const q = encodeURIComponent(name);
  const at = place && `${place.latitude},${place.longitude}`;
  switch (platform) {
    case 'android':
      return at ? `geo:${at}?q=${at}${q && `(${q})`}` : `geo:0,0?q=${q}`;
    case 'ios':
      return at ? `https://maps.apple.com/?ll=${at}&q=${q || at}` : `https://maps.apple.com/?q=${q}`;
    case 'desktop':
      return place ? `https://www.openstreetmap.org/?mlat=${place.latitude}&mlon=${place.longitude}#map=17/${place.latitude}/${place.longitude}` : `https://www.openstreetmap.org/search?query=${q}`;
  }
}
