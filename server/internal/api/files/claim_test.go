package files_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/api/files"
	"fieldsync/server/internal/auth"
)

// claims serves the operation of claims over a world's handler; who asks stands in the header Who.
func (w *world) claims() func(who string, doc crdt.DocID, ref blobs.Ref, c files.Claim) (string, files.ClaimAnswer) {
	mux := http.NewServeMux()
	a := api.New(mux, api.Options{
		Require: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				p := access.Principal{ID: r.Header.Get("Who"), Org: "org-1"}
				next.ServeHTTP(rw, r.WithContext(auth.WithPrincipal(r.Context(), p)))
			})
		},
		Quickly: func(next http.Handler) http.Handler { return next },
	})
	w.handler.RegisterClaim(a)
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	return func(who string, doc crdt.DocID, ref blobs.Ref, c files.Claim) (string, files.ClaimAnswer) {
		w.t.Helper()
		body, err := json.Marshal(c)
		if err != nil {
			w.t.Fatal(err)
		}
		answer, text, err := w.do("POST", server.URL+"/api/v1/files/"+ref.String()+"/claim?job="+doc.String(), bytes.NewReader(body), func(r *http.Request) {
			r.Header.Set("Who", who)
			r.Header.Set("Content-Type", "application/json")
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if answer.StatusCode != http.StatusOK {
			return problemOf(w.t, answer, text), files.ClaimAnswer{}
		}
		var got files.ClaimAnswer
		if err := json.Unmarshal(text, &got); err != nil {
			w.t.Fatal(err)
		}
		return got.State, got
	}
}

// prove answers a challenge with what the claimant has.
func prove(t *testing.T, c files.ClaimAnswer, ref blobs.Ref, data []byte) files.Claim {
	t.Helper()
	nonce, err := hex.DecodeString(c.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := files.Prove(nonce, ref, c.Ranges, func(r files.Range) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data[r.Offset : r.Offset+r.Length])), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files.Claim{Size: int64(len(data)), Challenge: c.Challenge, Proof: hex.EncodeToString(proof)}
}

func TestAFileIsClaimedByShowingThatOneHasIt(t *testing.T) {
	for _, size := range []int{0, 1, 1 << 20, 3 << 20} {
		store := memblob.New(0)
		w := newWorld(t, store, nil)
		claim := w.claims()
		data := blobtest.Bytes(1, size)
		ref := blobtest.Put(t, store, "org-1", data)
		state, asked := claim("anna", job, ref, files.Claim{Size: int64(size)})
		if state != "prove" || len(asked.Ranges) == 0 {
			t.Fatalf("%d bytes: %s %+v", size, state, asked)
		}
		right := prove(t, asked, ref, data)
		for name, c := range map[string]struct {
			who   string
			doc   crdt.DocID
			claim files.Claim
			want  string
		}{
			"without a proof":            {"anna", job, files.Claim{Size: int64(size), Challenge: asked.Challenge}, "404 not-held"},
			"by somebody else":           {"ben", job, right, "404 not-held"},
			"for another job":            {"anna", crdt.DocID{7}, right, "404 not-held"},
			"for one that he only reads": {"anna", readOnly, right, "403 forbidden"},
			"with another size":          {"anna", job, files.Claim{Size: int64(size) + 1, Challenge: right.Challenge, Proof: right.Proof}, "404 not-held"},
			"with a made-up challenge":   {"anna", job, files.Claim{Size: int64(size), Challenge: "e30", Proof: right.Proof}, "404 not-held"},
		} {
			if got, _ := claim(c.who, c.doc, ref, c.claim); got != c.want {
				t.Errorf("%d bytes, %s: %s", size, name, got)
			}
		}
		if size > 0 {
			wrong := bytes.Clone(data)
			for i := range wrong {
				wrong[i] ^= 1
			}
			if got, _ := claim("anna", job, ref, prove(t, asked, ref, wrong)); got != "404 not-held" {
				t.Errorf("%d other bytes: %s", size, got)
			}
		}
		if len(w.delivered) != 0 {
			t.Errorf("delivered without a proof: %v", w.delivered)
		}
		if got, _ := claim("anna", job, ref, right); got != "here" || w.delivered[job.String()+ref.String()] != "anna" {
			t.Errorf("%d bytes, the right proof: %s, delivered %v", size, got, w.delivered)
		}
		if got, _ := claim("anna", job, ref, files.Claim{Size: int64(size)}); got != "here" {
			t.Errorf("once delivered by oneself: %s", got)
		}
	}
}

func TestAClaimDoesNotTellWhetherThereIsSuchAFile(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	claim := w.claims()
	there := blobtest.Put(t, store, "org-1", []byte("a photo of another job"))
	for name, ref := range map[string]blobs.Ref{"there": there, "not there": blobs.RefOf([]byte("no such photo at all!!"))} {
		state, asked := claim("anna", job, ref, files.Claim{Size: 22})
		if state != "prove" || len(asked.Ranges) != 1 || asked.Ranges[0] != (files.Range{Offset: 0, Length: 22}) {
			t.Errorf("%s: %s %+v", name, state, asked)
		}
		if got, _ := claim("anna", job, ref, files.Claim{Size: 22, Challenge: asked.Challenge, Proof: "00"}); got != "404 not-held" {
			t.Errorf("%s, a guess: %s", name, got)
		}
	}
}

func TestWhoMayReadAFileByAnotherJobNeedsNoProof(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	claim := w.claims()
	data := []byte("a photo")
	ref := blobtest.Put(t, store, "org-1", data)
	w.refer(readOnly, ref)
	w.refer(foreign, ref)
	if got, _ := claim("anna", job, ref, files.Claim{Size: 7, From: foreign.String()}); got != "prove" {
		t.Errorf("by a job that one may not know: %s", got)
	}
	if got, _ := claim("anna", job, ref, files.Claim{Size: 7, From: readOnly.String()}); got != "here" || w.delivered[job.String()+ref.String()] != "anna" {
		t.Errorf("by a job that one may read: %s", got)
	}
	gone := blobs.RefOf([]byte("lost"))
	w.refer(job, gone)
	if got, _ := claim("anna", job, gone, files.Claim{Size: 4}); got != "prove" {
		t.Errorf("a file that is lost: %s", got)
	}
}

// TestPutDoesNotTellWhoOnlyKnowsTheHashThatTheFileIsThere: the body is read, whatever is there.
func TestPutDoesNotTellWhoOnlyKnowsTheHashThatTheFileIsThere(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	data := []byte("a photo of another job")
	ref := blobtest.Put(t, store, "org-1", data)
	for name, r := range map[string]blobs.Ref{"there": ref, "not there": blobs.RefOf([]byte("no such photo at all!!"))} {
		answer, body, err := w.do("PUT", w.path(r.String(), job), bytes.NewReader(make([]byte, len(data))), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := problemOf(t, answer, body); got != "400 mismatch" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if len(w.delivered) != 0 {
		t.Errorf("delivered: %v", w.delivered)
	}
	if answer, _, err := w.do("PUT", w.path(ref.String(), job), bytes.NewReader(data), nil); err != nil || answer.StatusCode != 201 {
		t.Errorf("who has it: %v, %v", answer.Status, err)
	}
	// Now he may know: nothing is read.
	body := io.MultiReader(bytes.NewReader(data[:1]), iotest.ErrReader(errors.New("read although he may know")))
	req, err := http.NewRequestWithContext(context.Background(), "PUT", w.path(ref.String(), job), io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(data))
	req.Header.Set("Expect", "100-continue")
	req.Header.Set("Authorization", "Bearer anna@org-1")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("the second time: %s", answer.Status)
	}
}

// TestPutMendsADamagedFile: whoever has the right bytes leaves the right bytes behind.
func TestPutMendsADamagedFile(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	data := []byte("a photo")
	ref := blobtest.Put(t, store, "org-1", data)
	w.refer(readOnly, ref)
	store.Corrupt("org-1", ref, 3)
	if answer, _, err := w.do("PUT", w.path(ref.String(), job), bytes.NewReader(data), nil); err != nil || answer.StatusCode != 201 {
		t.Fatal(answer.Status, err)
	}
	if _, body, err := w.do("GET", w.path(ref.String(), readOnly), nil, nil); err != nil || !bytes.Equal(body, data) {
		t.Errorf("%q, %v", body, err)
	}
}
