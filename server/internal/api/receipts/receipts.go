package receipts

import (
	"context"
	"net/http"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"

	"github.com/danielgtaylor/huma/v2"
)

// Documents is what is asked of the documents.
type Documents interface {
	// Access tells what a principal may do with a document, by its record of now.
	Access(p access.Principal, doc crdt.DocID) (access.Access, error)
}

// Options are what New needs.
type Options struct {
	Store     store.Store
	Documents Documents
	Now       func() time.Time // nil: time.Now
}

// Service keeps receipts.
type Service struct{ opt Options }

// New makes a Service.
func New(opt Options) *Service {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Service{opt}
}

// Receipt is what a device says of a document.
type Receipt struct {
	Job   string   `json:"job" maxLength:"64" doc:"The document's id"`
	Heads []string `json:"heads,omitempty" maxItems:"60" doc:"The newest changes that the device holds durably. Without: as it last said"`
	Seen  []string `json:"seen,omitempty" maxItems:"60" doc:"The newest changes of the state that its user looked at. Without: as it last said"`
}

// ReceiptExchange is what a device says and asks at once: one round trip.
type ReceiptExchange struct {
	Receipts []Receipt `json:"receipts,omitempty" maxItems:"200" doc:"What this device holds and its user saw. Documents that one may not read are passed over"`
	Ask      []string  `json:"ask,omitempty" maxItems:"200" doc:"Documents whose receipts of other devices are wanted"`
}

// ReceiptLeft is a receipt that another device left.
type ReceiptLeft struct {
	Job    string         `json:"job"`
	User   string         `json:"user"`
	Device string         `json:"device"`
	Heads  []string       `json:"heads" doc:"What it holds"`
	At     crdt.Timestamp `json:"at" doc:"When it said so first"`
	Seen   []string       `json:"seen" doc:"What its user saw; empty: nothing yet"`
	SeenAt crdt.Timestamp `json:"seen_at,omitempty"`
}

// ReceiptAnswer are the receipts of other devices of the documents that were asked for.
type ReceiptAnswer struct {
	Receipts []ReceiptLeft `json:"receipts"`
}

type in struct{ Body ReceiptExchange }

type out struct{ Body ReceiptAnswer }

// Register adds the operation to the API.
func (s *Service) Register(a *api.API) {
	huma.Register(a, huma.Operation{OperationID: "exchange-receipts", Method: http.MethodPost, Path: api.Prefix + "receipts", Tags: []string{"jobs"},
		Summary: "Says which state of documents this device holds and its user saw, and asks how far one's own changes came: on other devices, seen"}, s.exchange)
}

func (s *Service) exchange(ctx context.Context, in *in) (*out, error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	if p.Device == "" {
		return nil, crdt.Errorf(crdt.KindForbidden, "receipts are left by the devices of people")
	}
	var ops []store.Op
	for _, r := range in.Body.Receipts {
		doc, ok, err := s.readable(p, r.Job)
		if err != nil {
			return nil, err
		}
		if !ok || !hashes(r.Heads) || !hashes(r.Seen) {
			continue
		}
		more, err := s.leave(p, r, doc)
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	if len(ops) > 0 {
		if err := store.Write(s.opt.Store, ops); err != nil {
			return nil, crdt.Errorf(crdt.KindUnavailable, "receipts: %w", err)
		}
	}
	answer := &out{ReceiptAnswer{Receipts: []ReceiptLeft{}}}
	for _, id := range in.Body.Ask {
		doc, ok, err := s.readable(p, id)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		_, all, err := s.of(doc)
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			if e.Device != p.Device {
				answer.Body.Receipts = append(answer.Body.Receipts, ReceiptLeft{Job: id, User: e.User, Device: e.Device, Heads: list(e.Heads), At: e.At, Seen: list(e.Seen), SeenAt: e.SeenAt})
			}
		}
	}
	return answer, nil
}

// readable gives the document of an id, if there is one that the principal may read.
func (s *Service) readable(p access.Principal, id string) (crdt.DocID, bool, error) {
	doc, err := crdt.ParseDocID(id)
	if err != nil {
		return doc, false, nil //nolint:nilerr // what is no id names nothing
	}
	may, err := s.opt.Documents.Access(p, doc)
	return doc, may.Read, err
}

func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

func hashes(texts []string) bool {
	for _, text := range texts {
		if _, err := crdt.ParseHash(text); err != nil {
			return false
		}
	}
	return true
}
