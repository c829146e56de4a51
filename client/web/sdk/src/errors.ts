/** What may not be done, and why, in words for people: before anything is done. */
export class NotAllowed extends Error {
  override name = 'NotAllowed';
}

/** What cannot be done as it is given: a missing resolution, a value of another type. `field` says where. */
export class NotValid extends Error {
  override name = 'NotValid';
  constructor(message: string, readonly field?: string) {
    super(message);
  }
}

/** A sign-in that failed. */
export class SignInError extends Error {
  override name = 'SignInError';
  constructor(
    message: string,
    /** `many`: too many attempts, come back in `retryAfter` seconds; `offline`: nobody answered. */
    readonly reason: 'wrong' | 'many' | 'offline' | 'organisation' | 'failed',
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** A sync that could not be finished. */
export class SyncError extends Error {
  override name = 'SyncError';
  constructor(message: string, readonly reason: 'offline' | 'signed-out' | 'refused' | 'failed') {
    super(message);
  }
}

/** What the API says when a request does not succeed: a problem document (RFC 9457), or that no answer came. */
export class ApiError extends Error {
  override name = 'ApiError';
  constructor(
    /** Of HTTP; 0 when no answer came. */
    readonly status: number,
    /** For programs: docs/API.md, "Errors"; `unreachable` when no answer came. */
    readonly code: string,
    message: string,
    /** Which fields are wrong, where fields are. */
    readonly fields: readonly { readonly field: string; readonly message: string }[] = [],
    /** Seconds until it is worth another try, where the server says so. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }

  /** No answer came, or the server is in trouble or busy: the same request may succeed later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}
