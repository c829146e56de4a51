// Package idempotency lets a client repeat a request whose answer it did not get (draft-ietf-httpapi-idempotency-key-header): what
// was answered under a key is kept for a day and given again, durably, for each principal by himself.
//
// A crash between a change and its kept answer leaves the change without the answer. So what a request makes gets its ids from
// the key (Ticket.ID): the repeated request finds what the first one made, and makes nothing a second time. A handler that takes keys has to do so.
package idempotency
