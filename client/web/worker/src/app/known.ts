const key = 'fieldsync.known';

/** Whether somebody was signed in here when the app was last open. It only decides what is painted first: who it is the SDK says. */
export function wasSignedIn(): boolean {
  return localStorage.getItem(key) !== null;
}

export function setSignedIn(is: boolean): void {
  if (is) localStorage.setItem(key, '1');
  else localStorage.removeItem(key);
}
