// Package jws signs the tokens by which push services know who sends: JSON Web Tokens by ES256 (RFC 7515, RFC 7518, section 3.4). It is pure but for
// the randomness of a signature.
package jws

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// ErrKey is of a key that is not on the curve P-256.
var ErrKey = errors.New("jws: the key is not one of P-256")

// Sign gives a token of a header, to which alg is added, and claims.
func Sign(key *ecdsa.PrivateKey, header map[string]string, claims any) (string, error) {
	size := (key.Curve.Params().BitSize + 7) / 8
	if size != 32 {
		return "", ErrKey
	}
	full := map[string]string{"alg": "ES256"}
	for k, v := range header {
		full[k] = v
	}
	h, err := json.Marshal(full)
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(h) + "." + enc.EncodeToString(c)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + enc.EncodeToString(append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)), nil
}
