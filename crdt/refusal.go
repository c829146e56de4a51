package crdt

// RefusalCode says why a change, or a message with changes, was not taken. Codes are part of the protocol
// (docs/PROTOCOL.md) and of the metrics; they are only ever appended, never renamed.
type RefusalCode string

const (
	RefusedTooLarge        RefusalCode = "too-large"        // a chunk, its inflated body, its rows or the document is over a limit
	RefusedBadChecksum     RefusalCode = "bad-checksum"     // the chunk's checksum does not match its bytes
	RefusedMalformed       RefusalCode = "malformed"        // the bytes are not a chunk, a header, a column, a message
	RefusedUnsupported     RefusalCode = "unsupported"      // a chunk type or a version that we do not take (bundles)
	RefusedNotCanonical    RefusalCode = "not-canonical"    // encoding the decoded change again gives other bytes
	RefusedBadActor        RefusalCode = "bad-actor"        // an actor index outside the table, an unused, unsorted or oversized actor
	RefusedBadSeq          RefusalCode = "bad-seq"          // not the next sequence number of its actor, or one that is taken
	RefusedBadStartOp      RefusalCode = "bad-start-op"     // not greater than the greatest operation of its dependencies
	RefusedUnknownObject   RefusalCode = "unknown-object"   // an operation on an object outside the change's causal past
	RefusedWrongType       RefusalCode = "wrong-type"       // a map operation on a sequence or the other way round
	RefusedUnknownElement  RefusalCode = "unknown-element"  // a list or text position outside the change's causal past
	RefusedUnknownPred     RefusalCode = "unknown-pred"     // a predecessor that does not stand in the same place before it
	RefusedBadOperation    RefusalCode = "bad-operation"    // action, value, key, mark and predecessors do not fit together
	RefusedMissingDeps     RefusalCode = "missing-deps"     // waited for dependencies that did not come, or the waiting room is full
	RefusedNotAllowed      RefusalCode = "not-allowed"      // the author's role does not allow it
	RefusedActorTaken      RefusalCode = "actor-taken"      // the actor belongs to another principal
	RefusedDocumentTooBig  RefusalCode = "document-too-big" // the document would exceed its limit
	RefusedStoreFailed     RefusalCode = "store-failed"     // valid, but it could not be made durable: send it again later
	RefusedInconsistentDoc RefusalCode = "inconsistent-doc" // a document chunk whose heads do not follow from its changes
)

// Final tells whether the same change would be refused again, whatever comes and however long one waits, until a person does something.
// Codes that this program does not know are not final.
func (c RefusalCode) Final() bool {
	switch c {
	case RefusedMissingDeps, RefusedStoreFailed, RefusedInconsistentDoc:
		return false // what it builds on may come; the disk may have room again; the changes of the chunk may come one by one
	case RefusedTooLarge, RefusedBadChecksum, RefusedMalformed, RefusedUnsupported, RefusedNotCanonical, RefusedBadActor, RefusedBadSeq,
		RefusedBadStartOp, RefusedUnknownObject, RefusedWrongType, RefusedUnknownElement, RefusedUnknownPred, RefusedBadOperation,
		RefusedNotAllowed, RefusedActorTaken, RefusedDocumentTooBig:
		return true
	}
	return false
}

// Rewritable tells whether it is the change's actor that does not suit, and not what it does: under another actor it may be taken.
func (c RefusalCode) Rewritable() bool { return c == RefusedActorTaken || c == RefusedBadSeq }

// Kind is the error kind of a refusal.
func (c RefusalCode) Kind() Kind {
	switch c {
	case RefusedTooLarge, RefusedDocumentTooBig:
		return KindTooLarge
	case RefusedNotAllowed, RefusedActorTaken:
		return KindForbidden
	case RefusedStoreFailed:
		return KindUnavailable
	case RefusedUnsupported:
		return KindUnsupported
	default:
		return KindInvalid
	}
}

// Refusal is the error of something that admission did not take. The document is as it was.
type Refusal struct {
	Code   RefusalCode
	Change Hash   // the change refused; zero where it could not be told
	Detail string // for a developer's eyes; holds no values of the document
}

// Error is the code and the detail.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return "refused: " + string(r.Code)
	}
	return "refused: " + string(r.Code) + ": " + r.Detail
}
