import { words, type Language } from './words.ts';

// What watches over an app's start, in a file of its own: of a program that cannot be loaded nothing else runs. It is ended by the app, which takes the boot screen (plugin.ts) from the page.

const language = navigator.languages.map((tag) => tag.split('-')[0]!).find((l): l is Language => l in words) ?? 'en';
const { late, failed, why, retry } = words[language];

say(late);
// A script, or one that it imports, was not got; the program threw; a part that it fetches was not got.
addEventListener('error', (event: Event) => (event instanceof ErrorEvent || event.target instanceof HTMLScriptElement) && fail(), true);
addEventListener('unhandledrejection', fail);

function screen(): HTMLElement | null {
  return document.getElementById('boot');
}

function say(...lines: string[]): void {
  const told = screen()?.querySelector('[role=status]');
  if (!told) return;
  const again = Object.assign(document.createElement('a'), { href: '', textContent: retry });
  again.addEventListener('click', (event) => {
    event.preventDefault();
    void load();
  });
  told.replaceChildren(...lines.map((line) => Object.assign(document.createElement('p'), { textContent: line })), again);
  told.setAttribute('lang', language);
}

function fail(): void {
  const boot = screen();
  if (!boot || boot.dataset['failed']) return;
  boot.dataset['failed'] = 'true';
  boot.removeAttribute('aria-busy');
  say(failed, why);
}

/** Loads the page again; a new version that waits is started with it, for an old one may be in want of files that are gone. */
async function load(): Promise<void> {
  const waiting = (await navigator.serviceWorker?.getRegistration().catch(() => undefined))?.waiting;
  if (!waiting) return location.reload();
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage({ type: 'SKIP_WAITING' });
}
