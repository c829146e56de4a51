package diskblob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"fieldsync/blobs"
)

// Store implements blobs.Receiver.
func (s *Store) Store(ctx context.Context, in *blobs.Incoming) (created bool, err error) {
	path, err := s.path(in.Space(), in.Ref())
	if err != nil {
		return false, err
	}
	temp, err := s.writeTemp(in)
	if err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		os.Remove(temp)
		return false, err
	}
	created, err = s.commit(in, temp, path)
	if err != nil || !created {
		os.Remove(temp) // gone already if the rename was made
	}
	return created, err
}

// writeTemp writes and fsyncs the whole of in. After an error nothing is left.
func (s *Store) writeTemp(in *blobs.Incoming) (name string, err error) {
	f, err := s.disk.create(filepath.Join(s.root, incoming))
	if err != nil {
		return "", mapError("create", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := s.write(f, in); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", mapError("fsync", err)
	}
	if err := f.Close(); err != nil {
		return "", mapError("close", err)
	}
	return f.Name(), nil
}

// write writes the whole of in, sealed if the store is.
func (s *Store) write(f file, in *blobs.Incoming) error {
	to, end := io.Writer(f), func() error { return nil }
	if s.key != nil {
		sealed, err := s.seal(f, in.Ref())
		if err != nil {
			return mapError("write", err)
		}
		to, end = sealed, sealed.end
	}
	buf := make([]byte, min(blobs.CopyBuffer, in.Size()+1))
	for {
		n, readErr := in.Read(buf)
		if _, err := to.Write(buf[:n]); err != nil {
			return mapError("write", err)
		}
		if errors.Is(readErr, io.EOF) {
			return mapError("write", end())
		}
		if readErr != nil {
			return readErr
		}
	}
}

// commit gives the file its name and makes the name durable.
func (s *Store) commit(in *blobs.Incoming, temp, path string) (created bool, err error) {
	mu := s.commitLock(in.Ref())
	mu.Lock()
	defer mu.Unlock()
	switch there, err := stat(path); {
	case err == nil && there.Size == s.sizeOnDisk(in.Size()) && !in.Replaces():
		return false, nil // another writer was first; its name is durable, since it held the lock until then
	case err != nil && !errors.Is(err, blobs.ErrNotFound) && !errors.Is(err, blobs.ErrMismatch):
		return false, err
	}
	if err := s.rename(temp, path); err != nil {
		return false, err
	}
	return true, nil
}

// sizeOnDisk is how long the file of so many bytes is.
func (s *Store) sizeOnDisk(size int64) int64 {
	if s.key != nil {
		return sealedSize(size)
	}
	return size
}

// rename gives a durable file its name, durably. The name's commit lock is held.
func (s *Store) rename(temp, path string) error {
	dir := filepath.Dir(path)
	if err := s.ensureDir(dir); err != nil {
		return err
	}
	if err := s.disk.rename(temp, path); err != nil {
		return mapError("rename", err)
	}
	if err := s.disk.syncDir(dir); err != nil {
		// The name may not survive a power cut: nobody may be told of it. The bytes stay with the caller.
		if os.Rename(path, temp) != nil {
			os.Remove(path)
		}
		return mapError("fsync of the folder", err)
	}
	return nil
}

// ensureDir makes "<space>/<aa>" and makes both names durable. That a folder stands there does not say that its name is
// durable: whoever made it may have failed at just that. So each is seen to once per process.
func (s *Store) ensureDir(dir string) error {
	for _, d := range []string{filepath.Dir(dir), dir} {
		if _, ok := s.durable.Load(d); ok {
			continue
		}
		if err := os.Mkdir(d, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return mapError("mkdir", err)
		}
		if err := s.disk.syncDir(filepath.Dir(d)); err != nil {
			return mapError("fsync of the folder", err)
		}
		s.durable.Store(d, struct{}{})
	}
	return nil
}

func reopen(path string) (partFile, error) { return os.OpenFile(path, os.O_WRONLY, 0) }

func createTemp(dir string) (file, error) { return os.CreateTemp(dir, "") }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
