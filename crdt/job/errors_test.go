package job

import (
	"errors"
	"fmt"
	"testing"

	"fieldsync/crdt"
)

func TestFieldErrorsNameTheFieldsAndAreInvalidInput(t *testing.T) {
	var none FieldErrors
	if none.Err() != nil {
		t.Error("no error is one")
	}
	var errs FieldErrors
	errs.add("scheduled_duration.minutes", "must be at least %d", 1)
	errs.add("", "is not an object")
	err := fmt.Errorf("create: %w", errs.Err())
	if crdt.KindOf(err) != crdt.KindInvalid || err.Error() != "create: scheduled_duration.minutes: must be at least 1; is not an object" {
		t.Errorf("%s: %v", crdt.KindOf(err), err)
	}
	var found FieldErrors
	if !errors.As(err, &found) || len(found) != 2 || found[0].Field != "scheduled_duration.minutes" {
		t.Errorf("%v", found)
	}
	conflict := &crdt.Error{Kind: crdt.KindConflict, Msg: errs.Error(), Err: errs}
	if crdt.KindOf(conflict) != crdt.KindConflict || !errors.As(conflict, &found) {
		t.Error("an error of another kind that wraps it keeps its kind")
	}
	for range 2 * MaxFieldErrors {
		errs.add("x", "y")
	}
	if len(errs) != MaxFieldErrors {
		t.Errorf("%d errors", len(errs))
	}
}
