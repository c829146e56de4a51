// Package sealed encrypts the message of a push so that the push service cannot read it: RFC 8291 over aes128gcm (RFC 8188). It is pure but for the
// randomness of keys.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Bounds. A push service takes 4,096 bytes of a body (RFC 8030, section 7.2).
const (
	MaxBody  = 4096
	overhead = 16 + 4 + 1 + 65 + 16 + 1 // salt, record size, key length, key; tag, delimiter
	MaxText  = MaxBody - overhead       // bytes of a message
	step     = 256                      // messages are filled up to multiples, so that their length says little
)

// ErrKeys is of keys that no browser makes.
var ErrKeys = errors.New("sealed: p256dh is a point of P-256 in 65 bytes, auth has 16 bytes")

// ErrTooLong is of a message of more than MaxText bytes.
var ErrTooLong = errors.New("sealed: the message is too long")

// Check tells whether keys of a subscription are such.
func Check(p256dh, auth []byte) error {
	if _, err := ecdh.P256().NewPublicKey(p256dh); err != nil || len(auth) != 16 {
		return ErrKeys
	}
	return nil
}

// Seal encrypts a message for the holder of a subscription's keys.
func Seal(p256dh, auth, text []byte) ([]byte, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var salt [16]byte
	_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
	padded := min((len(text)/step+1)*step, MaxText)
	return seal(key, salt, p256dh, auth, text, padded-len(text))
}

// seal is Seal with all that is random given. pad is how many zero bytes stand behind the delimiter.
func seal(key *ecdh.PrivateKey, salt [16]byte, p256dh, auth, text []byte, pad int) ([]byte, error) {
	if len(text) > MaxText {
		return nil, ErrTooLong
	}
	theirs, err := ecdh.P256().NewPublicKey(p256dh)
	if err != nil || len(auth) != 16 {
		return nil, ErrKeys
	}
	shared, err := key.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	ours := key.PublicKey().Bytes()
	ikm, err := hkdf.Key(sha256.New, shared, auth, "WebPush: info\x00"+string(p256dh)+string(ours), 32)
	if err != nil {
		return nil, err
	}
	cek, err := hkdf.Key(sha256.New, ikm, salt[:], "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt[:], "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, 0, len(text)+1+pad)
	plain = append(append(append(plain, text...), 2), make([]byte, pad)...) // 2: the last record
	out := append([]byte{}, salt[:]...)
	out = binary.BigEndian.AppendUint32(out, MaxBody)
	out = append(append(out, byte(len(ours))), ours...)
	return gcm.Seal(out, nonce, plain, nil), nil
}
