package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"fieldsync/crdt"
)

// SocketName is the socket's name in the data folder.
const SocketName = "admin.sock"

const (
	// maxSocketPath is what every system takes as the address of a unix socket, in bytes: sun_path has 104 on some, 108 on Linux.
	maxSocketPath = 100
	maxInput      = 1 << 20          // of a command: a team of a hundred, a password
	maxOutput     = 64 << 20         // of a command: 20,000 users
	patience      = time.Minute      // for a command, its wait for the disk included
	dialPatience  = 10 * time.Second // a server that is there answers at once
)

// failure is how an error crosses the socket.
type failure struct {
	Kind    crdt.Kind `json:"kind"`
	Message string    `json:"message"`
}

// Server takes commands at the socket of a data folder. Close it before the store.
type Server struct {
	http    *http.Server
	dir     string // the socket's own, while it has one
	link    string // in the data folder
	stopped chan struct{}
}

// Serve takes commands at the socket of a data folder whose store this process holds: a socket that is there was left
// by a process that is gone. The socket can be opened by the user alone that this process runs as.
func Serve(dataDir string, d Doer) (*Server, error) {
	s := &Server{link: filepath.Join(dataDir, SocketName), stopped: make(chan struct{})}
	l, err := s.listen(dataDir)
	if err != nil {
		s.remove()
		return nil, crdt.Errorf(crdt.KindUnavailable, "admin: %w", err)
	}
	s.http = &http.Server{Handler: handler(d), ReadTimeout: patience, WriteTimeout: 2 * patience, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(s.stopped)
		_ = s.http.Serve(l) // ends with Close
	}()
	return s, nil
}

// listen makes the socket in a folder that nobody else enters, gives it its mode, and only then moves it into the data folder:
// at no moment may others open it. Where the data folder's name is too long for a socket's address, it stays in a folder for
// temporary files, and a link leads to it.
func (s *Server) listen(dataDir string) (net.Listener, error) {
	if err := os.Remove(s.link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	const inside = "/fieldsync-0123456789/" + SocketName
	long := len(dataDir)+len(inside) > maxSocketPath
	parent := dataDir
	if long {
		parent = ""
	}
	dir, err := os.MkdirTemp(parent, "fieldsync-") // with mode 0700
	if err != nil {
		return nil, err
	}
	s.dir = dir
	path := filepath.Join(dir, SocketName)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(path, 0o600); err == nil {
		if long {
			err = os.Symlink(path, s.link)
		} else if err = os.Rename(path, s.link); err == nil {
			err, s.dir = os.Remove(dir), ""
		}
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// Close ends the socket; a command under way is waited for, as long as ctx allows.
func (s *Server) Close(ctx context.Context) {
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	<-s.stopped
	s.remove()
}

func (s *Server) remove() {
	_ = os.Remove(s.link)
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

func handler(d Doer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{name}", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		in, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInput))
		var out json.RawMessage
		if err == nil {
			out, err = d.Do(ctx, r.PathValue("name"), in)
		}
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			body, _ := json.Marshal(failure{Kind: crdt.KindOf(err), Message: err.Error()})
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write(body)
			return
		}
		_, _ = w.Write(out)
	})
	return mux
}

// Socket does commands in the process that serves a data folder.
type Socket struct{ http *http.Client }

var _ Doer = Socket{}

// ErrNoServer says that no server takes commands for a folder.
var ErrNoServer = errors.New("no server runs over this folder")

// Dial reaches the server of a data folder. ErrNoServer where none runs.
func Dial(ctx context.Context, dataDir string) (Socket, error) {
	path := filepath.Join(dataDir, SocketName)
	if target, err := os.Readlink(path); err == nil {
		path = target
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	switch {
	case errors.Is(err, os.ErrPermission):
		return Socket{}, crdt.Errorf(crdt.KindForbidden, "the server of this folder runs as another user: %w", err)
	case err != nil:
		return Socket{}, ErrNoServer
	}
	_ = conn.Close() // it is there
	return Socket{http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 2 * patience}}, nil
}

// Do implements Doer.
func (s Socket) Do(ctx context.Context, name string, in json.RawMessage) (json.RawMessage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin/"+name, bytes.NewReader(in))
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "admin: %w", err)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindUnavailable, "the server did not answer: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxOutput))
	if err != nil {
		return nil, crdt.Errorf(crdt.KindUnavailable, "the server did not answer: %w", err)
	}
	if answer.StatusCode == http.StatusOK {
		return body, nil
	}
	var f failure
	if json.Unmarshal(body, &f) != nil || f.Message == "" {
		return nil, crdt.Errorf(crdt.KindUnsupported, "the server does not know this command: it is of another version")
	}
	return nil, crdt.Errorf(f.Kind, "%s", f.Message)
}
