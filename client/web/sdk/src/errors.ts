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

/** An answer of the API that is a problem document (RFC 9457). */
export class ApiError extends Error {
  override name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: readonly { readonly field: string; readonly message: string }[] = [],
  ) {
    super(message);
  }
}
