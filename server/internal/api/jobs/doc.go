// Package jobs is the API over the documents of the service: jobs, and the templates, clients and sites beside them.
//
// An answer is what a document says at one moment, read by the engine; its ETag is the digest of its heads. A write is a change of
// the document under the principal's own name, by admission and policy like one from a phone (documents.Service.Edit): it merges with
// whatever others write at once. Who does not want that sends If-Match, and the write is made only on those heads (412 otherwise).
//
// Nothing is ever deleted: a job that is not to be done is cancelled, which is a status like any other; its history stays.
package jobs
