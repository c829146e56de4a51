// Package service is the client's side of the server's HTTP interface: who am I, and files by their hash.
package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"fieldsync/blobs"
	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/link"
	"fieldsync/client/internal/socket"
	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

const (
	maxAnswer     = 64 << 10         // bytes of a JSON answer: they are some hundreds
	answerTimeout = 30 * time.Second // until the head of an answer
)

// Service is a server, as one token sees it. Safe for concurrent use.
type Service struct {
	base  *url.URL
	token string
	http  *http.Client
	cut   atomic.Pointer[func() bool]
}

// New makes a Service for the server at this address. Close it.
func New(base *url.URL, token string) *Service {
	s := &Service{base: base, token: token}
	dialer := &net.Dialer{Timeout: answerTimeout, Control: socket.Control}
	s.http = &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: 2 * answerTimeout,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				raw, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return &socket.Cuttable{Conn: raw, Cut: s.cuts}, nil
			},
			TLSHandshakeTimeout: answerTimeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		// A redirect would take the token to where nobody meant it to go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// CutWhen says when a request that ends early takes what the system has not sent yet with it: where the link is too slow for it.
func (s *Service) CutWhen(cut func() bool) { s.cut.Store(&cut) }

func (s *Service) cuts() bool {
	cut := s.cut.Load()
	return cut != nil && (*cut)()
}

// Close gives idle connections back.
func (s *Service) Close() { s.http.CloseIdleConnections() }

// ParseServer reads a server's address as people write it. Without a scheme it is https, but http for this machine.
func ParseServer(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		host, _, _ := strings.Cut(text, "/")
		name := host
		if h, _, err := net.SplitHostPort(host); err == nil {
			name = h
		}
		scheme := "https://"
		if ip := net.ParseIP(strings.Trim(name, "[]")); name == "localhost" || ip != nil && ip.IsLoopback() {
			scheme = "http://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, crdt.Errorf(crdt.KindInvalid, "%q is not a server's address, like https://sync.example.org", text)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}

// Identity is who a token belongs to.
type Identity struct {
	Org    string `json:"org"`
	User   string `json:"user"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Device string `json:"device"`
}

// WhoAmI asks the server.
func (s *Service) WhoAmI(ctx context.Context) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var who Identity
	req, err := s.request(ctx, http.MethodGet, s.base.JoinPath("api/v1/session"), nil)
	if err != nil {
		return who, err
	}
	answer, err := s.do(req)
	if err != nil {
		return who, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&who); err != nil || who.User == "" {
		return who, crdt.Errorf(crdt.KindUnavailable, "%s does not answer like a fieldsync server", s.base.Host)
	}
	return who, nil
}

// Rejects tells whether the server says, in its own words, that it does not accept the token. Anything else that answers in its place,
// or that it does not answer, is false.
func (s *Service) Rejects(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := s.request(ctx, http.MethodGet, s.base.JoinPath("api/v1/session"), nil)
	if err != nil {
		return false
	}
	answer, err := s.http.Do(req)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	var doc struct{ Code string }
	err = json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&doc)
	return err == nil && answer.StatusCode == http.StatusUnauthorized && doc.Code == "unauthenticated" &&
		strings.HasPrefix(answer.Header.Get("Content-Type"), "application/problem+json")
}

// SignIn asks for a device's token with a login and a password; org may be empty. The Service needs no token for it.
func (s *Service) SignIn(ctx context.Context, login, password, org, label string) (token string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]string{"login": login, "password": password, "org": org, "label": label})
	if err != nil {
		return "", err
	}
	req, err := s.request(ctx, http.MethodPost, s.base.JoinPath("api/v1/tokens"), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Del("Authorization")
	req.Header.Set("Content-Type", "application/json")
	answer, err := s.do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var out struct{ Token string }
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&out); err != nil || out.Token == "" {
		return "", crdt.Errorf(crdt.KindUnavailable, "%s does not answer like a fieldsync server", s.base.Host)
	}
	return out.Token, nil
}

// SignOut ends the token.
func (s *Service) SignOut(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := s.request(ctx, http.MethodDelete, s.base.JoinPath("api/v1/session"), nil)
	if err != nil {
		return err
	}
	answer, err := s.do(req)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Settings are what the organisation decides for its clients.
type Settings struct {
	PhotoLocation string `json:"photo_location"` // "keep", "strip"
	WorkerJobs    string `json:"worker_jobs"`    // which jobs workers make: "none", "templates" (from those that allow it), "any"
}

// Settings asks for them.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var org struct{ Settings Settings }
	req, err := s.request(ctx, http.MethodGet, s.base.JoinPath("api/v1/organisation"), nil)
	if err != nil {
		return org.Settings, err
	}
	answer, err := s.do(req)
	if err != nil {
		return org.Settings, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&org); err != nil {
		return org.Settings, notTus()
	}
	return org.Settings, nil
}

// Get asks for a file of a job from an offset on. The answer's body begins at from, which is the offset, or 0 where the
// server chose to give the whole; size is the whole file's, -1 where the server does not say. The caller closes body, and
// checks the bytes: they may come from a storage that the server points to.
func (s *Service) Get(ctx context.Context, job crdt.DocID, ref blobs.Ref, offset int64) (body io.ReadCloser, from, size int64, err error) {
	at := s.file(job, ref)
	q := at.Query()
	q.Set("redirect", "true")
	at.RawQuery = q.Encode()
	answer, err := s.get(ctx, at, ref, offset, true)
	if err != nil {
		return nil, 0, 0, err
	}
	if answer.StatusCode == http.StatusTemporaryRedirect {
		drain(answer)
		answer, err = s.elsewhere(ctx, answer.Header.Get("Location"), ref, offset)
		if err != nil { // we may not reach it; the server does
			if ctx.Err() != nil {
				return nil, 0, 0, ctx.Err()
			}
			if answer, err = s.get(ctx, s.file(job, ref), ref, offset, true); err != nil {
				return nil, 0, 0, err
			}
		}
	}
	body = lane.Body(ctx, answer.Body)
	if answer.StatusCode != http.StatusPartialContent {
		return body, 0, answer.ContentLength, nil
	}
	span, total, _ := strings.Cut(strings.TrimPrefix(answer.Header.Get("Content-Range"), "bytes "), "/")
	first, _, _ := strings.Cut(span, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	size, err2 := strconv.ParseInt(total, 10, 64)
	if err1 != nil || err2 != nil || from != offset {
		_ = answer.Body.Close()
		return nil, 0, 0, crdt.Errorf(crdt.KindUnavailable, "the server gave another part of the file than the one asked for")
	}
	lane.At(ctx, from)
	return body, from, size, nil
}

// get asks for a file; ours says whether the address is the server's own, which alone gets the token and knows our ETags.
func (s *Service) get(ctx context.Context, at *url.URL, ref blobs.Ref, offset int64, ours bool) (*http.Response, error) {
	req, err := s.request(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	if ours {
		req.Header.Set("If-Range", `"`+ref.String()+`"`)
		return s.do(req)
	}
	req.Header.Del("Authorization")
	return s.do(req)
}

// elsewhere follows the server's word to its object storage.
func (s *Service) elsewhere(ctx context.Context, location string, ref blobs.Ref, offset int64) (*http.Response, error) {
	at, err := url.Parse(location)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != s.base.Scheme {
		return nil, crdt.Errorf(crdt.KindUnavailable, "the server points to an address that is none")
	}
	return s.get(ctx, at, ref, offset, false)
}

// Direct sends a whole file to the server's object storage, past the server, and has the server check it. false: the server has
// no such storage, or we do not reach it; the file is to be sent another way.
func (s *Service) Direct(ctx context.Context, job crdt.DocID, ref blobs.Ref, size int64, body io.Reader) (bool, error) {
	var to struct {
		Method, URL, Token string
		Header             map[string]string
	}
	if err := s.post(ctx, s.file(job, ref, "direct"), map[string]int64{"size": size}, &to); err != nil {
		return false, ctx.Err()
	}
	at, err := url.Parse(to.URL)
	if err != nil || to.Method != http.MethodPut || at.Host == "" || at.Scheme != "https" && at.Scheme != s.base.Scheme {
		return false, nil //nolint:nilerr // no address to send to: the file goes through the server
	}
	req, err := http.NewRequestWithContext(ctx, to.Method, to.URL, io.NopCloser(lane.Reader(ctx, body)))
	if err != nil {
		return false, nil //nolint:nilerr // there are other ways
	}
	for name, value := range to.Header {
		req.Header.Set(name, value)
	}
	req.ContentLength = size
	answer, err := s.do(req)
	if err != nil {
		return false, ctx.Err()
	}
	drain(answer)
	var confirmed struct{ State string }
	if err := s.post(ctx, s.file(job, ref, "confirm"), map[string]string{"token": to.Token}, &confirmed); err != nil {
		return false, ctx.Err()
	}
	return confirmed.State == "here", nil
}

// file is the address of a file of a job, or of what can be done with it.
func (s *Service) file(job crdt.DocID, ref blobs.Ref, what ...string) *url.URL {
	u := s.base.JoinPath(append([]string{"api/v1/files", ref.String()}, what...)...)
	u.RawQuery = url.Values{"job": {job.String()}}.Encode()
	return u
}

func (s *Service) request(ctx context.Context, method string, u *url.URL, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	return req, nil
}

// do makes a request, and an error of every answer that is not a success.
func (s *Service) do(req *http.Request) (*http.Response, error) {
	answer, err := s.http.Do(req)
	if err != nil {
		if cause := req.Context().Err(); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
			return nil, cause
		}
		if errors.Is(err, io.EOF) {
			return nil, crdt.Errorf(crdt.KindUnavailable, "the server broke the request off")
		}
		return nil, crdt.Errorf(crdt.KindUnavailable, "%w", withoutURL(err))
	}
	if answer.StatusCode/100 == 2 || answer.StatusCode == http.StatusTemporaryRedirect && req.Method == http.MethodGet {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, problem(answer)
}

// withoutURL takes the request's address off an error: it says nothing to people.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// problem makes an error of an answer, from its problem document if it has one: a link.Later, where the server says when it wants to be asked again.
func problem(answer *http.Response) error {
	var doc struct{ Title, Detail string }
	_ = json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&doc)
	text := doc.Detail
	if text == "" {
		text = doc.Title
	}
	if text == "" {
		text = "the server answered " + answer.Status
	}
	err := crdt.Errorf(kindOf(answer.StatusCode), "%s", text)
	if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusServiceUnavailable {
		if seconds, ok := wire.ParseSeconds(answer.Header.Get("Retry-After")); ok {
			return &link.Later{After: time.Duration(seconds) * time.Second, Err: err}
		}
	}
	return err
}

func kindOf(status int) crdt.Kind {
	switch status {
	case http.StatusUnauthorized:
		return crdt.KindUnauthenticated
	case http.StatusForbidden:
		return crdt.KindForbidden
	case http.StatusNotFound:
		return crdt.KindNotFound
	case http.StatusRequestEntityTooLarge:
		return crdt.KindTooLarge
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return crdt.KindBusy
	case http.StatusConflict:
		return crdt.KindConflict
	}
	if status/100 == 4 {
		return crdt.KindInvalid
	}
	return crdt.KindUnavailable
}
