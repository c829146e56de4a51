// Package webhook tells other systems of what happens to jobs: it posts events to addresses that an organisation's administrators
// have named, signed by the Standard Webhooks scheme (HMAC-SHA256 over "<webhook-id>.<webhook-timestamp>.<body>").
//
// # What is promised
//
// An event is queued in the same durable write as the row of the index that it tells of, and is delivered at least once: an
// answer of 2xx, or none after about three days and thirteen attempts. A repetition has the same webhook-id. One message
// at a time goes to each hook, in the order of the events; a message that failed comes again later, behind others, so that a receiver
// compares data.sequence where order matters to him.
//
// A receiver that fails is asked seldom, and all that waits comes soon after it has recovered. One that has failed for five
// days, that says 410, or that has more than a bounded number of messages waiting, is disabled with the reason; what waits is dropped then.
//
// # Whom it connects to
//
// The address is looked at when the connection is made, after DNS: only public addresses, and only by https, unless the operator has allowed
// others (package egress). Redirects are not followed. Of an answer only the beginning is read.
package webhook
