package client

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"fieldsync/blobs"
	"fieldsync/blobs/diskblob"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
)

// What a folder holds, and in which form, stands in folder.json. It is written before what it tells of, but for encryption: that is
// committed by it. Formats:
//
//	1  no folder.json: account.json, store, files, parts, in the clear
//	2  folder.json; sealed: the same in sealed/, encrypted
const (
	folderFile   = "folder.json"
	folderLock   = "folder.lock"
	folderFormat = 2
	sealedFolder = "sealed"
	storeFolder  = "store"
	filesFolder  = "files"
	partsFolder  = "parts"
)

// folderForm is what folder.json holds.
type folderForm struct {
	Format int    `json:"format"`
	Sealed bool   `json:"sealed,omitempty"`
	Salt   []byte `json:"salt,omitempty"`  // 32 random bytes; what is encrypted has keys that follow from it and Options.Key
	Check  []byte `json:"check,omitempty"` // follows from the key: it tells whether that is the right one
	// Wiped says that all of it was to be removed: whoever finds this goes on with that.
	Wiped bool `json:"wiped,omitempty"`
}

// KeyLen is the length of Options.Key in bytes.
const KeyLen = 32

// keys are what is encrypted with; nil: nothing is.
type keys struct{ store, files, parts, account []byte }

// derive gives the keys of a sealed folder, and the check.
func (f *folderForm) derive(key []byte) (*keys, []byte, error) {
	var k keys
	var check []byte
	for _, x := range []struct {
		to    *[]byte
		usage string
	}{{&k.store, "store"}, {&k.files, "files"}, {&k.parts, "parts"}, {&k.account, "account"}, {&check, "check"}} {
		var err error
		if *x.to, err = hkdf.Key(sha256.New, key, f.Salt, "fieldsync folder "+x.usage, 32); err != nil {
			return nil, nil, fmt.Errorf("client: %w", err)
		}
	}
	return &k, check[:16], nil
}

// lockFolder takes the folder for this process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, folderLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, asFull(fmt.Errorf("client: %w", err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = store.ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("client: %w", err), f.Close())
	}
	return f, nil
}

// openFolder finds out what form a folder has, brings an older one to ours, and gives where its things are.
func openFolder(dir string, key []byte) (base string, k *keys, err error) {
	if len(key) != 0 && len(key) != KeyLen {
		return "", nil, crdt.Errorf(crdt.KindInvalid, "a folder's key has %d bytes, not %d", KeyLen, len(key))
	}
	f, err := readFolder(dir)
	if err == nil && f != nil && f.Wiped {
		f, err = nil, removeAll(dir)
	}
	if err != nil {
		return "", nil, err
	}
	if f == nil {
		if f, err = makeFolder(dir, key); err != nil {
			return "", nil, err
		}
	}
	switch {
	case f.Format > folderFormat:
		return "", nil, because(ErrNewerFolder, fmt.Errorf("its format is %d, this version knows %d", f.Format, folderFormat))
	case f.Sealed && len(key) == 0:
		return "", nil, ErrKeyNeeded
	case !f.Sealed && len(key) == 0:
		return dir, nil, nil
	case !f.Sealed:
		if f, err = encrypt(dir, key); err != nil {
			return "", nil, fmt.Errorf("client: encrypting the folder: %w", asFull(err))
		}
	}
	k, check, err := f.derive(key)
	if err == nil && !bytes.Equal(check, f.Check) {
		err = ErrWrongKey
	}
	if err != nil {
		return "", nil, err
	}
	base = filepath.Join(dir, sealedFolder)
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", nil, asFull(fmt.Errorf("client: %w", err))
	}
	return base, k, removeNamed(dir, accountFile, storeFolder, filesFolder, partsFolder) // what encrypt left
}

// Encrypted tells whether a folder is encrypted; one that is not there, or cannot be read, is not.
func Encrypted(dir string) bool {
	f, err := readFolder(dir)
	return err == nil && f != nil && f.Sealed && !f.Wiped
}

// readFolder reads folder.json; nil where there is none.
func readFolder(dir string) (*folderForm, error) {
	data, err := os.ReadFile(filepath.Join(dir, folderFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var f folderForm
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err == nil && f.Format < folderFormat {
		err = errors.New("it says nothing")
	}
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", folderFile, err)
	}
	return &f, nil
}

// makeFolder writes the folder.json of a new folder, or of one of format 1.
func makeFolder(dir string, key []byte) (*folderForm, error) {
	exists := func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return !errors.Is(err, fs.ErrNotExist)
	}
	older := exists(accountFile)
	if !older && exists(sealedFolder) {
		return nil, crdt.Errorf(crdt.KindInvalid, "the folder is encrypted and %s is not there: without it nothing can be read", folderFile)
	}
	f := &folderForm{Format: folderFormat}
	if !older && len(key) > 0 {
		var err error
		if f, err = newSealed(key); err != nil {
			return nil, err
		}
	}
	return f, f.write(dir)
}

// newSealed gives the folder.json of an encrypted folder.
func newSealed(key []byte) (*folderForm, error) {
	f := &folderForm{Format: folderFormat, Sealed: true, Salt: make([]byte, 32)}
	_, _ = rand.Read(f.Salt) // it never fails
	_, check, err := f.derive(key)
	f.Check = check
	return f, err
}

func (f *folderForm) write(dir string) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(dir, folderFile, append(data, '\n'))
}

// encrypt makes an encrypted copy of a folder in the clear, and then says that it is the folder. A crash before that leaves the
// folder as it was; whatever is left of a copy is thrown away by the next.
func encrypt(dir string, key []byte) (*folderForm, error) {
	if err := removeNamed(dir, sealedFolder); err != nil {
		return nil, err
	}
	f, err := newSealed(key)
	if err != nil {
		return nil, err
	}
	k, _, err := f.derive(key)
	if err != nil {
		return nil, err
	}
	base := filepath.Join(dir, sealedFolder)
	if err := os.MkdirAll(base, 0o700); err != nil {
		return nil, err
	}
	a, err := readAccount(dir, nil)
	if err != nil {
		return nil, err
	}
	if err := a.write(base, k); err != nil {
		return nil, err
	}
	if err := encryptStore(filepath.Join(dir, storeFolder), filepath.Join(base, storeFolder), k.store); err != nil {
		return nil, err
	}
	if err := encryptFiles(filepath.Join(dir, filesFolder), filepath.Join(base, filesFolder), k.files); err != nil {
		return nil, err
	}
	if err := errors.Join(syncDir(base), syncDir(dir)); err != nil {
		return nil, err
	}
	return f, f.write(dir)
}

// copyBatch is about how many bytes are copied in one write.
const copyBatch = 256 << 10

func encryptStore(from, to string, key []byte) (err error) {
	old, err := badgerstore.Open(badgerstore.Options{Dir: from, Profile: badgerstore.Small})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	made, err := badgerstore.Open(badgerstore.Options{Dir: to, Profile: badgerstore.Small, Key: key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.Close()) }()
	var ops []store.Op
	size := 0
	flush := func() error {
		err := store.Write(made, ops)
		ops, size = nil, 0
		return err
	}
	err = old.Scan(nil, nil, func(key, value []byte) error {
		ops = append(ops, store.Op{Key: bytes.Clone(key), Value: append([]byte{}, value...)})
		if size += len(key) + len(value); size < copyBatch && len(ops) < 1000 {
			return nil
		}
		return flush()
	})
	if err == nil && len(ops) > 0 {
		err = flush()
	}
	return err
}

func encryptFiles(from, to string, key []byte) (err error) {
	old, err := diskblob.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	made, err := diskblob.OpenSealed(to, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.Close()) }()
	ctx := context.Background()
	return eachFile(ctx, old, func(item blobs.Item) error {
		r, err := old.OpenRange(ctx, space, item.Ref, 0, -1)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = blobs.Receive(ctx, made, space, item.Ref, item.Info.Size, r)
		if errors.Is(err, blobs.ErrMismatch) { // damaged: it is not that file, and is got again
			err = nil
		}
		return err
	})
}

// eachFile visits all files of a store.
func eachFile(ctx context.Context, files blobs.Enumerator, visit func(blobs.Item) error) error {
	var after blobs.Ref
	for {
		items, err := files.List(ctx, space, after, blobs.MaxList)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := visit(item); err != nil {
				return err
			}
			after = item.Ref
		}
		if len(items) < blobs.MaxList {
			return nil
		}
	}
}

// removeAll removes what is in a folder of ours, folder.json last: until then it says that the rest has to go.
func removeAll(dir string) error {
	return removeNamed(dir, sealedFolder, accountFile, storeFolder, filesFolder, partsFolder, folderFile)
}

func removeNamed(dir string, names ...string) error {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("client: %w", err)
		}
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("client: %w", err)
		}
	}
	return nil
}

// replaceFile replaces a file in one step: there is always a whole one, and nobody else can read it.
func replaceFile(dir, name string, data []byte) error {
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return asFull(fmt.Errorf("client: %w", err))
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return asFull(fmt.Errorf("client: %w", err))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
