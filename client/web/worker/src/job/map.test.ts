import { expect, test } from 'vitest';
import { mapLink } from './map.ts';

const address = { formatted: 'Lindenstrasse 4 & Hof', geolocation: { latitude: 47.3769, longitude: 8.5417 } };

test('each kind of phone gets the link that its own map opens', () => {
  expect(mapLink(address, 'android')).toBe('geo:47.3769,8.5417?q=47.3769,8.5417(Lindenstrasse%204%20%26%20Hof)');
  expect(mapLink(address, 'ios')).toBe('https://maps.apple.com/?ll=47.3769,8.5417&q=Lindenstrasse%204%20%26%20Hof');
  expect(mapLink(address, 'desktop')).toContain('mlat=47.3769&mlon=8.5417');
});

test('an address without a place is searched for, none gives no link', () => {
  expect(mapLink({ formatted: 'Marktplatz 11' }, 'android')).toBe('geo:0,0?q=Marktplatz%2011');
  expect(mapLink({}, 'ios')).toBeUndefined();
});
