package blobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// thief is a store that tries to get a file without its check.
type thief struct {
	take func(in *Incoming) (bool, error)
	kept *Incoming
}

func (th *thief) Stat(context.Context, Space, Ref) (Info, error) { return Info{}, ErrNotFound }

func (th *thief) Store(_ context.Context, in *Incoming) (bool, error) {
	th.kept = in
	return th.take(in)
}

func TestAStoreThatDoesNotReadToTheEndIsFoundOut(t *testing.T) {
	data := []byte("hello")
	for name, take := range map[string]func(in *Incoming) (bool, error){
		"nothing is read":      func(*Incoming) (bool, error) { return true, nil },
		"a part is read":       func(in *Incoming) (bool, error) { _, err := in.Read(make([]byte, 3)); return true, err },
		"the error is ignored": func(in *Incoming) (bool, error) { io.Copy(io.Discard, in); return true, nil },
	} {
		sent := bytes.Clone(data)
		if name == "the error is ignored" {
			sent[0] ^= 1
		}
		if created, err := Receive(t.Context(), &thief{take: take}, "org", RefOf(data), 5, bytes.NewReader(sent)); err == nil || created {
			t.Errorf("%s: created %v, %v", name, created, err)
		}
	}
}

func TestTheSendersFailureIsTheCauseWhateverTheStoreMakesOfIt(t *testing.T) {
	for _, answer := range []error{nil, errors.New("put: connection closed")} {
		th := &thief{take: func(in *Incoming) (bool, error) {
			io.Copy(io.Discard, in)
			return false, answer
		}}
		if _, err := Receive(t.Context(), th, "org", RefOf([]byte("hello")), 5, bytes.NewReader([]byte("hullo"))); !errors.Is(err, ErrMismatch) {
			t.Errorf("the store says %v: %v", answer, err)
		}
	}
}

func TestAnIncomingIsDeadOutsideReceive(t *testing.T) {
	if _, err := new(Incoming).Read(make([]byte, 1)); !errors.Is(err, ErrInvalid) {
		t.Errorf("one that Receive did not make: %v", err)
	}
	data := []byte("hello")
	src := bytes.NewReader(data)
	th := &thief{take: func(*Incoming) (bool, error) { return false, nil }}
	if _, err := Receive(t.Context(), th, "org", RefOf(data), 5, src); err != nil {
		t.Fatal(err)
	}
	if n, err := th.kept.Read(make([]byte, 5)); n != 0 || !errors.Is(err, ErrInvalid) || src.Len() != 5 {
		t.Errorf("after Receive: %d bytes, %v, %d left in the sender's reader", n, err, src.Len())
	}
}

// awkward reads in the given portions; 0 is "no bytes, no error". Its last portion comes with io.EOF if eager.
type awkward struct {
	data     []byte
	portions []int
	eager    bool
}

func (a *awkward) Read(p []byte) (int, error) {
	n := len(p)
	if len(a.portions) > 0 {
		n = min(n, a.portions[0])
		a.portions = a.portions[1:]
	}
	n = copy(p[:n], a.data)
	a.data = a.data[n:]
	if len(a.data) == 0 && (a.eager || n == 0) {
		return n, io.EOF
	}
	return n, nil
}

// TestNoSenderGetsAWrongFileThrough is the gate's promise over all senders: either the reader has got exactly the named
// bytes and io.EOF, or an error and less than the declared length.
func TestNoSenderGetsAWrongFileThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		named := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "named")
		sent := bytes.Clone(named)
		switch rapid.SampledFrom([]string{"right", "right", "changed", "longer", "shorter", "other"}).Draw(t, "kind") {
		case "changed":
			if len(sent) > 0 {
				sent[rapid.IntRange(0, len(sent)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
		case "longer":
			sent = append(sent, rapid.SliceOfN(rapid.Byte(), 1, 5).Draw(t, "more")...)
		case "shorter":
			sent = sent[:rapid.IntRange(0, len(sent)).Draw(t, "cut")]
		case "other":
			sent = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "sent")
		}
		declared := len(named)
		if rapid.Bool().Draw(t, "lies") {
			declared = rapid.IntRange(0, 310).Draw(t, "declared")
		}
		src := &awkward{data: bytes.Clone(sent), eager: rapid.Bool().Draw(t, "eager"),
			portions: rapid.SliceOfN(rapid.IntRange(0, 50), 0, 20).Draw(t, "portions")}
		buffer := make([]byte, rapid.IntRange(1, 100).Draw(t, "buffer"))

		var got []byte
		var err error
		r := newVerifyReader(RefOf(named), int64(declared), src)
		for err == nil {
			var n int
			n, err = r.Read(buffer)
			got = append(got, buffer[:n]...)
		}
		right := bytes.Equal(sent, named) && declared == len(named)
		switch {
		case right && (!errors.Is(err, io.EOF) || !bytes.Equal(got, named)):
			t.Fatalf("the right file was refused: %v", err)
		case !right && (errors.Is(err, io.EOF) || len(got) > 0 && len(got) >= declared):
			t.Fatalf("a wrong file came through: %d of %d bytes, %v", len(got), declared, err)
		}
		if _, again := r.Read(buffer); !errors.Is(again, err) {
			t.Fatalf("after %v, the next read says %v", err, again)
		}
	})
}

func TestASourceThatNeverEndsIsGivenUp(t *testing.T) {
	data := []byte("hello")
	src := io.MultiReader(bytes.NewReader(data), idle{})
	_, err := io.ReadAll(newVerifyReader(RefOf(data), 5, src))
	if !errors.Is(err, io.ErrNoProgress) || !errors.Is(err, ErrSource) {
		t.Errorf("%v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
