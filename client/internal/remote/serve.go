package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// SocketName is the socket's name in the folder.
const SocketName = "run.sock"

// maxPath is what every system takes as the address of a unix socket, in bytes.
const maxPath = 100

// Request is a command line, and where it was given.
type Request struct {
	Args   []string `json:"args"`
	Dir    string   `json:"dir"`    // the working folder, for relative paths
	Colour bool     `json:"colour"` // whether what is printed is looked at on a terminal that knows colours
}

// Do runs a command line until it ends, or ctx does, and gives its exit code.
type Do func(ctx context.Context, r Request, in io.Reader, out, err io.Writer) int

// Server takes command lines. Close it before what Do works with.
type Server struct {
	do   Do
	l    net.Listener
	link string
	own  string // the folder that the socket is in, where that is not the folder itself
	stop context.CancelFunc
	busy sync.WaitGroup
}

// Serve takes command lines at a folder's socket. The caller holds the folder: a socket that is there was left by a process that is gone.
func Serve(folder string, do Do) (*Server, error) {
	s := &Server{do: do, link: filepath.Join(folder, SocketName)}
	if err := os.Remove(s.link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := s.listen(folder); err != nil {
		s.remove()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.busy.Go(func() {
		for {
			conn, err := s.l.Accept()
			if err != nil {
				return
			}
			s.busy.Go(func() { s.serve(ctx, conn) })
		}
	})
	return s, nil
}

// listen makes the socket inside a new folder of mode 0700, so that at no moment others may open it, and then names it in the folder. Where
// the folder's own name is too long for an address, a link leads to it.
func (s *Server) listen(folder string) error {
	parent, long := folder, len(folder)+len("/fieldsync-0123456789/"+SocketName) > maxPath
	if long {
		parent = ""
	}
	var err error
	if s.own, err = os.MkdirTemp(parent, "fieldsync-"); err != nil {
		return err
	}
	path := filepath.Join(s.own, SocketName)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	s.l = l
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(path, 0o600); err != nil {
		return err
	}
	if long {
		return os.Symlink(path, s.link)
	}
	if err = os.Rename(path, s.link); err == nil {
		err, s.own = os.Remove(s.own), ""
	}
	return err
}

// Close stops the commands under way, and waits until they have ended.
func (s *Server) Close() {
	s.remove()
	s.stop()
	s.busy.Wait()
}

func (s *Server) remove() {
	_ = os.Remove(s.link)
	if s.own != "" {
		_ = os.RemoveAll(s.own)
	}
	if s.l != nil {
		_ = s.l.Close()
	}
}

// serve runs one command line.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	from := bufio.NewReader(conn)
	line, err := from.ReadBytes('\n')
	var r Request
	if err != nil || json.Unmarshal(line, &r) != nil {
		return
	}
	to := &frames{w: conn}
	in, input := io.Pipe()
	defer in.Close()
	go func() {
		defer stop() // also where the other side is gone
		for {
			kind, data, err := receive(from)
			switch {
			case err != nil || kind == kindStop:
				_ = input.CloseWithError(io.ErrUnexpectedEOF)
				return
			case kind == kindInput && len(data) == 0:
				_ = input.Close()
			case kind == kindInput:
				_, _ = input.Write(data) // a command that does not read it has closed it
			}
		}
	}()
	code := s.do(ctx, r, in, stream{to, kindOutput}, stream{to, kindError})
	_ = in.Close()
	_ = to.send(kindExit, []byte(strconv.Itoa(code)))
}

// ErrNobody says that no process takes command lines for the folder.
var ErrNobody = errors.New("remote: nobody is there")

// Run has the process that holds the folder run a command line, and gives its exit code. When ctx ends the command is stopped, and waited for.
func Run(ctx context.Context, folder string, r Request, in io.Reader, out, errOut io.Writer) (int, error) {
	path := filepath.Join(folder, SocketName)
	if to, err := os.Readlink(path); err == nil {
		path = to
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return 0, ErrNobody
	}
	defer conn.Close()
	line, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return 0, err
	}
	to := &frames{w: conn}
	go func() { // it ends with the process, if nothing comes
		_, _ = io.Copy(stream{to, kindInput}, in)
		_ = to.send(kindInput, nil)
	}()
	defer context.AfterFunc(ctx, func() { _ = to.send(kindStop, nil) })()
	for from := bufio.NewReader(conn); ; {
		kind, data, err := receive(from)
		if err != nil {
			return 0, errors.New("the process that holds the folder has ended")
		}
		switch kind {
		case kindOutput:
			_, err = out.Write(data)
		case kindError:
			_, err = errOut.Write(data)
		case kindExit:
			return strconv.Atoi(string(data))
		}
		if err != nil {
			return 0, err
		}
	}
}
