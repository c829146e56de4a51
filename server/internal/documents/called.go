package documents

import (
	"context"
	"log/slog"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// Called tells which organisation has the document of an inner id, and how it calls it, as far as its record says so. Namespace is
// Options.Namespace.
func Called(r store.Reader, namespace func(org string) (access.Namespace, error), inner crdt.DocID) (org string, outer crdt.DocID, ok bool) {
	stored, err := drive.ReadRecord(r, inner)
	if err != nil {
		return "", outer, false
	}
	rec, err := access.DecodeRecord(stored.Meta)
	if err != nil {
		return "", outer, false
	}
	var names access.Namespace
	if namespace != nil {
		if names, err = namespace(rec.Org); err != nil {
			return "", outer, false
		}
	}
	return rec.Org, names.Outer(inner), true
}

// Keys of log lines about documents: people know one by organisation and id. The last one stands alone where its record does not tell.
const (
	logOrg   = "org"
	logDoc   = "doc"
	logInner = "inner"
)

// OuterLog gives a log to those who know documents by inner ids: of what they log as "doc", an inner id, the log gets the organisation and the id
// by which it calls the document. Only of one whose record cannot be read it gets the id itself, as "inner".
func OuterLog(log *slog.Logger, r store.Reader, namespace func(org string) (access.Namespace, error)) *slog.Logger {
	return slog.New(outerLog{log.Handler(), func(inner crdt.DocID) (string, crdt.DocID, bool) { return Called(r, namespace, inner) }})
}

type outerLog struct {
	slog.Handler
	called func(inner crdt.DocID) (org string, outer crdt.DocID, ok bool)
}

func (h outerLog) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != logDoc {
			out.AddAttrs(a)
			return true
		}
		inner, _ := crdt.ParseDocID(a.Value.String()) // of what is no id no record is found
		if org, outer, ok := h.called(inner); ok {
			out.AddAttrs(slog.String(logOrg, org), slog.String(logDoc, outer.String()))
		} else {
			out.AddAttrs(slog.String(logInner, a.Value.String()))
		}
		return true
	})
	return h.Handler.Handle(ctx, out)
}

func (h outerLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return outerLog{h.Handler.WithAttrs(attrs), h.called}
}

func (h outerLog) WithGroup(name string) slog.Handler {
	return outerLog{h.Handler.WithGroup(name), h.called}
}
