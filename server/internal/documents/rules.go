package documents

import (
	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

// decide is replica.Config.Access: the table of package access over the document's record.
func decide(p replica.Principal, _ crdt.DocID, meta []byte) replica.Access {
	who, ok := p.(principal)
	if !ok {
		return 0
	}
	if len(meta) == 0 { // it does not exist, or was made in this very moment
		if access.MayCreate(who.Principal) {
			return replica.AccessCreate
		}
		return 0
	}
	rec, err := access.DecodeRecord(meta)
	if err != nil {
		return 0
	}
	var out replica.Access
	a := access.Decide(who.Principal, rec)
	if a.Read {
		out |= replica.AccessRead
	}
	if a.Write {
		out |= replica.AccessWrite
	}
	return out
}
