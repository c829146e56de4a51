package files

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// ClaimPath is where a client asks for a file to be taken as delivered without sending it.
const ClaimPath = Pattern + "/claim"

// The proof of possession. A file of up to wholeProof bytes is hashed whole, of a larger one proofBlocks blocks that the
// server chooses when it is asked. Who lacks a tenth of the file passes once in five tries, half of it once in 65,536: it is
// to tell who has a file from who knows its name.
const (
	wholeProof     = 1 << 20          // bytes
	proofBlocks    = 16               // blocks
	proofBlock     = 64 << 10         // bytes each
	proofPatience  = 10 * time.Minute // a phone on a slow link answers within that
	refusalTime    = 300 * time.Millisecond
	proofLabel     = "fieldsync proof of possession 1\n"
	maxClaimsAtime = 16 // proofs that are checked at once: each reads up to a mebibyte
)

// Range is a part of a file.
type Range struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// Claim is what a client sends.
type Claim struct {
	Size      int64  `json:"size" minimum:"0" maximum:"5368709120" doc:"The file's length in bytes"`
	Challenge string `json:"challenge,omitempty" maxLength:"1024" doc:"As the answer before said"`
	Proof     string `json:"proof,omitempty" maxLength:"64" pattern:"^[0-9a-f]*$" doc:"HMAC-SHA256 in hexadecimal, its key the nonce: over the line 'fieldsync proof of possession 1', the SHA-256 (32 bytes) and the bytes of the ranges, in their order"`
	From      string `json:"from,omitempty" maxLength:"64" doc:"The document id of a job that one may read and that has the file"`
}

// ClaimAnswer is what the server answers.
type ClaimAnswer struct {
	State     string  `json:"state" enum:"here,prove" doc:"here: nothing needs to be sent; prove: show that the file is held"`
	Challenge string  `json:"challenge,omitempty" doc:"To be sent back with the proof"`
	Nonce     string  `json:"nonce,omitempty" doc:"The proof's key, in hexadecimal"`
	Ranges    []Range `json:"ranges,omitempty" doc:"The parts of the file that the proof is over"`
}

// challenge is what was asked of whom. It is kept by the client, sealed.
type challenge struct {
	Who   string `json:"w"`
	Job   string `json:"j"`
	Ref   string `json:"r"`
	Size  int64  `json:"s"`
	Nonce []byte `json:"n"`
	Until int64  `json:"u"` // ms since 1970
}

// challenge is one for whoever made a request.
func (q request) challenge(size int64, nonce []byte, until time.Time) challenge {
	return challenge{Who: owner(q.who), Job: q.job.String(), Ref: q.ref.String(), Size: size, Nonce: nonce, Until: until.UnixMilli()}
}

// asked opens a challenge that was given to whoever makes this request, for the same job and file, and not too long ago.
func (h *Handler) asked(q request, token string) (challenge, bool) {
	c, ok := h.seals.open(token)
	return c, ok && c.Who == owner(q.who) && c.Job == q.job.String() && c.Ref == q.ref.String() && c.Until >= time.Now().UnixMilli()
}

// sealer signs challenges, with a key that ends with the process: then the client just sends its file.
type sealer struct{ key [32]byte }

func newSealer() *sealer {
	s := &sealer{}
	_, _ = rand.Read(s.key[:]) // never fails
	return s
}

func (s *sealer) mac(text []byte) []byte {
	m := hmac.New(sha256.New, s.key[:])
	m.Write(text)
	return m.Sum(nil)
}

func (s *sealer) seal(c challenge) (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", crdt.Errorf(crdt.KindInternal, "files: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(s.mac(text), text...)), nil
}

func (s *sealer) open(token string) (challenge, bool) {
	var c challenge
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < sha256.Size || !hmac.Equal(b[:sha256.Size], s.mac(b[sha256.Size:])) {
		return c, false
	}
	return c, json.Unmarshal(b[sha256.Size:], &c) == nil
}

// rangesOf are the parts of a file that a nonce asks for.
func rangesOf(nonce []byte, size int64) []Range {
	if size <= wholeProof {
		return []Range{{0, size}}
	}
	out := make([]Range, proofBlocks)
	for i := range out {
		sum := sha256.Sum256(binary.BigEndian.AppendUint32(nonce[:len(nonce):len(nonce)], uint32(i)))
		out[i] = Range{Offset: int64(binary.BigEndian.Uint64(sum[:8]) % uint64(size-proofBlock+1)), Length: proofBlock}
	}
	return out
}

// Prove makes the proof that a challenge asks for, of a file that read gives the ranges of.
func Prove(nonce []byte, ref blobs.Ref, ranges []Range, read func(r Range) (io.ReadCloser, error)) ([]byte, error) {
	m := hmac.New(sha256.New, nonce)
	sum := ref.Sum()
	m.Write([]byte(proofLabel))
	m.Write(sum[:])
	for _, r := range ranges {
		body, err := read(r)
		if err != nil {
			return nil, err
		}
		n, err := io.Copy(m, body)
		if cerr := body.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		if n != r.Length {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return m.Sum(nil), nil
}

// errNotHeld is the same whether there is no such file or the proof is wrong.
var errNotHeld = &problem.Problem{Status: http.StatusNotFound, Code: "not-held", Detail: "Send the file."}

// RegisterClaim adds the operation of claims.
func (h *Handler) RegisterClaim(a *api.API) {
	huma.Register(a, huma.Operation{
		OperationID: "claim-file", Method: http.MethodPost, Path: ClaimPath, Tags: []string{"files"},
		Summary:     "Delivers a file that the organisation has already, without sending it",
		Description: "Knowing a file's SHA-256 is not enough: either one may read it by another job, or one shows that one has it. The first request gets a challenge, whether or not the file is there; the second brings the proof. 404 not-held: send the file.",
	}, h.claim)
}

type claimInput struct {
	SHA256 string `path:"sha256" pattern:"^[0-9a-f]{64}$"`
	Job    string `query:"job" required:"true" doc:"The document id of the job that the file is for"`
	Body   Claim
}

type claimOutput struct{ Body ClaimAnswer }

func (h *Handler) claim(ctx context.Context, in *claimInput) (*claimOutput, error) {
	begun := time.Now()
	q, err := h.writing(ctx, in.SHA256, in.Job)
	if err != nil {
		return nil, err
	}
	here, err := h.readable(ctx, q, in.Body)
	if err != nil {
		return nil, err
	}
	if here {
		return &claimOutput{ClaimAnswer{State: "here"}}, h.cfg.Delivered(ctx, q.who, q.job, q.ref, in.Body.Size)
	}
	if in.Body.Challenge == "" {
		return h.ask(q, in.Body.Size)
	}
	ok, err := h.proven(ctx, q, in.Body)
	if err != nil {
		return nil, err
	}
	if !ok {
		// How long it takes must not tell whether there is such a file to be read.
		wait := time.NewTimer(refusalTime - time.Since(begun))
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
		}
		return nil, errNotHeld
	}
	return &claimOutput{ClaimAnswer{State: "here"}}, h.cfg.Delivered(ctx, q.who, q.job, q.ref, in.Body.Size)
}

// readable tells whether the claimant may read the file already: by the job itself, or by the one that he names.
func (h *Handler) readable(ctx context.Context, q request, c Claim) (bool, error) {
	jobs := []crdt.DocID{q.job}
	if c.From != "" {
		from, err := crdt.ParseDocID(c.From)
		if err != nil {
			return false, err
		}
		jobs = append(jobs, from)
	}
	for _, j := range jobs {
		held, err := h.cfg.Held(ctx, q.who, j, q.ref)
		if err != nil {
			return false, err
		}
		if !held {
			continue
		}
		info, err := h.cfg.Store.Stat(ctx, q.space, q.ref)
		if err == nil && info.Size == c.Size {
			return true, nil
		}
		if err != nil && !errors.Is(err, blobs.ErrNotFound) && !errors.Is(err, blobs.ErrMismatch) {
			return false, err
		}
	}
	return false, nil
}

// ask gives a challenge, whether or not there is such a file.
func (h *Handler) ask(q request, size int64) (*claimOutput, error) {
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails
	token, err := h.seals.seal(q.challenge(size, nonce, time.Now().Add(proofPatience)))
	if err != nil {
		return nil, err
	}
	return &claimOutput{ClaimAnswer{State: "prove", Challenge: token, Nonce: hex.EncodeToString(nonce), Ranges: rangesOf(nonce, size)}}, nil
}

// proven checks a proof against the file.
func (h *Handler) proven(ctx context.Context, q request, c Claim) (bool, error) {
	asked, ok := h.asked(q, c.Challenge)
	got, err := hex.DecodeString(c.Proof)
	if !ok || err != nil || asked.Size != c.Size {
		return false, nil
	}
	free, err := take(h.claims)
	if err != nil {
		return false, err
	}
	defer free()
	info, err := h.cfg.Store.Stat(ctx, q.space, q.ref)
	if errors.Is(err, blobs.ErrNotFound) || errors.Is(err, blobs.ErrMismatch) || err == nil && info.Size != c.Size {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	want, err := Prove(asked.Nonce, q.ref, rangesOf(asked.Nonce, c.Size), func(r Range) (io.ReadCloser, error) {
		return h.cfg.Store.OpenRange(ctx, q.space, q.ref, r.Offset, r.Length)
	})
	if errors.Is(err, io.ErrUnexpectedEOF) { // what is there is damaged: let it be sent again
		return false, nil
	}
	return err == nil && hmac.Equal(got, want), err
}
