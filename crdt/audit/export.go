package audit

import (
	"encoding/json"
	"io"

	"fieldsync/crdt"
)

// ExportSchema names the form that Export writes. Readers refuse another one.
const ExportSchema = "fieldsync-history/1"

// Export writes the whole history as JSON, the oldest change first, one entry a line:
//
//	{"schema": "fieldsync-history/1", "document": "…", "heads": ["…"], "changes": 2, "entries": [
//	{…},
//	{…}
//	]}
//
// Values are whole, unless the document repeats large ones so often that they make more than maxExportBytes; then they are cut as on a
// page, and say so. It writes as it goes, and ends with the writer's error.
func (l *Log) Export(w io.Writer, doc crdt.DocID) error {
	heads := []string{}
	for _, x := range l.h.Heads() {
		heads = append(heads, x.String())
	}
	head, err := json.Marshal(struct {
		Schema   string   `json:"schema"`
		Document string   `json:"document"`
		Heads    []string `json:"heads"`
		Changes  int      `json:"changes"`
	}{ExportSchema, doc.String(), heads, len(l.order)})
	if err != nil {
		return err
	}
	if _, err := w.Write(append(head[:len(head)-1], `,"entries":[`...)); err != nil {
		return err
	}
	left := maxExportBytes
	for p := range l.order {
		l.caps = exportCaps
		if left < exportCaps.entryBytes {
			l.caps = pageCaps
		}
		e, _ := l.entry(p, p, nil)
		l.caps = pageCaps
		left -= e.size()
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		begin := ",\n"
		if p == 0 {
			begin = "\n"
		}
		if _, err := w.Write(append([]byte(begin), line...)); err != nil {
			return err
		}
	}
	_, err = w.Write([]byte("\n]}\n"))
	return err
}
