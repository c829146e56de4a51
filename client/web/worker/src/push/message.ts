/** What a push says (docs/PUSH.md on the server's side). */
export interface Push {
  title: string;
  body: string;
  /** The document id of the job that it is about. */
  job?: string;
  /** Notices with one tag replace one another. */
  tag?: string;
}

/** What the service worker says to a page: a push came while the page is looked at; sync now and answer on the port; open this job. */
export type ToPage = { type: 'push'; push: Push } | { type: 'sync'; job?: string | undefined } | { type: 'open'; job: string };

/** Reads a push's bytes; what is no such thing gives undefined. */
export function readPush(text: string): Push | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const v = value as Record<string, unknown>;
  const word = (key: string, most: number): string | undefined => (typeof v[key] === 'string' ? v[key].slice(0, most) : undefined);
  const push: Push = { title: word('title', 200) ?? '', body: word('body', 1000) ?? '' };
  const job = word('job', 200);
  const tag = word('tag', 200);
  if (job && /^[\w-]+$/.test(job)) push.job = job;
  if (tag) push.tag = tag;
  return push;
}
