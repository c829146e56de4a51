package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"fieldsync/client"
	"fieldsync/crdt"
)

// readKey reads a folder's key from a file, and makes the file with a new key where it is not there: but for a folder that is encrypted
// already. No name, no key.
func readKey(file, folder string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if client.Encrypted(folder) {
			return nil, crdt.Errorf(crdt.KindInvalid, "there is no %s, and the folder %s is encrypted: without its key nobody can read it", file, folder)
		}
		return makeKey(file)
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(data)))
	if err != nil || len(key) != client.KeyLen {
		return nil, crdt.Errorf(crdt.KindInvalid, "%s does not hold a key: %d hexadecimal digits", file, hex.EncodedLen(client.KeyLen))
	}
	return key, nil
}

// makeKey writes a new key, durably: what is encrypted with it is worth what the key's own bytes are.
func makeKey(file string) ([]byte, error) {
	key := make([]byte, client.KeyLen)
	_, _ = rand.Read(key) // it never fails
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	return key, errors.Join(dir.Sync(), dir.Close())
}
