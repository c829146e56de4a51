package client

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// seal encrypts a small thing with AES-256-GCM under a key of its own: a random nonce, then what is sealed.
func seal(key, plain []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // it never fails
	return aead.Seal(nonce, nonce, plain, nil), nil
}

// unseal gives back what seal was given.
func unseal(key, sealed []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("it is cut")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// part is a file that is being downloaded: it grows at its end, and every byte that arrived stays. In an encrypted folder it begins
// with a salt, from which its key follows, and is encrypted with AES-256-CTR: that needs no chunks to go on at any byte, and what it
// lacks, that a change is noticed, the file's SHA-256 does when it is whole.
type part struct {
	file   *os.File
	key    []byte // nil: in the clear
	block  cipher.Block
	header int64
}

const partSalt = 16 // bytes

// openPart opens or makes a part. key nil: in the clear.
func openPart(path string, key []byte) (*part, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	p := &part{file: f, key: key}
	if key == nil {
		return p, nil
	}
	p.header = partSalt
	salt := make([]byte, partSalt)
	_, err = io.ReadFull(io.NewSectionReader(f, 0, partSalt), salt)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return p, nil // empty: reset makes it
	}
	if err == nil {
		err = p.derive(salt)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return p, nil
}

func (p *part) derive(salt []byte) error {
	key, err := hkdf.Key(sha256.New, p.key, salt, "fieldsync part", 32)
	if err == nil {
		p.block, err = aes.NewCipher(key)
	}
	return err
}

// have is how many bytes of the file are there.
func (p *part) have() (int64, error) {
	info, err := p.file.Stat()
	if err != nil {
		return 0, err
	}
	if p.key != nil && p.block == nil {
		return 0, nil
	}
	return max(0, info.Size()-p.header), nil
}

// cut takes everything from an offset away. From the beginning, the part is made anew: no key is used for other bytes at a place.
func (p *part) cut(offset int64) error {
	if offset > 0 || p.key == nil {
		return p.file.Truncate(p.header + offset)
	}
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	salt := make([]byte, partSalt)
	_, _ = rand.Read(salt) // it never fails
	if _, err := p.file.WriteAt(salt, 0); err != nil {
		return err
	}
	return p.derive(salt)
}

// stream is the key stream from an offset on.
func (p *part) stream(offset int64) cipher.Stream {
	iv := make([]byte, aes.BlockSize)
	binary.BigEndian.PutUint64(iv[8:], uint64(offset/aes.BlockSize))
	s := cipher.NewCTR(p.block, iv)
	var skipped [aes.BlockSize]byte
	s.XORKeyStream(skipped[:offset%aes.BlockSize], skipped[:offset%aes.BlockSize])
	return s
}

// writer appends from an offset on, which must be where the part ends.
func (p *part) writer(offset int64) (io.Writer, error) {
	if _, err := p.file.Seek(p.header+offset, io.SeekStart); err != nil {
		return nil, err
	}
	if p.key == nil {
		return p.file, nil
	}
	if p.block == nil {
		return nil, fmt.Errorf("client: a part without a beginning")
	}
	return cipher.StreamWriter{S: p.stream(offset), W: p.file}, nil
}

// reader gives the whole part.
func (p *part) reader() (io.Reader, error) {
	if _, err := p.file.Seek(p.header, io.SeekStart); err != nil {
		return nil, err
	}
	if p.key == nil {
		return p.file, nil
	}
	if p.block == nil { // a file of no bytes
		return io.LimitReader(p.file, 0), nil
	}
	return cipher.StreamReader{S: p.stream(0), R: p.file}, nil
}

// Close closes the file.
func (p *part) Close() error { return p.file.Close() }
