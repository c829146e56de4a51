package service

import (
	"context"

	"fieldsync/crdt"
)

// Receipt is what this device says of a document; nil: as it last said.
type Receipt struct {
	Job   string   `json:"job"`
	Heads []string `json:"heads,omitempty"`
	Seen  []string `json:"seen,omitempty"`
}

// Left is what another device said of a document.
type Left struct {
	Job    string         `json:"job"`
	User   string         `json:"user"`
	Device string         `json:"device"`
	Heads  []string       `json:"heads"`
	At     crdt.Timestamp `json:"at"`
	Seen   []string       `json:"seen"`
	SeenAt crdt.Timestamp `json:"seen_at"`
}

// MaxReceipts is how many documents one exchange may tell of, or ask for.
const MaxReceipts = 200

// maxReceiptsAnswer is in bytes: 64 devices may have left a receipt of some hundred bytes of each document.
const maxReceiptsAnswer = 4 << 20

// Receipts tells what this device holds and its owner saw, and asks what other devices said of documents.
func (s *Service) Receipts(ctx context.Context, tell []Receipt, ask []string) ([]Left, error) {
	var out struct{ Receipts []Left }
	err := s.postFor(ctx, s.base.JoinPath("api/v1/receipts"), map[string]any{"receipts": tell, "ask": ask}, &out, maxReceiptsAnswer)
	return out.Receipts, err
}
