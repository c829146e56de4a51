package blobs

import (
	"context"
	"net/http"
	"time"
)

// Direct lets a client send to the store and fetch from it without going through this program. Only object storage has it.
type Direct interface {
	// DirectPut gives an address that takes one PUT of exactly this file: size, SHA-256 and "not if it exists" are signed. What
	// it stores has no name yet; id (one element of a path) tells it from others.
	DirectPut(ctx context.Context, space Space, ref Ref, size int64, id string, expires time.Duration) (DirectRequest, error)
	// Accept gives what came by DirectPut its name, after making sure that it is the file: by the checksum that the store itself
	// computed, or by reading it. Errors: ErrNotFound, nothing came; ErrMismatch, it is something else, and is removed.
	Accept(ctx context.Context, space Space, ref Ref, size int64, id string) error
	// DirectGet gives an address that a file can be fetched from, also in ranges, with these headers in its answers.
	DirectGet(ctx context.Context, space Space, ref Ref, contentType, disposition string, expires time.Duration) (string, error)
}

// DirectRequest is a request that its receiver makes as it stands.
type DirectRequest struct {
	Method string
	URL    string
	Header http.Header // all of them are signed; Content-Length is among them
}
