package service

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"fieldsync/blobs"
	"fieldsync/client/internal/lane"
	"fieldsync/crdt"
)

// NewUpload is a file that is going to be sent.
type NewUpload struct {
	Job             crdt.DocID
	Ref             blobs.Ref
	Size            int64
	Name, MediaType string // may be empty
	Kind            string // "preview", "thumbnail"; empty: a file
}

// CreateUpload opens a resumable upload, or finds the one of the same file for the same job that we opened before. It gives the
// path of the upload at the server, and how much of the file is there. body is the file's beginning, n bytes of it, if the
// upload is a new one; n may be 0.
func (s *Service) CreateUpload(ctx context.Context, u NewUpload, body io.Reader, n int64) (at string, offset int64, err error) {
	if n == 0 {
		body = nil
	} else {
		body = lane.Reader(ctx, body)
	}
	req, err := s.request(ctx, http.MethodPost, s.base.JoinPath("api/v1/uploads"), body)
	if err != nil {
		return "", 0, err
	}
	req.ContentLength = n
	if n > 0 {
		req.Header.Set("Content-Type", chunkType)
	}
	meta := "sha256 " + b64(u.Ref.String()) + ",job " + b64(u.Job.String())
	for key, value := range map[string]string{"filename": u.Name, "filetype": u.MediaType, "kind": u.Kind} {
		if value != "" {
			meta += "," + key + " " + b64(value)
		}
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
	req.Header.Set("Upload-Metadata", meta)
	req.Header.Set("Fieldsync-Resume", "true")
	answer, err := s.do(req)
	if err != nil {
		return "", 0, err
	}
	drain(answer)
	// The address is the server's word. What is kept of it is a path: the token goes nowhere else.
	loc, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(loc.Path, "/") || loc.RawQuery != "" {
		return "", 0, notTus()
	}
	if answer.Header.Get("Upload-Offset") == "" {
		return loc.Path, 0, nil
	}
	offset, err = offsetOf(answer)
	return loc.Path, offset, err
}

const chunkType = "application/offset+octet-stream"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func notTus() error {
	return crdt.Errorf(crdt.KindUnavailable, "the server does not answer like a fieldsync server")
}

func offsetOf(answer *http.Response) (int64, error) {
	n, err := strconv.ParseInt(answer.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || n < 0 {
		return 0, notTus()
	}
	return n, nil
}

func drain(answer *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close()
}

// upload makes a request to an upload's path.
func (s *Service) upload(ctx context.Context, method, at string, body io.Reader) (*http.Request, error) {
	u := *s.base
	u.Path, u.RawPath = at, ""
	req, err := s.request(ctx, method, &u, body)
	if err == nil {
		req.Header.Set("Tus-Resumable", "1.0.0")
	}
	return req, err
}

// UploadOffset asks how much of an upload is there. crdt.KindNotFound: it has expired.
func (s *Service) UploadOffset(ctx context.Context, at string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := s.upload(ctx, http.MethodHead, at, nil)
	if err != nil {
		return 0, err
	}
	answer, err := s.do(req)
	if err != nil {
		return 0, err
	}
	drain(answer)
	return offsetOf(answer)
}

// UploadChunk sends n bytes that follow the first offset bytes of the file, and gives how much is there then.
func (s *Service) UploadChunk(ctx context.Context, at string, offset int64, body io.Reader, n int64) (int64, error) {
	req, err := s.upload(ctx, http.MethodPatch, at, lane.Reader(ctx, body))
	if err != nil {
		return 0, err
	}
	req.ContentLength = n
	req.Header.Set("Content-Type", chunkType)
	req.Header.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	answer, err := s.do(req)
	if err != nil {
		return 0, err
	}
	drain(answer)
	return offsetOf(answer)
}

// span is a part of a file that the server asks for.
type span struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

const (
	maxSpans   = 1 << 10 // parts that a server may ask for
	proofLabel = "fieldsync proof of possession 1\n"
)

// Claim asks the server to take a file as delivered for a job without its being sent: because we may read it there, or by
// showing that we have it; read gives parts of it. from is a job that has the file, and may be zero. false: the file is to be
// sent.
func (s *Service) Claim(ctx context.Context, job crdt.DocID, ref blobs.Ref, size int64, from crdt.DocID, read func(offset, length int64) (io.ReadCloser, error)) (bool, error) {
	type claim struct {
		Size      int64  `json:"size"`
		Challenge string `json:"challenge,omitempty"`
		Proof     string `json:"proof,omitempty"`
		From      string `json:"from,omitempty"`
	}
	var answer struct {
		State, Challenge, Nonce string
		Ranges                  []span
	}
	c := claim{Size: size}
	if !from.IsZero() {
		c.From = from.String()
	}
	for range 2 {
		err := s.post(ctx, s.file(job, ref, "claim"), c, &answer)
		if crdt.KindOf(err) == crdt.KindNotFound {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if answer.State == "here" {
			return true, nil
		}
		nonce, err := hex.DecodeString(answer.Nonce)
		if err != nil || answer.State != "prove" || len(answer.Ranges) > maxSpans {
			return false, notTus()
		}
		m := hmac.New(sha256.New, nonce)
		sum := ref.Sum()
		m.Write([]byte(proofLabel))
		m.Write(sum[:])
		for _, r := range answer.Ranges {
			if r.Offset < 0 || r.Length < 0 || r.Length > size-r.Offset {
				return false, notTus()
			}
			body, err := read(r.Offset, r.Length)
			if err != nil {
				return false, err
			}
			_, err = io.Copy(m, body)
			_ = body.Close()
			if err != nil {
				return false, err
			}
		}
		c.Challenge, c.Proof = answer.Challenge, hex.EncodeToString(m.Sum(nil))
	}
	return false, nil
}

// post sends a value as JSON, and reads the answer's.
func (s *Service) post(ctx context.Context, u *url.URL, v, into any) error {
	return s.postFor(ctx, u, v, into, maxAnswer)
}

// postFor is post for an answer of so many bytes at most.
func (s *Service) postFor(ctx context.Context, u *url.URL, v, into any, limit int64) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	text, err := json.Marshal(v)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "service: %w", err)
	}
	req, err := s.request(ctx, http.MethodPost, u, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := s.do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(io.LimitReader(answer.Body, limit)).Decode(into); err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "%s does not answer like a fieldsync server", s.base.Host)
	}
	return nil
}
