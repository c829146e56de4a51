package jobs

import (
	"bufio"
	"net/http"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/problem"
)

// How long an export may take: in all, and to get rid of a piece. One of a common job has some tens of KiB.
const (
	exportPatience = 10 * time.Minute
	piecePatience  = 30 * time.Second
	exportPiece    = 64 << 10
	maxExports     = 8 // at a time
)

// export writes the whole history of a job as JSON, as it reads it (audit.Log.Export).
func (s *Service) export(w http.ResponseWriter, r *http.Request) {
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		problem.Write(w, crdt.Errorf(crdt.KindBusy, "too many exports at once"))
		return
	}
	to := Target{ID: r.PathValue("id")}
	c, l, _, err := s.log(r.Context(), to)
	if err != nil {
		problem.Write(w, err)
		return
	}
	defer c.Close()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="history-`+c.ID.String()+`.json"`)
	out := bufio.NewWriterSize(&paced{w: w, control: http.NewResponseController(w), end: time.Now().Add(exportPatience)}, exportPiece)
	if err := l.Export(out, c.ID); err == nil {
		err = out.Flush()
		if err == nil {
			return
		}
	}
	// The header is sent, so that only cutting the connection tells that this is not all.
	panic(http.ErrAbortHandler)
}

// paced moves the deadline of the connection's writes with each piece.
type paced struct {
	w       http.ResponseWriter
	control *http.ResponseController
	end     time.Time
}

func (p *paced) Write(b []byte) (int, error) {
	deadline := time.Now().Add(piecePatience)
	if p.end.Before(deadline) {
		deadline = p.end
	}
	_ = p.control.SetWriteDeadline(deadline) // not every ResponseWriter of a test has deadlines
	return p.w.Write(b)
}
