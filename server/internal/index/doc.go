// Package index keeps a row of each document that has a kind (job, template, client, site), and answers the lists of the API from
// them: filters, orders, full text, pages, and a feed of what changed.
//
// The rows follow from the documents and are never a source of truth: they may be deleted and made again (Rebuild). They are made away
// from the path of messages: Changed puts a document's id on a bounded list, a few goroutines read documents through the engine, one
// writes. Many changes of a document within a moment give one row. A row holds the digest of the heads that it was made of; at
// start all records are compared with the rows, so that what a crash left undone is done then.
//
// A row, the entries that find it, its counters, its place in the feed and what Options.OnRow adds are one durable write.
//
// Everything of an organisation lies under keys of its own, and a query names its organisation: no query can reach
// into another. The layout of the keys is in keys.go, and why it is so in docs/adr.
package index
