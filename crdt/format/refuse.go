package format

import "fieldsync/crdt"

func refuse(code crdt.RefusalCode, detail string) *crdt.Refusal {
	return &crdt.Refusal{Code: code, Detail: detail}
}

// refuseColumn is the refusal of a column that could not be read.
func refuseColumn(name, fail string) *crdt.Refusal {
	code := crdt.RefusedMalformed
	if fail == tooManyRows {
		code = crdt.RefusedTooLarge
	}
	return refuse(code, name+" column: "+fail)
}
