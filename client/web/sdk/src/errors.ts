import { because, english, type OwnReason, type Reason, type ReasonCode } from './reasons.ts';

/** What was not done, and why: `code` and `params` for programs and for other languages (`reasons`), `message` the same in English. */
abstract class Told extends Error implements Reason {
  readonly code: string;
  readonly params: NonNullable<Reason['params']>;
  constructor(why: ReasonCode | OwnReason | { readonly code: string; readonly text: string }) {
    const reason = typeof why === 'string' ? because(why) : why;
    super('text' in reason ? reason.text : english(reason));
    this.code = reason.code;
    this.params = 'params' in reason ? (reason.params ?? {}) : {};
  }
}

/** What may not be done: said before anything is done. */
export class NotAllowed extends Told {
  override name = 'NotAllowed';
}

/** What cannot be done as it is given: a missing resolution, a value of another type. `field` says where. */
export class NotValid extends Told {
  override name = 'NotValid';
  constructor(why: ReasonCode | OwnReason, readonly field?: string) {
    super(why);
  }
}

/** A sign-in that failed. */
export class SignInError extends Told {
  override name = 'SignInError';
  constructor(
    why: ConstructorParameters<typeof Told>[0],
    /** `many`: too many attempts, come back in `retryAfter` seconds; `offline`: nobody answered. */
    readonly reason: 'wrong' | 'many' | 'offline' | 'organisation' | 'failed',
    readonly retryAfter?: number,
  ) {
    super(why);
  }
}

/** A sync that could not be finished. */
export class SyncError extends Told {
  override name = 'SyncError';
  constructor(why: ReasonCode | OwnReason, readonly reason: 'offline' | 'signed-out' | 'refused' | 'failed') {
    super(why);
  }
}

/** What the API says when a request does not succeed: a problem document (RFC 9457), or that no answer came. */
export class ApiError extends Error implements Reason {
  override name = 'ApiError';
  constructor(
    /** Of HTTP; 0 when no answer came. */
    readonly status: number,
    /** For programs: docs/API.md, "Errors"; of `reasons`: `unreachable` when no answer came, `failed` when it was none of the API's, `mismatch`. */
    readonly code: string,
    message: string,
    /** Which fields are wrong, where fields are. */
    readonly fields: readonly { readonly field: string; readonly message: string }[] = [],
    /** Seconds until it is worth another try, where the server says so. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }

  get params(): NonNullable<Reason['params']> {
    return { status: this.status };
  }

  /** No answer came, or the server is in trouble or busy: the same request may succeed later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}
