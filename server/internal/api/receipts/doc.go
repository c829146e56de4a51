// Package receipts keeps what devices say of a document: which state of it they hold, durably, and which one a person saw there. From
// that, who made a change can tell how far it came: on the server (that is the sync protocol's word), on the other devices of the job, seen.
//
// A receipt is a device's own statement, and nothing is decided by it. Whoever may read a document may leave one, under his own user and
// device, and read the others'. It touches the store and the documents' records.
package receipts
