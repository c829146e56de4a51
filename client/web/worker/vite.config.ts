import { VitePWA } from 'vite-plugin-pwa';
import { application } from '../vite.shared.ts';
import { budget } from './scripts/budget.ts';
import { entry } from './scripts/entry.ts';
import { icons } from './scripts/icons.ts';

export default application('worker', '/m/', {
  plugins: [
    entry(),
    icons(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      injectRegister: false, // src/app/update.ts registers it: the page's policy allows no inline script
      manifest: {
        id: '/m/',
        name: 'fieldsync',
        short_name: 'fieldsync',
        description: 'Your jobs, with or without a network',
        lang: 'en',
        start_url: '/m/',
        scope: '/m/',
        display: 'standalone',
        orientation: 'any',
        background_color: '#f3f5f6',
        theme_color: '#0b6563',
        categories: ['business', 'productivity'],
        icons: [
          { src: 'icons/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icons/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
        shortcuts: [
          { name: 'Unsent', url: '/m/unsent' },
          { name: 'Calendar', url: '/m/calendar' },
        ],
      },
      injectManifest: { globPatterns: ['index.html', 'icons/*.png', 'assets/**/*'], maximumFileSizeToCacheInBytes: 8 << 20 },
    }),
    budget({ limit: 300 * 1024, entry: 100 * 1024, first: ['signed-in', 'parts'] }),
  ],
});
