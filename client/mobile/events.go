package mobile

import (
	"time"

	"fieldsync/client"
)

// event is what a Listener is told.
type event struct {
	Kind    string `json:"kind"` // of client.EventKind; "ended": Start's connection has ended by itself
	Job     string `json:"job,omitempty"`
	Created bool   `json:"created,omitempty"`
	Local   int    `json:"local,omitempty"`
	Remote  int    `json:"remote,omitempty"`
	Code    string `json:"code,omitempty"` // of an error
	Reason  string `json:"reason,omitempty"`
	Storage string `json:"storage,omitempty"`
	Link    *link  `json:"link,omitempty"`
	File    *file  `json:"file,omitempty"`
}

type link struct {
	Class      string `json:"class"`
	Kind       string `json:"kind"`
	Metered    bool   `json:"metered"`
	RoundTrip  int64  `json:"round_trip_ms"`
	Throughput int    `json:"bits_per_second"`
}

// file is how far a file is on its way.
type file struct {
	Job    string `json:"job"`
	SHA256 string `json:"sha256"`
	Name   string `json:"name"`
	Up     bool   `json:"up"`
	Size   int64  `json:"size"`
	Done   int64  `json:"done"`
	Rate   int    `json:"bits_per_second"`
	Ended  bool   `json:"ended"`
	Held   string `json:"held,omitempty"`
}

func toLink(l client.Link) link {
	return link{string(l.Class), string(l.Kind), l.Metered, l.RoundTrip.Milliseconds(), l.Throughput}
}

func toFile(p client.FileProgress) file {
	return file{p.Doc.String(), p.SHA256, p.Name, p.Up, p.Size, p.Done, p.Rate, p.Ended, string(p.Held)}
}

func toEvent(ev client.Event) event {
	out := event{Kind: string(ev.Kind), Created: ev.Created, Local: ev.Local, Remote: ev.Remote, Reason: ev.Reason, Storage: string(ev.Storage)}
	if !ev.Doc.IsZero() {
		out.Job = ev.Doc.String()
	}
	switch ev.Kind {
	case client.EventLink:
		l := toLink(ev.Link)
		out.Link = &l
	case client.EventFile:
		f := toFile(ev.File)
		out.File = &f
	}
	return out
}

// report is what a sync did.
type report struct {
	Milliseconds  int64  `json:"took_ms"`
	Jobs          int    `json:"jobs"`
	NewJobs       int    `json:"new_jobs"`
	Sent          int    `json:"sent"`
	Received      int    `json:"received"`
	FilesSent     int    `json:"files_sent"`
	FilesReceived int    `json:"files_received"`
	FilesWaiting  int    `json:"files_waiting"`
	FilesError    string `json:"files_error,omitempty"`
	Refused       int    `json:"refused"`
	Finished      bool   `json:"finished"`
}

func toReport(r client.Report) report {
	out := report{Milliseconds: r.Took.Milliseconds(), Jobs: r.Jobs, NewJobs: r.NewJobs, Sent: r.Sent, Received: r.Received, FilesSent: r.FilesSent,
		FilesReceived: r.FilesReceived, FilesWaiting: r.FilesWaiting, Refused: r.Refused, Finished: r.Finished}
	if r.FilesError != nil {
		out.FilesError = r.FilesError.Error()
	}
	return out
}

// moment is a time as JSON has it; null for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
